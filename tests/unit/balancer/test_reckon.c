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
		cmocka_unit_test(test_slow_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
