/*
 * test_demo_stats.c - quantiles over the last samples, sums of failures.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "client/cli/demo_stats.h"

static void test_quantiles(void **state)
{
	static struct demo_stats s;

	(void)state;
	memset(&s, 0, sizeof(s));
	assert_int_equal(demo_stats_quantile_us(&s, 0.99), 0);
	demo_stats_sample(&s, 7);
	assert_int_equal(demo_stats_quantile_us(&s, 0.99), 7);
	for (int i = 1; i <= 100; i++)
		demo_stats_sample(&s, i * 10);
	assert_int_equal(demo_stats_quantile_us(&s, 0), 7);
	assert_in_range(demo_stats_quantile_us(&s, 0.5), 490, 510);
	assert_in_range(demo_stats_quantile_us(&s, 0.99), 980, 1000);
	assert_int_equal(demo_stats_quantile_us(&s, 1), 1000);
}

static void test_only_the_last_samples_count(void **state)
{
	static struct demo_stats s;

	(void)state;
	memset(&s, 0, sizeof(s));
	demo_stats_sample(&s, 1000000);
	for (int i = 0; i < DEMO_STATS_SAMPLES; i++)
		demo_stats_sample(&s, 5);
	assert_int_equal(demo_stats_quantile_us(&s, 1), 5);
	demo_stats_sample(&s, -3);	  /* a clock that stepped back */
	demo_stats_sample(&s, INT64_MAX); /* nonsense is capped */
	assert_int_equal(demo_stats_quantile_us(&s, 0), 0);
	assert_true(demo_stats_quantile_us(&s, 1) == UINT32_MAX);
}

static void test_failures(void **state)
{
	static struct demo_stats s;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.resolve_failed = 1;
	s.connect_failed = 2;
	s.refused = 4;
	s.lost = 8;
	assert_int_equal(demo_stats_failures(&s), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_only_the_last_samples_count),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
