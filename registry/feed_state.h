/*
 * feed_state.h - what the registry knows, as lines of the change stream: the
 * full state piece by piece, one change as things are now, and what load came
 * since. No watcher is known here. One thread.
 */
#ifndef PERI_REGISTRY_FEED_STATE_H
#define PERI_REGISTRY_FEED_STATE_H

#include "registry/feed_ring.h"
#include "registry/lease.h"
#include "registry/override.h"
#include "registry/region_table.h"

/* The tables; borrowed. */
struct feed_state {
	struct lease_table *leases;
	struct region_table *regions;
	struct override_table *overrides;
};

/*
 * feed_state_put_nodes - a line with the next nodes in the order of their ids.
 *
 * @after  the last id that was put, "" at the start; moved on
 *
 * Returns false when there was none: nothing is put.
 */
bool feed_state_put_nodes(const struct feed_state *state,
			  char after[NODE_ID_BYTES], int64_t now_ms,
			  uint64_t rev, struct buf *out);
/* feed_state_put_regions, feed_state_put_intents - a line with the next ones,
 * which may be none. @at is NULL at the start and moved on. Return whether more
 * follow. */
bool feed_state_put_regions(const struct feed_state *state,
			    const struct region **at, uint64_t rev,
			    struct buf *out);
bool feed_state_put_intents(const struct feed_state *state,
			    const struct override **at, uint64_t rev,
			    struct buf *out);

/* feed_state_put_change - the line of one change that was missed, as things are
 * now; nothing when a later change of the same thing follows anyway. */
void feed_state_put_change(const struct feed_state *state,
			   const struct feed_ring_change *change,
			   int64_t now_ms, struct buf *out);

/* feed_state_take_loads - the loads that came since they were last taken, at
 * most FEED_LOADS_BATCH at a time. Returns how many. */
size_t feed_state_take_loads(const struct feed_state *state, int64_t now_ms,
			     struct feed_load loads_r[FEED_LOADS_BATCH]);

#endif
