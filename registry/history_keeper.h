/*
 * history_keeper.h - keeps history and event log in step with their file: has
 * it read at the start, then hands over a batch a second of what is new. What
 * is written runs on a thread of its own; a file that is slow, full, damaged
 * or away costs only what it would have kept. Main loop.
 */
#ifndef PERI_REGISTRY_HISTORY_KEEPER_H
#define PERI_REGISTRY_HISTORY_KEEPER_H

#include "lib/svc/metrics.h"
#include "registry/event_log.h"
#include "registry/history_source.h"

struct history_keeper;

struct history_keeper_counters {
	uint64_t written, failed;      /* batches */
	uint64_t lost_frames;	       /* moments that are only in memory */
	uint64_t damaged;	       /* files that were put aside */
	bool up;		       /* the file takes batches */
	struct metrics_histogram look; /* of the main loop's time a moment */
};

/*
 * history_keeper_new - start the thread and have the file read.
 *
 * @r  borrowed; leases, regions, balancers and events are there. What is kept
 *     comes later, on the loop; until then nothing is recorded.
 *
 * Returns 0 and *@keeper_r, or the error when there is no thread.
 */
MUST_CHECK int history_keeper_new(struct registry *r,
				  struct history_keeper **keeper_r);
/* history_keeper_free - write what is new, end the thread. */
void history_keeper_free(struct history_keeper **keeper);

/* history_keeper_lease - as lease_event_cb. */
void history_keeper_lease(struct history_keeper *keeper,
			  const struct lease *lease, enum lease_event event);
/* history_keeper_look - once a second. */
void history_keeper_look(struct history_keeper *keeper);

/* history_keeper_source - borrowed. */
struct history_source *history_keeper_source(struct history_keeper *keeper);
/* history_keeper_counters - borrowed, always current. */
const struct history_keeper_counters *
history_keeper_counters(const struct history_keeper *keeper);
/* history_keeper_problem - why the file takes nothing, for a person; "" when it
 * does. Borrowed. */
const char *history_keeper_problem(const struct history_keeper *keeper);

#endif
