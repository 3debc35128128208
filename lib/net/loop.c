/*
 * loop.c - the turn of one thread's event loop: wait, run what is ready, then
 * what was put off with loop_later(). The libevent base is made without locks:
 * only loop_stop() may come from another thread, through an eventfd.
 */
#include "lib/net/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"

#define TICK_MS 100

struct later {
	loop_cb *cb;
	void *arg;
};

/* Of this turn; read through a const loop, filled when first asked for. */
struct turn {
	int64_t now_ms;
	bool known;
};

struct watch {
	struct event event;
	loop_cb *cb;
	void *arg;
	LIST_ENTRY(watch) link;
};

struct loop {
	struct event_base *base; /* owned */
	struct turn *turn;	 /* owned */
	char *scratch;		 /* owned, LOOP_SCRATCH_BYTES */
	struct later *laters;	 /* owned array, in order */
	size_t later_count, later_room;
	atomic_bool stop;
	int wake_fd; /* eventfd: ends the wait after loop_stop() */
	struct event wake, tick;
	int64_t tick_due_us, lag_us;
	LIST_HEAD(, watch) signals;
	LIST_HEAD(, loop_last) lasts;
};

struct loop_timer {
	struct event event;
	int64_t period_ms; /* 0 = fires once */
	loop_cb *cb;
	void *arg;
};

static struct timeval timeval_of_ms(int64_t ms)
{
	if (ms < 0)
		ms = 0;
	return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

/* libevent's process-wide tables (signals, random numbers) need their locks,
 * since several threads have a loop. */
static void threads_once(void)
{
	evthread_use_pthreads();
}

static struct event_base *base_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct event_config *config;
	struct event_base *base;

	pthread_once(&once, threads_once);
	config = event_config_new();
	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t count;

	(void)what;
	(void)arg;
	/* Only empties it: the flag says why. */
	while (eventfd_read(fd, &count) == 0)
		;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct timeval wait = timeval_of_ms(TICK_MS);
	int64_t now_us = clk_mono_us();

	(void)fd;
	(void)what;
	loop->lag_us =
		now_us > loop->tick_due_us ? now_us - loop->tick_due_us : 0;
	loop->tick_due_us = now_us + TICK_MS * INT64_C(1000);
	event_add(&loop->tick, &wait);
}

int loop_new(struct loop **loop_r)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	struct timeval wait = timeval_of_ms(TICK_MS);
	int rc;

	loop->base = base_new();
	if (!loop->base) {
		rc = -ENOMEM;
		goto err_free;
	}
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0) {
		rc = -errno;
		goto err_base;
	}
	loop->turn = mem_alloc(sizeof(*loop->turn));
	loop->scratch = mem_alloc(LOOP_SCRATCH_BYTES);
	LIST_INIT(&loop->signals);
	LIST_INIT(&loop->lasts);
	event_assign(&loop->wake, loop->base, loop->wake_fd,
		     EV_READ | EV_PERSIST, on_wake, loop);
	event_assign(&loop->tick, loop->base, -1, 0, on_tick, loop);
	event_add(&loop->wake, NULL);
	loop->tick_due_us = clk_mono_us() + TICK_MS * INT64_C(1000);
	event_add(&loop->tick, &wait);
	*loop_r = loop;
	return 0;
err_base:
	event_base_free(loop->base);
err_free:
	mem_free(loop);
	return rc;
}

/* Run what was put off until now; what these put off waits for the next. */
static void run_laters(struct loop *loop)
{
	size_t count = loop->later_count;

	for (size_t i = 0; i < count; i++) {
		struct later later = loop->laters[i];

		later.cb(later.arg);
	}
	loop->later_count -= count;
	for (size_t i = 0; i < loop->later_count; i++)
		loop->laters[i] = loop->laters[count + i];
}

/* What nobody else holds, and all that was put off: either may make more of
 * the other. */
static void end_lasts(struct loop *loop)
{
	struct loop_last *last;

	for (;;) {
		if (loop->later_count > 0) {
			run_laters(loop);
		} else if ((last = LIST_FIRST(&loop->lasts))) {
			loop_last_remove(last);
			last->cb(last->arg);
		} else {
			return;
		}
	}
}

