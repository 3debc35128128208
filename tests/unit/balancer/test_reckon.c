/*
 * test_reckon.c - dead reckoning and slow start by table.
 */
#include "balancer/reckon.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/base/def.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void test_reckoning(void **state)
{
	static const struct row {
		const char *rule;
		double est, rate, tau_s;
		int64_t dt_ms;
		double want;
	} rows[] = {
		{"no time has passed", 100, 10, 7200, 0, 100},
		{"a report from the future stands", 100, 10, 7200, -50, 100},
		{"what was assigned is there", 100, 10, 1e18, 2000, 120},
		{"what ended is gone", 7200, 0, 7200, 1000, 7199},
		{"in balance nothing moves", 7200, 1, 7200, 1000, 7200},
		{"longer than a session: all of them ended", 500, 0, 60,
		 3600000, 0},
		{"a large step follows the curve", 1000, 10, 60, 60000,
		 600 + 400 * 0.36787944117144233},
		{"in balance a large step moves nothing", 600, 10, 60, 3600000,
		 600},
		{"never below 0", 0, 0, 60, 3600000, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fleet_node node = {
			.est_conns = rows[i].est,
			.assigned_rate_per_s = rows[i].rate,
			.est_at_ms = 1000,
		};

		print_message("%s\n", rows[i].rule);
		NEAR(reckon_conns(&node, rows[i].tau_s, 1000 + rows[i].dt_ms),
		     rows[i].want);
		/* the registry was never heard: nothing moves */
		NEAR(reckon_conns(&node, rows[i].tau_s, INT64_MIN),
		     node.est_conns);
	}
}

static void test_how_far_it_may_go(void **state)
{
	static const struct row {
		const char *rule;
		int64_t heard_at_ms, want_ms;
	} rows[] = {
		{"just heard: to now", 100000, 100000},
		{"to now until a horizon has passed", 90000, 100000},
		{"no further than the horizon", 89999, 99999},
		{"long silence", 5, 10005},
		{"never heard: not at all", -1, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct reckon r = {.horizon_s = 10,
					 .now_ms = 100000,
					 .heard_at_ms = rows[i].heard_at_ms};

		print_message("%s\n", rows[i].rule);
		assert_int_equal(reckon_until_ms(&r), rows[i].want_ms);
	}
}

static void test_slow_start(void **state)
{
	(void)state;
	NEAR(reckon_ramp(0, 30000), 0.1);
	NEAR(reckon_ramp(-5, 30000), 0.1);
	NEAR(reckon_ramp(15000, 30000), 0.55);
	NEAR(reckon_ramp(29999, 30000), 0.1 + 0.9 * 29999 / 30000);
	NEAR(reckon_ramp(30000, 30000), 1);
	NEAR(reckon_ramp(0, 0), 1); /* switched off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reckoning),
		cmocka_unit_test(test_how_far_it_may_go),
		cmocka_unit_test(test_slow_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
