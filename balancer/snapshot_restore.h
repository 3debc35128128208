/*
 * snapshot_restore.h - past snapshots out of deltas, for explain.
 */
#ifndef PERI_BALANCER_SNAPSHOT_RESTORE_H
#define PERI_BALANCER_SNAPSHOT_RESTORE_H

#include "balancer/snapshot_delta.h"

/*
 * snapshot_restore - the snapshot that @count deltas lead to from @newest:
 * delta i leads on from where delta i - 1 led to. All are borrowed. Takes
 * milliseconds and megabytes for a large fleet. Any thread.
 *
 * Returns it, owned by the caller (snapshot_free()): it outlives all of them.
 */
struct snapshot *snapshot_restore(const struct snapshot *newest,
				  struct snapshot_delta *const *deltas,
				  unsigned count);

#endif
