/*
 * test_qsbr.c - who may be freed when: by hand, and with four readers and one
 * publisher at full speed (also under the thread sanitizer).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/mem.h"
#include "lib/base/qsbr.h"

static unsigned freed;

static void count_free(void *object)
{
	(void)object;
	freed++;
}

static void test_waits_for_every_online_reader(void **state)
{
	struct qsbr *domain = qsbr_new(2);
	struct qsbr_slot slot = {.current = NULL};
	int a, b, c;

	(void)state;
	freed = 0;
	qsbr_publish(domain, &slot, &a, count_free);
	assert_ptr_equal(qsbr_read(&slot), &a);
	assert_int_equal(qsbr_reclaim(domain), 0); /* nothing was replaced */
	qsbr_online(domain, 0);
	qsbr_online(domain, 1);
	qsbr_publish(domain, &slot, &b, count_free);
	assert_int_equal(qsbr_reclaim(domain), 1);
	qsbr_quiescent(domain, 0);
	assert_int_equal(qsbr_reclaim(domain), 1);
	qsbr_quiescent(domain, 1);
	assert_int_equal(freed, 0);
	assert_int_equal(qsbr_reclaim(domain), 0);
	assert_int_equal(freed, 1);
	/* Two generations: each waits for its own. */
	qsbr_publish(domain, &slot, &c, count_free);
	qsbr_quiescent(domain, 0);
	qsbr_quiescent(domain, 1);
	qsbr_publish(domain, &slot, NULL, count_free);
	assert_int_equal(qsbr_reclaim(domain), 1);
	assert_int_equal(freed, 2);
	qsbr_offline(domain, 0);
	qsbr_offline(domain, 1);
	qsbr_free(&domain);
	assert_int_equal(freed, 3); /* what was still retired */
	assert_null(domain);
}

static void test_offline_readers_hold_nothing_up(void **state)
{
	struct qsbr *domain = qsbr_new(2);
	struct qsbr_slot slot = {.current = NULL};
	int a, b, c;

	(void)state;
	freed = 0;
	qsbr_publish(domain, &slot, &a, count_free);
	qsbr_online(domain, 0);
	qsbr_publish(domain, &slot, &b, count_free);
	qsbr_offline(domain, 0);
	qsbr_quiescent(domain, 0); /* does not bring it online */
	assert_int_equal(qsbr_reclaim(domain), 0);
	assert_int_equal(freed, 1);
	/* One that comes online after the swap never saw the old object. */
	qsbr_publish(domain, &slot, &c, count_free);
	qsbr_online(domain, 1);
	assert_int_equal(qsbr_reclaim(domain), 0);
	qsbr_offline(domain, 1);
	qsbr_free(&domain);
	qsbr_free(&domain);
}

#define READERS	  4
#define PUBLISHES 20000
#define ALIVE	  0x600d600d600d600dULL
#define DEAD	  0xdeaddeaddeaddeadULL

struct object {
	uint64_t state, twin; /* plain: a race on them is a finding */
};

static struct {
	struct qsbr *domain;
	struct qsbr_slot slot;
	_Atomic bool stop;
	_Atomic unsigned torn;
} shared;

static void kill_object(void *ptr)
{
	struct object *object = ptr;

	object->state = DEAD;
	object->twin = DEAD;
	mem_free(object);
}

static struct object *new_object(void)
{
	struct object *object = mem_alloc(sizeof(*object));

	object->state = ALIVE;
	object->twin = ALIVE;
	return object;
}

static void *reader_main(void *arg)
{
	unsigned index = (unsigned)(uintptr_t)arg, turn = 0;

	qsbr_online(shared.domain, index);
	while (!atomic_load_explicit(&shared.stop, memory_order_relaxed)) {
		const struct object *object = qsbr_read(&shared.slot);

		for (int i = 0; i < 20; i++)
			if (object->state != ALIVE || object->twin != ALIVE)
				atomic_fetch_add(&shared.torn, 1);
		qsbr_quiescent(shared.domain, index);
		/* Some are away now and then, as a sleeping loop is. */
		if (++turn % 64 == index) {
			qsbr_offline(shared.domain, index);
			sched_yield();
			qsbr_online(shared.domain, index);
		}
	}
	qsbr_offline(shared.domain, index);
	return NULL;
}

static void test_four_readers_one_publisher(void **state)
{
	pthread_t threads[READERS];
	size_t waiting_max = 0;

	(void)state;
	shared.domain = qsbr_new(READERS);
	atomic_store(&shared.stop, false);
	qsbr_publish(shared.domain, &shared.slot, new_object(), kill_object);
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader_main,
						(void *)i),
				 0);
	for (int i = 0; i < PUBLISHES; i++) {
		size_t waiting;

		qsbr_publish(shared.domain, &shared.slot, new_object(),
			     kill_object);
		waiting = qsbr_reclaim(shared.domain);
		waiting_max = waiting > waiting_max ? waiting : waiting_max;
		if (i % 16 == 0)
			sched_yield();
	}
	atomic_store(&shared.stop, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(qsbr_reclaim(shared.domain), 0);
	qsbr_publish(shared.domain, &shared.slot, NULL, kill_object);
	qsbr_free(&shared.domain);
	assert_int_equal(atomic_load(&shared.torn), 0);
	print_message("most that waited: %zu of %d\n", waiting_max, PUBLISHES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_every_online_reader),
		cmocka_unit_test(test_offline_readers_hold_nothing_up),
		cmocka_unit_test(test_four_readers_one_publisher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
