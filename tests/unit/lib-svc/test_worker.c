/*
 * test_worker.c - threads with loops: start and its errors, messages, signals,
 * the order of the end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/svc/worker.h"

#define WORKERS	 3
#define MESSAGES 1000

struct shared {
	atomic_uint messages, stops;
	atomic_uint index;   /* of the one that started last */
	atomic_bool blocked; /* the thread blocks SIGTERM */
	atomic_int niceness; /* of the thread */
	atomic_int slice_us; /* what the kernel says of it */
	int start_rc;
};

/* cmocka's checks belong to the test's own thread. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

struct state {
	struct shared *shared;
	pthread_t thread;
};

/* The fourth eight bytes of struct sched_attr; 0: the kernel keeps none. */
static int own_slice_us(void)
{
	uint64_t attr[6] = {0};

	check(syscall(SYS_sched_getattr, 0, attr, sizeof(attr), 0) == 0);
	return (int)(attr[3] / 1000);
}

static int start(struct loop *loop, unsigned index, void *arg, void **state_r)
{
	struct shared *shared = arg;
	struct state *state;
	sigset_t mask;

	check(loop != NULL);
	if (shared->start_rc)
		return shared->start_rc;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	atomic_store(&shared->blocked, sigismember(&mask, SIGTERM) == 1);
	atomic_store(&shared->niceness, getpriority(PRIO_PROCESS, 0));
	atomic_store(&shared->slice_us, own_slice_us());
	state = mem_alloc(sizeof(*state));
	state->shared = shared;
	atomic_store(&shared->index, index);
	state->thread = pthread_self();
	*state_r = state;
	return 0;
}

static void message(void *arg, void *text)
{
	struct state *state = arg;

	check(pthread_equal(state->thread, pthread_self()));
	atomic_fetch_add(&state->shared->messages, 1);
	mem_free(text);
}

static void stop(void *arg)
{
	struct state *state = arg;

	check(pthread_equal(state->thread, pthread_self()));
	atomic_fetch_add(&state->shared->stops, 1);
	mem_free(state);
}

static const struct worker_role role = {start, message, stop, 0, 0};

static void test_messages_and_end(void **state)
{
	struct worker *workers[WORKERS];
	struct shared shared = {0};

	(void)state;
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(worker_start(&role, i, &shared, &workers[i]),
				 0);
		assert_int_equal(atomic_load(&shared.index), i);
	}
	assert_true(atomic_load(&shared.blocked));
	for (unsigned n = 0; n < MESSAGES; n++)
		for (unsigned i = 0; i < WORKERS; i++)
			worker_post(workers[i], mem_strdup("hello"));
	for (unsigned i = 0; i < WORKERS; i++) {
		worker_stop(&workers[i]);
		assert_null(workers[i]);
		worker_stop(&workers[i]);
	}
	/* Also what was unread when it stopped. */
	assert_int_equal(atomic_load(&shared.messages), WORKERS * MESSAGES);
	assert_int_equal(atomic_load(&shared.stops), WORKERS);
}

static void test_start_fails(void **state)
{
	struct shared shared = {.start_rc = ERR_RANGE};
	struct worker *worker = NULL;

	(void)state;
	assert_int_equal(worker_start(&role, 0, &shared, &worker), ERR_RANGE);
	assert_null(worker);
	assert_int_equal(atomic_load(&shared.stops), 0);
}

static void test_niceness(void **state)
{
	const struct worker_role nicer = {start, message, stop, 2, 0};
	const int own = getpriority(PRIO_PROCESS, 0);
	struct shared shared = {0};
	struct worker *worker;

	(void)state;
	assert_int_equal(worker_start(&nicer, 0, &shared, &worker), 0);
	assert_int_equal(atomic_load(&shared.niceness),
			 own < 18 ? own + 2 : 19);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
	worker_stop(&worker);
}

/* An older kernel keeps no slice for a thread, and whoever runs us with another
 * policy knows better: then nothing changes. */
static void test_slice(void **state)
{
	const struct worker_role usual = {start, message, stop, 0, 0};
	const struct worker_role prompt = {start, message, stop, 3, 200};
	const int own = getpriority(PRIO_PROCESS, 0);
	struct shared shared = {0};
	struct worker *worker;
	int usual_us;

	(void)state;
	assert_int_equal(worker_start(&usual, 0, &shared, &worker), 0);
	usual_us = atomic_load(&shared.slice_us);
	worker_stop(&worker);
	assert_int_equal(worker_start(&prompt, 0, &shared, &worker), 0);
	if (usual_us > 0 && sched_getscheduler(0) == SCHED_OTHER)
		assert_int_equal(atomic_load(&shared.slice_us), 200);
	else
		assert_int_equal(atomic_load(&shared.slice_us), usual_us);
	assert_int_equal(atomic_load(&shared.niceness),
			 own < 17 ? own + 3 : 19);
	assert_int_equal(own_slice_us(), usual_us);
	worker_stop(&worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_and_end),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_niceness),
		cmocka_unit_test(test_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
