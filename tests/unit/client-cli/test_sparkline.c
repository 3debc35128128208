/*
 * test_sparkline.c - bars and what they stand for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "client/cli/sparkline.h"

static const struct row {
	const char *rule;
	double values[8];
	size_t count, columns;
	const char *want;
} rows[] = {
	{"from nothing to the largest", {0, 50, 100}, 3, 10, "▁▅█"},
	{"what is not known is a space", {100, NAN, 100}, 3, 10, "█ █"},
	{"a part of a column is enough", {NAN, 8, 0, 0}, 4, 2, "█▁"},
	{"several values are their mean", {0, 8, 4, 4, 8, 8}, 6, 3, "▅▅█"},
	{"all the same", {7, 7}, 2, 10, "██"},
	{"all zero", {0, 0}, 2, 10, "▁▁"},
	{"below zero counts from the smallest", {-4, 0, 4}, 3, 10, "▁▅█"},
	{"nothing known", {NAN, NAN}, 2, 10, "  "},
	{"no values", {0}, 0, 10, ""},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;

		buf_init(&b, 256);
		sparkline_put(&b, rows[i].values, rows[i].count,
			      rows[i].columns);
		print_message("%s\n", rows[i].rule);
		assert_string_equal(buf_cstr(&b), rows[i].want);
		buf_fini(&b);
	}
}

static void test_facts(void **state)
{
	const double values[] = {NAN, 3, 1, 5, NAN};
	struct sparkline_facts f = sparkline_facts_of(values, 5);

	(void)state;
	assert_true(f.min == 1 && f.max == 5 && f.mean == 3 && f.last == 5);
	f = sparkline_facts_of(values, 1);
	assert_true(isnan(f.min) && isnan(f.max) && isnan(f.mean) &&
		    isnan(f.last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
