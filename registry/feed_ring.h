/*
 * feed_ring.h - the revision and the last changes: what a watcher that comes
 * back has missed. A change is only named here; whoever replays it sends the
 * state of now, so a node that changed ten times is sent once. Pure.
 *
 * The epoch is new with each start of the registry: revisions of different
 * lives never meet.
 */
#ifndef PERI_REGISTRY_FEED_RING_H
#define PERI_REGISTRY_FEED_RING_H

#include "lib/proto/feed.h"

struct feed_ring;

enum feed_ring_kind {
	FEED_RING_NODE,
	FEED_RING_REGION,
	FEED_RING_NODE_INTENT, /* the id is the node's */
	FEED_RING_REGION_INTENT,
};

struct feed_ring_change {
	uint64_t rev;
	enum feed_ring_kind kind;
	char id[NODE_ID_BYTES];
	const char *gone_why; /* constant text; NULL = added or changed */
};

/* feed_ring_new - remembers the last @change_count changes (a power of two).
 * The revision starts at 1. */
struct feed_ring *feed_ring_new(size_t change_count, const char *epoch);
void feed_ring_free(struct feed_ring **ring);

/* feed_ring_add - one more change; returns its revision. @gone_why is constant
 * text or NULL. */
uint64_t feed_ring_add(struct feed_ring *ring, enum feed_ring_kind kind,
		       const char *id, const char *gone_why);

/* feed_ring_rev, feed_ring_epoch - of the last change; the epoch is borrowed.
 */
uint64_t feed_ring_rev(const struct feed_ring *ring);
const char *feed_ring_epoch(const struct feed_ring *ring);

/* feed_ring_at - the change with revision @rev, or NULL when it is too old or
 * has not happened. Borrowed until the next feed_ring_add(). */
const struct feed_ring_change *feed_ring_at(const struct feed_ring *ring,
					    uint64_t rev);

/*
 * feed_ring_resume - where a watcher goes on that has seen "EPOCH:REV".
 *
 * @rev_r  out: the last revision it has seen
 * @why_r  out: constant text, why it has to start anew
 *
 * Returns 0; ERR_SYNTAX; ERR_CONFLICT (another epoch), ERR_EXPIRED (too old)
 * or ERR_RANGE (from the future) with *@why_r.
 */
MUST_CHECK int feed_ring_resume(const struct feed_ring *ring, struct sv from,
				uint64_t *rev_r, const char **why_r);

#endif
