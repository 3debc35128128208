/*
 * feed_ring.c - the last changes by revision. Invariant: the change with
 * revision r, if it is still held, lies at r mod change_count. Pure.
 */
#include "registry/feed_ring.h"

#include <assert.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define FIRST_REV 1 /* the state that was loaded at the start */

struct feed_ring {
	struct feed_ring_change *changes;
	size_t change_count; /* a power of two */
	uint64_t rev;
	char epoch[FEED_EPOCH_BYTES];
};

struct feed_ring *feed_ring_new(size_t change_count, const char *epoch)
{
	struct feed_ring *ring = mem_alloc(sizeof(*ring));
	int rc = sv_copy(sv_str(epoch), ring->epoch, sizeof(ring->epoch));

	assert(rc == 0);
	assert(change_count > 0 && (change_count & (change_count - 1)) == 0);
	ring->changes = mem_array(change_count, sizeof(ring->changes[0]));
	ring->change_count = change_count;
	ring->rev = FIRST_REV;
	return ring;
}

void feed_ring_free(struct feed_ring **ring)
{
	if (!*ring)
		return;
	mem_free((*ring)->changes);
	mem_free(*ring);
	*ring = NULL;
}

uint64_t feed_ring_add(struct feed_ring *ring, enum feed_ring_kind kind,
		       const char *id, const char *gone_why)
{
	struct feed_ring_change *change;
	int rc;

	ring->rev++;
	change = &ring->changes[ring->rev & (ring->change_count - 1)];
	change->rev = ring->rev;
	change->kind = kind;
	change->gone_why = gone_why;
	rc = sv_copy(sv_str(id), change->id, sizeof(change->id));
	assert(rc == 0);
	return ring->rev;
}

uint64_t feed_ring_rev(const struct feed_ring *ring)
{
	return ring->rev;
}

const char *feed_ring_epoch(const struct feed_ring *ring)
{
	return ring->epoch;
}

const struct feed_ring_change *feed_ring_at(const struct feed_ring *ring,
					    uint64_t rev)
{
	const struct feed_ring_change *change =
		&ring->changes[rev & (ring->change_count - 1)];

	return rev > FIRST_REV && change->rev == rev ? change : NULL;
}

int feed_ring_resume(const struct feed_ring *ring, struct sv from,
		     uint64_t *rev_r, const char **why_r)
{
	struct sv rest = from;
	struct sv epoch = sv_cut(&rest, ':');
	uint64_t rev;

	if (epoch.len == 0 || epoch.len >= FEED_EPOCH_BYTES ||
	    num_u64(rest, UINT64_MAX, &rev) != 0)
		return ERR_SYNTAX;
	if (!sv_eq(epoch, sv_str(ring->epoch))) {
		*why_r = "another epoch";
		return ERR_CONFLICT;
	}
	if (rev > ring->rev) {
		*why_r = "from the future";
		return ERR_RANGE;
	}
	if (rev < ring->rev && !feed_ring_at(ring, rev + 1)) {
		*why_r = "too old";
		return ERR_EXPIRED;
	}
	*rev_r = rev;
	return 0;
}