void loop_free(struct loop **loop_ptr)
{
	struct loop *loop = *loop_ptr;
	struct watch *watch;

	if (!loop)
		return;
	*loop_ptr = NULL;
	end_lasts(loop);
	while ((watch = LIST_FIRST(&loop->signals))) {
		LIST_REMOVE(watch, link);
		event_del(&watch->event);
		mem_free(watch);
	}
	event_del(&loop->wake);
	event_del(&loop->tick);
	event_base_free(loop->base);
	close(loop->wake_fd);
	mem_free(loop->laters);
	mem_free(loop->scratch);
	mem_free(loop->turn);
	mem_free(loop);
}

int loop_run(struct loop *loop)
{
	int rc = 0;

	while (rc == 0 &&
	       !atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		int flags = EVLOOP_ONCE;

		loop->turn->known = false;
		if (loop->later_count > 0)
			run_laters(loop);
		if (loop->later_count > 0)
			flags |= EVLOOP_NONBLOCK;
		loop->turn->known = false;
		if (event_base_loop(loop->base, flags) < 0)
			rc = -EIO;
	}
	if (loop->later_count > 0)
		run_laters(loop);
	loop->turn->known = false;
	atomic_store(&loop->stop, false);
	return rc;
}

void loop_stop(struct loop *loop)
{
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	/* Fails only when it is full, and then the loop wakes up anyway. */
	(void)eventfd_write(loop->wake_fd, 1);
}

int64_t loop_now_ms(const struct loop *loop)
{
	if (!loop->turn->known) {
		loop->turn->now_ms = clk_mono_ms();
		loop->turn->known = true;
	}
	return loop->turn->now_ms;
}

int64_t loop_lag_us(const struct loop *loop)
{
	return loop->lag_us;
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

char *loop_scratch(struct loop *loop)
{
	return loop->scratch;
}

void loop_later(struct loop *loop, loop_cb *cb, void *arg)
{
	if (loop->later_count == loop->later_room) {
		loop->later_room = loop->later_room ? loop->later_room * 2 : 16;
		loop->laters = mem_grow(loop->laters, loop->later_room,
					sizeof(*loop->laters));
	}
	loop->laters[loop->later_count++] = (struct later){cb, arg};
}

void loop_last_add(struct loop *loop, struct loop_last *last, loop_cb *cb,
		   void *arg)
{
	*last = (struct loop_last){.loop = loop, .cb = cb, .arg = arg};
	LIST_INSERT_HEAD(&loop->lasts, last, link);
}

void loop_last_remove(struct loop_last *last)
{
	if (!last->loop)
		return;
	LIST_REMOVE(last, link);
	last->loop = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	(void)fd;
	(void)what;
	/* First, since the callback may free the timer. */
	if (timer->period_ms > 0) {
		struct timeval wait = timeval_of_ms(timer->period_ms);

		event_add(&timer->event, &wait);
	}
	timer->cb(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_cb *cb, void *arg)
{
	struct loop_timer *timer = mem_alloc(sizeof(*timer));

	timer->cb = cb;
	timer->arg = arg;
	event_assign(&timer->event, loop->base, -1, 0, on_timer, timer);
	return timer;
}

void loop_timer_free(struct loop_timer **timer)
{
	if (!*timer)
		return;
	event_del(&(*timer)->event);
	mem_free(*timer);
	*timer = NULL;
}

void loop_timer_once(struct loop_timer *timer, int64_t delay_ms)
{
	struct timeval wait = timeval_of_ms(delay_ms);

	timer->period_ms = 0;
	event_add(&timer->event, &wait);
}

void loop_timer_every(struct loop_timer *timer, int64_t period_ms)
{
	struct timeval wait = timeval_of_ms(period_ms);

	timer->period_ms = period_ms;
	event_add(&timer->event, &wait);
}

void loop_timer_stop(struct loop_timer *timer)
{
	timer->period_ms = 0;
	event_del(&timer->event);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct watch *watch = arg;

	(void)signo;
	(void)what;
	watch->cb(watch->arg);
}

int loop_signal(struct loop *loop, int signo, loop_cb *cb, void *arg)
{
	struct watch *watch = mem_alloc(sizeof(*watch));

	watch->cb = cb;
	watch->arg = arg;
	if (event_assign(&watch->event, loop->base, signo,
			 EV_SIGNAL | EV_PERSIST, on_signal, watch) < 0 ||
	    event_add(&watch->event, NULL) < 0) {
		mem_free(watch);
		return -EINVAL;
	}
	LIST_INSERT_HEAD(&loop->signals, watch, link);
	return 0;
}
