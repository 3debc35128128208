/*
 * test_backoff.c - reconnect waits: caps, jitter, floor, nonsense numbers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "client/backoff.h"

static const struct cap_row {
	const char *rule;
	struct backoff_numbers numbers;
	uint32_t attempts;
	int64_t want_ms;
} cap_rows[] = {
	{"the first wait is below the base", {1000, 120000, 1.6}, 0, 1000},
	{"each attempt multiplies", {1000, 120000, 1.6}, 2, 2560},
	{"the cap holds just below", {1000, 120000, 1.6}, 10, 109951},
	{"and just above", {1000, 120000, 1.6}, 11, 120000},
	{"a thousand attempts do not overflow",
	 {1000, 120000, 1.6},
	 1000,
	 120000},
	{"factor 1 stays", {500, 120000, 1}, 50, 500},
	{"a factor below 1 counts as 1", {500, 120000, 0.1}, 50, 500},
	{"a factor above 10 counts as 10", {500, 3600000, 1e300}, 1, 5000},
	{"not a number counts as 1.6", {1000, 120000, NAN}, 1, 1600},
	{"base 0 is 100 ms", {0, 120000, 2}, 0, 100},
	{"base above 10 min is 10 min", {UINT32_MAX, UINT32_MAX, 1}, 0, 600000},
	{"max below base is base", {1000, 10, 2}, 5, 1000},
	{"max above an hour is an hour", {1000, UINT32_MAX, 10}, 50, 3600000},
};

static void test_caps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cap_rows) / sizeof(*cap_rows); i++) {
		const struct cap_row *row = &cap_rows[i];
		struct backoff b;

		backoff_init(&b);
		backoff_set(&b, &row->numbers);
		b.attempts = row->attempts;
		if (backoff_cap_ms(&b) != row->want_ms)
			fail_msg("%s: %lld", row->rule,
				 (long long)backoff_cap_ms(&b));
	}
}

/* Full jitter: uniform between zero and the cap, mean a half. */
static void test_full_jitter(void **state)
{
	double sum = 0;
	int64_t least = INT64_MAX, most = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int i = 0; i < 4000; i++) {
		struct backoff b;
		int64_t wait_ms;

		backoff_init(&b);
		wait_ms = backoff_next_ms(&b, &rng);
		assert_int_equal(b.attempts, 1);
		least = wait_ms < least ? wait_ms : least;
		most = wait_ms > most ? wait_ms : most;
		sum += (double)wait_ms;
	}
	assert_in_range(least, 0, 10);
	assert_in_range(most, 990, 1000);
	assert_true(sum / 4000 > 480 && sum / 4000 < 520);
}

static void test_floor_counts_once(void **state)
{
	struct backoff b;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	backoff_init(&b);
	backoff_set_floor(&b, 30000);
	assert_in_range(backoff_next_ms(&b, &rng), 30000, 31000);
	assert_in_range(backoff_next_ms(&b, &rng), 0, 1600);
	backoff_set_floor(&b, INT64_MAX);
	assert_in_range(backoff_next_ms(&b, &rng), 3600000, 3602560);
	backoff_set_floor(&b, -5);
	assert_in_range(backoff_next_ms(&b, &rng), 0, 4096);
}

static void test_reset(void **state)
{
	struct backoff b;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	backoff_init(&b);
	for (int i = 0; i < 5; i++)
		(void)backoff_next_ms(&b, &rng);
	assert_int_equal(b.attempts, 5);
	backoff_reset(&b);
	assert_int_equal(backoff_cap_ms(&b), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_full_jitter),
		cmocka_unit_test(test_floor_counts_once),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
