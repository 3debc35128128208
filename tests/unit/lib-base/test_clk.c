/*
 * test_clk.c - the real clocks go forward, the fake ones stand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <time.h>

#include "lib/base/clk.h"

static void test_fake(void **state)
{
	(void)state;
	clk_fake(12345);
	assert_int_equal(clk_mono_ms(), 12345);
	assert_int_equal(clk_mono_us(), 12345000);
	assert_int_equal(clk_wall_ms(), 12345);
	assert_int_equal(clk_wall_s(), 12);
	clk_fake(0);
	assert_int_equal(clk_mono_ms(), 0);
	clk_fake(-1);
	assert_true(clk_wall_s() > 1700000000);
}

static void test_real(void **state)
{
	int64_t us = clk_mono_us(), ms = clk_mono_ms();
	time_t now = time(NULL);

	(void)state;
	assert_true(clk_mono_us() >= us);
	assert_true(ms >= us / 1000);
	assert_in_range(clk_wall_s(), now, now + 60);
	assert_in_range(clk_wall_ms() / 1000, now, now + 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fake),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
