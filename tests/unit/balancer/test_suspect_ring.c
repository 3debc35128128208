/*
 * test_suspect_ring.c - reports arrive once, whole and in order, or are counted
 * as lost; also with both ends at work at once.
 */
#include "balancer/suspect_ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/base/mem.h"

#define RACE_REPORTS 200000

static void put(struct suspect_ring *ring, uint64_t number)
{
	const struct suspects_report report = {
		.node = addr_from_v4_host((uint32_t)number),
		.service_hash = number,
	};

	suspect_ring_put(ring, &report);
}

static void check(const struct suspects_report *report, uint64_t want)
{
	assert_int_equal(report->service_hash, want);
	assert_int_equal(addr_v4_host(&report->node), want);
}

static void test_in_order_and_not_twice(void **state)
{
	struct suspect_ring *ring = mem_alloc(sizeof(*ring));
	struct suspects_report report;

	(void)state;
	assert_false(suspect_ring_take(ring, &report));
	for (uint64_t i = 0; i < 5 * SUSPECT_RING_SIZE; i += 2) {
		put(ring, i);
		put(ring, i + 1);
		assert_true(suspect_ring_take(ring, &report));
		check(&report, i);
		assert_true(suspect_ring_take(ring, &report));
		check(&report, i + 1);
		assert_false(suspect_ring_take(ring, &report));
	}
	assert_int_equal(counter_get(&ring->lost), 0);
	mem_free(ring);
}

static void test_a_full_ring_loses_what_comes(void **state)
{
	struct suspect_ring *ring = mem_alloc(sizeof(*ring));
	struct suspects_report report;

	(void)state;
	for (uint64_t i = 0; i < SUSPECT_RING_SIZE; i++)
		put(ring, i);
	assert_int_equal(counter_get(&ring->lost), 0);
	put(ring, 77777);
	assert_int_equal(counter_get(&ring->lost), 1);
	assert_true(suspect_ring_take(ring, &report));
	check(&report, 0);
	put(ring, SUSPECT_RING_SIZE); /* there is one place again */
	assert_int_equal(counter_get(&ring->lost), 1);
	for (uint64_t i = 1; i <= SUSPECT_RING_SIZE; i++) {
		assert_true(suspect_ring_take(ring, &report));
		check(&report, i);
	}
	assert_false(suspect_ring_take(ring, &report));
	mem_free(ring);
}

static void *write_all(void *arg)
{
	for (uint64_t i = 0; i < RACE_REPORTS; i++) {
		put(arg, i);
		if (i % 512 == 0)
			sched_yield();
	}
	return NULL;
}

static void test_both_ends_at_once(void **state)
{
	struct suspect_ring *ring = mem_alloc(sizeof(*ring));
	struct suspects_report report;
	uint64_t got = 0, last = 0;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
	while (got + counter_get(&ring->lost) < RACE_REPORTS) {
		if (!suspect_ring_take(ring, &report)) {
			sched_yield();
			continue;
		}
		check(&report, report.service_hash);
		assert_true(got == 0 || report.service_hash > last);
		last = report.service_hash;
		got++;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_true(got >= SUSPECT_RING_SIZE);
	mem_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order_and_not_twice),
		cmocka_unit_test(test_a_full_ring_loses_what_comes),
		cmocka_unit_test(test_both_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
