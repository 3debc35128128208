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
	size_t total; /* sessions open at the start */
};

/* drain_start - let @open sessions go within @duration_ms from @now_ms,
 * whatever the pace was until now. */
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

/* What is asked of the drain of a whole node. */
struct drain_wish {
	uint32_t pct_per_min; /* of those at its start; 0 = not said */
	int64_t end_ms;	      /* it is over by then; 0 = not said */
};

/* drain_wish_differs - whether @b asks for something else than @a: the end is
 * told anew in whole seconds with every renewal, so it may move a little, and
 * once it is over it is always now. */
bool drain_wish_differs(const struct drain_wish *a, const struct drain_wish *b,
			int64_t now_ms);

/*
 * drain_wish_time_ms - how long those that are left may take: at the pace, but
 * not beyond the end; with an end alone until then; else as usual.
 *
 * @usual_ms	  how long a whole drain takes when nothing is said
 * @total, @open  sessions at its start and now
 *
 * Returns at least 0.
 */
int64_t drain_wish_time_ms(const struct drain_wish *wish, int64_t usual_ms,
			   size_t total, size_t open, int64_t now_ms);

#endif
