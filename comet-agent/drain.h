/*
 * drain.h - the pace at which a worker lets its sessions go: evenly over the
 * drain's duration, so that the other nodes and the network see a stream and
 * not a wave. Pure; one thread.
 */
#ifndef PERI_COMET_AGENT_DRAIN_H
#define PERI_COMET_AGENT_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drain {
	bool on;
	int64_t start_ms, duration_ms;
	size_t total;  /* sessions open at the start */
	size_t closed; /* let go so far */
};

/* drain_start - let @open sessions go within @duration_ms from @now_ms. A
 * drain that is on already goes on unchanged. */
void drain_start(struct drain *drain, size_t open, int64_t duration_ms,
		 int64_t now_ms);
/* drain_stop - stay open; what is gone is gone. */
void drain_stop(struct drain *drain);

/*
 * drain_due - how many sessions to let go right now.
 *
 * @open  sessions open now; those that left by themselves count as done
 *
 * Returns 0 when off or ahead of the pace. After the duration: all of them.
 */
size_t drain_due(const struct drain *drain, size_t open, int64_t now_ms);

#endif
