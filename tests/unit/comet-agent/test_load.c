/* Processor use from /proc/stat. */
#include "comet-agent/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *rule, *text;
		int ok;
		uint64_t busy, total;
	} rows[] = {
		{"ten columns, guests counted once",
		 "cpu  10 1 5 100 7 2 3 4 9 9\ncpu0 1\n", 1, 25, 132},
		{"eight columns", "cpu  10 1 5 100 7 2 3 4\n", 1, 25, 132},
		{"seven columns", "cpu  10 1 5 100 7 2 3\n", 0, 0, 0},
		{"one core's line", "cpu0 10 1 5 100 7 2 3 4\n", 0, 0, 0},
		{"not a number", "cpu  10 x 5 100 7 2 3 4\n", 0, 0, 0},
		{"a number that would overflow the sum",
		 "cpu  18446744073709551615 1 5 100 7 2 3 4\n", 0, 0, 0},
		{"nothing", "", 0, 0, 0},
	};
	struct load_cpu cpu;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((load_cpu_parse(sv_str(rows[i].text), &cpu) == 0) !=
		    rows[i].ok)
			fail_msg("%s", rows[i].rule);
		if (rows[i].ok &&
		    (cpu.busy != rows[i].busy || cpu.total != rows[i].total))
			fail_msg("%s: values", rows[i].rule);
	}
}

static void test_pct(void **state)
{
	static const struct {
		const char *rule;
		struct load_cpu before, after;
		double want;
	} rows[] = {
		{"half", {100, 1000}, {150, 1100}, 50},
		{"idle", {100, 1000}, {100, 1100}, 0},
		{"full", {100, 1000}, {200, 1100}, 100},
		{"the first time", {0, 0}, {100, 1000}, -1},
		{"no time passed", {100, 1000}, {100, 1000}, -1},
		{"backwards", {100, 1000}, {90, 1100}, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (load_cpu_pct(&rows[i].before, &rows[i].after) !=
		    rows[i].want)
			fail_msg("%s", rows[i].rule);
}

static void test_sample(void **state)
{
	struct load_cpu cpu = {0};
	double pct;

	(void)state;
	assert_true(load_cpu_sample(&cpu) == -1);
	pct = load_cpu_sample(&cpu);
	assert_true(pct == -1 || (pct >= 0 && pct <= 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_pct),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
