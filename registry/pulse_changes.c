/*
 * pulse_changes.c - see the header. Pure.
 */
#include "registry/pulse_changes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

/* A share is another one from here on, of what it was or in first choices. */
#define SHARE_STEP_PART	 0.02
#define SHARE_STEP_PER_S 0.05

void pulse_changes_begin(struct pulse_changes *changes, uint64_t rev,
			 int64_t now_ms)
{
	changes->rev = rev;
	changes->cursor[0] = '\0';
	changes->since_ms = changes->began_ms = now_ms;
	changes->again_all = false;
	changes->changed_count = changes->gone_count = 0;
	changes->intents = false;
}

static void add(struct pulse_changes *changes, const struct lease *lease)
{
	if (lease)
		changes->changed[changes->changed_count++] = lease;
}

/* ---- the ring ---- */

static void take_change(struct pulse_changes *changes,
			const struct picture_source *source,
			const struct feed_ring_change *change)
{
	const struct lease *lease =
		lease_find(source->leases, sv_str(change->id));

	switch (change->kind) {
	case FEED_RING_NODE:
		if (!lease)
			memcpy(changes->gone[changes->gone_count++], change->id,
			       sizeof(change->id));
		add(changes, lease);
		break;
	case FEED_RING_NODE_INTENT:
		changes->intents = true;
		add(changes, lease);
		break;
	case FEED_RING_REGION_INTENT:
		changes->intents = true;
		changes->again_all = true;
		break;
	case FEED_RING_REGION:
		break; /* regions are told whole */
	}
}

static int take_ring(struct pulse_changes *changes,
		     const struct feed_ring *ring,
		     const struct picture_source *source)
{
	uint64_t last_rev = feed_ring_rev(ring);
	const struct feed_ring_change *change;

	for (unsigned i = 0; i < PULSE_CHANGES_RING && changes->rev < last_rev;
	     i++) {
		change = feed_ring_at(ring, changes->rev + 1);
		if (!change)
			return ERR_EXPIRED;
		take_change(changes, source, change);
		changes->rev++;
	}
	return 0;
}

/* ---- shares ---- */

static bool is_other_share(double before, double now)
{
	double step = fabs(now - before);

	return step > SHARE_STEP_PER_S && step > SHARE_STEP_PART * before;
}

/* Both lists are in the order of ids. */
static void take_shares(struct pulse_changes *changes,
			const struct picture_source *source,
			const struct report_sum *before)
{
	const struct report_sum *now = source->sum;
	unsigned i = 0, j = 0, left = PULSE_CHANGES_SHARE;

	while (left > 0 && (i < before->node_count || j < now->node_count)) {
		int order = i == before->node_count ? 1
			    : j == now->node_count  ? -1
						   : strcmp(before->nodes[i].id,
							    now->nodes[j].id);
		double old_per_s = order <= 0 ? before->nodes[i].per_s : 0;
		double per_s = order >= 0 ? now->nodes[j].per_s : 0;
		const char *id =
			order <= 0 ? before->nodes[i].id : now->nodes[j].id;

		i += order <= 0;
		j += order >= 0;
		if (!is_other_share(old_per_s, per_s))
			continue;
		add(changes, lease_find(source->leases, sv_str(id)));
		left--;
	}
}

/* ---- renewals ---- */

static void begin_sweep(struct pulse_changes *changes, int64_t now_ms)
{
	changes->since_ms = changes->again_all ? INT64_MIN : changes->began_ms;
	changes->again_all = false;
	changes->began_ms = now_ms;
}

static void sweep(struct pulse_changes *changes,
		  const struct picture_source *source, int64_t now_ms)
{
	size_t left = PULSE_CHANGES_SWEEP, at = 0;
	const struct lease *lease;

	if (changes->cursor[0])
		at = lease_index_after(source->leases, changes->cursor);
	else
		begin_sweep(changes, now_ms);
	for (; left > 0; at++) {
		lease = lease_at(source->leases, at);
		if (!lease) {
			changes->cursor[0] = '\0';
			return;
		}
		/* A lease that was heard in the very millisecond may have been
		 * looked at before. */
		if (lease->load_at_ms < changes->since_ms)
			continue;
		add(changes, lease);
		left--;
		memcpy(changes->cursor, lease->record.id,
		       sizeof(changes->cursor));
	}
}

static int by_pointer(const void *a, const void *b)
{
	const struct lease *left = *(const struct lease *const *)a;
	const struct lease *right = *(const struct lease *const *)b;

	return ((uintptr_t)left > (uintptr_t)right) -
	       ((uintptr_t)left < (uintptr_t)right);
}

static void keep_each_once(struct pulse_changes *changes)
{
	size_t kept = 0;

	qsort(changes->changed, changes->changed_count,
	      sizeof(changes->changed[0]), by_pointer);
	for (size_t i = 0; i < changes->changed_count; i++) {
		if (kept == 0 ||
		    changes->changed[kept - 1] != changes->changed[i])
			changes->changed[kept++] = changes->changed[i];
	}
	changes->changed_count = kept;
}

int pulse_changes_look(struct pulse_changes *changes,
		       const struct feed_ring *ring,
		       const struct picture_source *source,
		       const struct report_sum *before, int64_t now_ms)
{
	int rc;

	changes->changed_count = changes->gone_count = 0;
	changes->intents = false;
	rc = take_ring(changes, ring, source);
	if (rc != 0)
		return rc;
	take_shares(changes, source, before);
	sweep(changes, source, now_ms);
	keep_each_once(changes);
	return 0;
}
