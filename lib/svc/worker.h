/*
 * worker.h - a thread with its own loop. The daemon's worker state is made and
 * freed on that thread.
 */
#ifndef PERI_LIB_SVC_WORKER_H
#define PERI_LIB_SVC_WORKER_H

#include "lib/net/loop.h"
#include "lib/net/mailbox.h"

struct worker;

struct worker_role {
	/* On the new thread, before its loop turns. Returns 0 or an error,
	 * which worker_start() passes on. *@state_r is @state below. */
	int (*start)(struct loop *loop, unsigned index, void *arg,
		     void **state_r);
	/* A message from worker_post(). May be NULL. */
	void (*message)(void *state, void *message);
	/* On the thread, after its loop has ended. */
	void (*stop)(void *state);
	/* How much nicer than the process the thread is, 0..19: for work that
	 * is not to hold up those who answer. */
	int niceness;
	/* How long it asks to run at a time, 0 = as others. With a shorter
	 * time than the thread that has the core it need not wait for that
	 * one's to be over (EEVDF, Linux 6.12; older kernels ignore it). */
	unsigned slice_us;
};

/* worker_start - start thread number @index; waits until role->start() has
 * returned. @role is borrowed. Returns its result, or -errno. */
MUST_CHECK int worker_start(const struct worker_role *role, unsigned index,
			    void *arg, struct worker **worker_r);
/* worker_stop - end the loop, join the thread, free. */
void worker_stop(struct worker **worker);
/* worker_post - send a message; ownership goes with it. Any thread. */
void worker_post(struct worker *worker, void *message);

#endif
