/*
 * snapshot_delta.h - a past snapshot as what differs from the one after it:
 * that is how 64 of them are kept. Draws, trees and counts are not in it: they
 * follow from weights and tiers. Immutable and counted. Weights, shares and
 * tiers come back bit by bit, what is only shown as explain shows it.
 */
#ifndef PERI_BALANCER_SNAPSHOT_DELTA_H
#define PERI_BALANCER_SNAPSHOT_DELTA_H

#include "balancer/snapshot.h"
#include "lib/base/buf.h"

struct snapshot_delta;

/*
 * snapshot_delta_new - what turns @newer into @older; both are borrowed.
 *
 * @scratch  any growing buffer: its memory is kept from call to call
 *
 * Returns it with one holder, or NULL when it does not fit in @scratch. Any
 * thread.
 */
struct snapshot_delta *snapshot_delta_new(const struct snapshot *older,
					  const struct snapshot *newer,
					  struct buf *scratch);
/* snapshot_delta_ref, _unref - any thread. */
struct snapshot_delta *snapshot_delta_ref(struct snapshot_delta *delta);
void snapshot_delta_unref(struct snapshot_delta **delta);

/* snapshot_delta_number - of the older snapshot; snapshot_delta_bytes - of
 * memory that is this one's alone, cards that are gone not counted. */
uint32_t snapshot_delta_number(const struct snapshot_delta *delta);
size_t snapshot_delta_bytes(const struct snapshot_delta *delta);

#endif
