/*
 * feed_state.c - see the header. Lines are bounded by their batches. One
 * thread.
 */
#include "registry/feed_state.h"

#include <string.h>

#include "lib/base/mem.h"

#define REGIONS_BATCH 256

bool feed_state_put_nodes(const struct feed_state *state,
			  char after[NODE_ID_BYTES], int64_t now_ms,
			  uint64_t rev, struct buf *out)
{
	struct feed_node nodes[FEED_NODES_BATCH];
	size_t at = after[0] ? lease_index_after(state->leases, after) : 0;
	const struct lease *lease;
	size_t count = 0;

	while (count < FEED_NODES_BATCH &&
	       (lease = lease_at(state->leases, at + count)) != NULL)
		lease_to_feed(lease, now_ms, &nodes[count++]);
	if (count == 0)
		return false;
	memcpy(after, nodes[count - 1].record.id, NODE_ID_BYTES);
	feed_put_nodes(out, nodes, count, rev);
	return true;
}

bool feed_state_put_regions(const struct feed_state *state,
			    const struct region **at, uint64_t rev,
			    struct buf *out)
{
	struct feed_region *batch = mem_array(REGIONS_BATCH, sizeof(*batch));
	const struct region *region = *at;
	size_t count = 0;

	while (count < REGIONS_BATCH &&
	       (region = region_table_next(state->regions, region)) != NULL) {
		batch[count++] = region->feed;
		*at = region;
	}
	feed_put_regions(out, batch, count, rev);
	mem_free(batch);
	return region != NULL;
}

bool feed_state_put_intents(const struct feed_state *state,
			    const struct override **at, uint64_t rev,
			    struct buf *out)
{
	struct intent *batch = mem_array(FEED_INTENTS_BATCH, sizeof(*batch));
	const struct override *entry = *at;
	size_t count = 0;

	while (count < FEED_INTENTS_BATCH &&
	       (entry = override_next(state->overrides, entry)) != NULL) {
		batch[count++] = entry->intent;
		*at = entry;
	}
	feed_put_intents(out, batch, count, rev);
	mem_free(batch);
	return entry != NULL;
}

static void put_node_change(const struct feed_state *state,
			    const struct feed_ring_change *change,
			    int64_t now_ms, struct buf *out)
{
	const struct lease *lease =
		lease_find(state->leases, sv_str(change->id));
	struct feed_node node;

	if (lease && lease->rev == change->rev) {
		lease_to_feed(lease, now_ms, &node);
		feed_put_node(out, &node, change->rev);
	} else if (!lease && change->gone_why) {
		feed_put_gone(out, change->id, change->gone_why, change->rev);
	}
}

static void put_region_change(const struct feed_state *state,
			      const struct feed_ring_change *change,
			      struct buf *out)
{
	const struct region *region =
		region_table_find(state->regions, sv_str(change->id));
	struct feed_region gone = {.gone = true};

	if (region && region->rev == change->rev) {
		feed_put_region(out, &region->feed, change->rev);
	} else if (!region && change->gone_why) {
		memcpy(gone.id, change->id, sizeof(gone.id));
		feed_put_region(out, &gone, change->rev);
	}
}

static void put_intent_change(const struct feed_state *state,
			      const struct feed_ring_change *change,
			      struct buf *out)
{
	struct intent gone = {.gone = true};
	const struct override *entry;

	gone.scope = change->kind == FEED_RING_NODE_INTENT ? INTENT_NODE
							   : INTENT_REGION;
	entry = override_find(state->overrides, gone.scope, sv_str(change->id));
	if (entry && entry->rev == change->rev) {
		feed_put_intent(out, &entry->intent, change->rev);
	} else if (!entry && change->gone_why) {
		memcpy(gone.id, change->id, sizeof(gone.id));
		feed_put_intent(out, &gone, change->rev);
	}
}

void feed_state_put_change(const struct feed_state *state,
			   const struct feed_ring_change *change,
			   int64_t now_ms, struct buf *out)
{
	switch (change->kind) {
	case FEED_RING_NODE:
		put_node_change(state, change, now_ms, out);
		return;
	case FEED_RING_REGION:
		put_region_change(state, change, out);
		return;
	case FEED_RING_NODE_INTENT:
	case FEED_RING_REGION_INTENT:
		put_intent_change(state, change, out);
		return;
	}
}

size_t feed_state_take_loads(const struct feed_state *state, int64_t now_ms,
			     struct feed_load loads_r[FEED_LOADS_BATCH])
{
	const struct lease *leases[FEED_LOADS_BATCH];
	size_t count =
		lease_take_renewed(state->leases, leases, FEED_LOADS_BATCH);

	for (size_t i = 0; i < count; i++) {
		const struct node_load *load = &leases[i]->load;
		struct feed_load *to = &loads_r[i];

		memcpy(to->id, leases[i]->record.id, sizeof(to->id));
		to->conns = load->conns;
		to->accepts_total = load->accepts_total;
		to->refused_total = load->refused_total;
		to->age_ms = now_ms - leases[i]->load_at_ms;
	}
	return count;
}
