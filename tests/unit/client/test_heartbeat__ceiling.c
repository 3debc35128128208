/*
 * test_heartbeat__ceiling.c - intervals that a network does not bear: found,
 * gone below, tried again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/client/heartbeat_bench.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static void test_probe_is_retried_once_then_ceiling(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	assert_int_equal(b.hb.interval_s, 120);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 0);
	assert_int_equal(b.hb.interval_s, 90); /* three at the good one first */
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 120);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 120);
	assert_int_equal(b.hb.interval_s, 90);
	for (int i = 0; i < 50; i++)
		(void)good_beat(&b);
	assert_int_equal(b.hb.interval_s, 90);
}

/* Beats at the good value until something else is tried; returns when. */
static int64_t until_probe(struct bench *b)
{
	uint32_t good_s = b->hb.facts.good_s;

	while (b->hb.interval_s == good_s)
		(void)good_beat(b);
	return b->now_ms;
}

/* 90 s are good, 120 s are not. */
static void find_ceiling(struct bench *b)
{
	climb_to(b, 90);
	dead_beat(b);
	three_good(b);
	dead_beat(b);
}

static void test_ceiling_is_retried_after_6h_24h_7d(void **state)
{
	static const int64_t waits_h[] = {6, 24, 7 * 24, 7 * 24};
	struct bench b;

	(void)state;
	begin(&b, &usual);
	find_ceiling(&b);
	for (size_t i = 0; i < 4; i++) {
		int64_t set_ms = b.now_ms;
		int64_t wait_ms = until_probe(&b) - set_ms;

		assert_in_range(wait_ms, waits_h[i] * HOUR_MS,
				waits_h[i] * HOUR_MS + 400000);
		assert_int_equal(b.hb.interval_s, 120);
		dead_beat(&b); /* one is enough for what was a ceiling */
		assert_int_equal(b.hb.facts.ceiling_s, 120);
		assert_int_equal(b.hb.interval_s, 90);
	}
}

static void test_ceiling_that_went_away(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	find_ceiling(&b);
	(void)until_probe(&b);
	three_good(&b);
	assert_int_equal(b.hb.facts.good_s, 120);
	assert_int_equal(b.hb.facts.ceiling_s, 0);
	assert_int_equal(b.hb.interval_s, 150);
}

static void test_two_failures_at_a_stable_value(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 300);
	(void)good_beat(&b); /* a success between: chance */
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 270);
	assert_int_equal(b.hb.facts.good_s, 270);
	/* it may be tried again soon, and then one failure settles it */
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 300);
}

static void test_below_min_in_halves_to_15(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 60);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 30);
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 30);
	dead_beat(&b);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 15);
	for (int i = 0; i < 6; i++) {
		dead_beat(&b);
		assert_int_equal(b.hb.interval_s, 15);
	}
	three_good(&b);
	assert_int_equal(b.hb.facts.good_s, 15);
}

static void test_up_again_from_below_min(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	dead_beat(&b);
	dead_beat(&b);
	climb_to(&b, 30);
	(void)until_probe(&b); /* 6 h later the ceiling of 60 */
	assert_int_equal(b.hb.interval_s, 60);
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_is_retried_once_then_ceiling),
		cmocka_unit_test(test_ceiling_is_retried_after_6h_24h_7d),
		cmocka_unit_test(test_ceiling_that_went_away),
		cmocka_unit_test(test_two_failures_at_a_stable_value),
		cmocka_unit_test(test_below_min_in_halves_to_15),
		cmocka_unit_test(test_up_again_from_below_min),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
