/*
 * loop.h - one event loop per thread, over libevent. Everything that waits
 * goes through lib/net; nobody above includes <event2/...>.
 * Unless said otherwise a function may be called on the loop's thread only.
 */
#ifndef PERI_LIB_NET_LOOP_H
#define PERI_LIB_NET_LOOP_H

#include <stdint.h>
#include <sys/queue.h>

#include "lib/base/def.h"

struct loop;
struct loop_timer;
struct event_base;

/* loop_new - a loop for the calling or a later thread. Returns 0 or -errno. */
MUST_CHECK int loop_new(struct loop **loop_r);
/* loop_free - the loop must not run. Frees objects deferred by loop_later() and
 * those of loop_last_add(). */
void loop_free(struct loop **loop);

/* loop_run - turn until loop_stop(), which also counts when it came before.
 * Returns 0 or -EIO. */
MUST_CHECK int loop_run(struct loop *loop);
/* loop_stop - end loop_run() after this turn. Any thread. */
void loop_stop(struct loop *loop);

/* loop_now_ms - monotonic time as of this turn of the loop. */
int64_t loop_now_ms(const struct loop *loop);
/* loop_lag_us - how late the loop's own 100 ms tick last was. */
int64_t loop_lag_us(const struct loop *loop);

/* loop_base - for lib/net and the hiredis adapter only. */
struct event_base *loop_base(struct loop *loop);

/* loop_scratch - for lib/net only: where every socket of the loop reads to.
 * LOOP_SCRATCH_BYTES long, valid until the event callback returns. */
#define LOOP_SCRATCH_BYTES 65536
char *loop_scratch(struct loop *loop);

typedef void loop_cb(void *arg);

/* loop_later - call @cb(@arg) after this turn (e.g. free an object inside its
 * own callback). */
void loop_later(struct loop *loop, loop_cb *cb, void *arg);

/*
 * loop_last_add, loop_last_remove - for what nobody but the loop holds any
 * more (a connection that lingers): loop_free() calls @cb(@arg) if it is still
 * there, once, when the entry is out of the list. @last belongs to the caller
 * and is zero before the first call; removing what is not in is nothing.
 */
struct loop_last {
	LIST_ENTRY(loop_last) link;
	struct loop *loop; /* NULL = not in the list */
	loop_cb *cb;
	void *arg;
};
void loop_last_add(struct loop *loop, struct loop_last *last, loop_cb *cb,
		   void *arg);
void loop_last_remove(struct loop_last *last);

/* loop_timer_new - an idle timer; the caller owns it (loop_timer_free()). */
struct loop_timer *loop_timer_new(struct loop *loop, loop_cb *cb, void *arg);
void loop_timer_free(struct loop_timer **timer);
/* loop_timer_once - fire once in @delay_ms; re-arms. */
void loop_timer_once(struct loop_timer *timer, int64_t delay_ms);
/* loop_timer_every - fire each @period_ms until stopped. */
void loop_timer_every(struct loop_timer *timer, int64_t period_ms);
void loop_timer_stop(struct loop_timer *timer);

/* loop_signal - call @cb(@arg) on the loop for each delivery of @signo, until
 * loop_free(). Main loop only. Returns 0 or -errno. */
MUST_CHECK int loop_signal(struct loop *loop, int signo, loop_cb *cb,
			   void *arg);

#endif
