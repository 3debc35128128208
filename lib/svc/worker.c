/*
 * worker.c - a thread with its own loop and mailbox. Whoever starts it waits
 * for the verdict of role->start(); signals stay with the main thread.
 */
#include "lib/svc/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

struct worker {
	const struct worker_role *role; /* borrowed */
	unsigned index;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;	/* guards started, start_rc */
	pthread_cond_t changed; /* started became true */
	bool started;
	int start_rc;
	/* Written before started, constant afterwards. */
	/* Outlives the thread: loop_stop() may still be in it when the loop
	 * has seen the stop and ended. */
	struct loop *loop;
	struct mailbox *box; /* owned by the thread */
	void *state;	     /* the role's */
};

static void on_message(void *message, void *arg)
{
	struct worker *worker = arg;

	worker->role->message(worker->state, message);
}

static void tell_started(struct worker *worker, int rc)
{
	pthread_mutex_lock(&worker->lock);
	worker->started = true;
	worker->start_rc = rc;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

static int set_up(struct worker *worker)
{
	int rc = loop_new(&worker->loop);

	if (rc)
		return rc;
	rc = mailbox_new(worker->loop, on_message, worker, &worker->box);
	if (rc)
		goto err_loop;
	rc = worker->role->start(worker->loop, worker->index, worker->arg,
				 &worker->state);
	if (rc)
		goto err_box;
	return 0;
err_box:
	mailbox_free(&worker->box);
err_loop:
	loop_free(&worker->loop);
	return rc;
}

/* struct sched_attr of sched_setattr(2), which glibc lacks; its first size. */
struct turns {
	uint32_t size_bytes, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Ask for turns of @slice_us. Returns 0 or an errno. */
static int set_slice(unsigned slice_us)
{
	struct turns turns = {.size_bytes = sizeof(turns)};

	if (syscall(SYS_sched_getattr, 0, &turns, sizeof(turns), 0) != 0)
		return errno;
	if (turns.policy != SCHED_OTHER)
		return 0; /* somebody knows better */
	turns.runtime_ns = slice_us * UINT64_C(1000);
	return syscall(SYS_sched_setattr, 0, &turns, 0) == 0 ? 0 : errno;
}

/* On Linux both are of the thread, nobody else's. */
static void set_priority(const struct worker *worker)
{
	const struct worker_role *role = worker->role;
	int err = role->slice_us ? set_slice(role->slice_us) : 0;

	if (err)
		log_info("worker.slice index=%u errno=%d", worker->index, err);
	errno = 0;
	if (nice(role->niceness) == -1 && errno != 0)
		log_info("worker.niceness index=%u errno=%d", worker->index,
			 errno);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	int rc;

	set_priority(worker);
	rc = set_up(worker);
	tell_started(worker, rc);
	if (rc)
		return NULL;
	rc = loop_run(worker->loop);
	if (rc)
		log_err("worker.loop index=%u rc=%d", worker->index, rc);
	mailbox_free(&worker->box);
	worker->role->stop(worker->state);
	return NULL;
}

/* Signals are the main thread's: the new one inherits a full mask. */
static int create_thread(struct worker *worker)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void free_worker(struct worker *worker)
{
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	mem_free(worker);
}

int worker_start(const struct worker_role *role, unsigned index, void *arg,
		 struct worker **worker_r)
{
	struct worker *worker = mem_alloc(sizeof(*worker));
	int rc;

	worker->role = role;
	worker->index = index;
	worker->arg = arg;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	rc = create_thread(worker);
	if (rc)
		goto err_free;
	pthread_mutex_lock(&worker->lock);
	while (!worker->started)
		pthread_cond_wait(&worker->changed, &worker->lock);
	rc = worker->start_rc;
	pthread_mutex_unlock(&worker->lock);
	if (rc)
		goto err_join;
	*worker_r = worker;
	return 0;
err_join:
	pthread_join(worker->thread, NULL);
err_free:
	free_worker(worker);
	return rc;
}

void worker_stop(struct worker **worker_ptr)
{
	struct worker *worker = *worker_ptr;

	if (!worker)
		return;
	*worker_ptr = NULL;
	loop_stop(worker->loop);
	pthread_join(worker->thread, NULL);
	loop_free(&worker->loop);
	free_worker(worker);
}

void worker_post(struct worker *worker, void *message)
{
	assert(worker->role->message);
	mailbox_post(worker->box, message);
}
