/* The pace of a drain. */
#include "comet-agent/drain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
	const char *rule;
	size_t total;
	int64_t duration_ms, at_ms;
	size_t open, want;
};

static const struct row rows[] = {
	{"none at the start", 100, 1000, 0, 100, 0},
	{"half at half time", 100, 1000, 500, 100, 50},
	{"those that left by themselves count", 100, 1000, 500, 60, 10},
	{"ahead of the pace nobody goes", 100, 1000, 500, 40, 0},
	{"all but one just before the end", 100, 1000, 999, 100, 99},
	{"all at the end", 100, 1000, 1000, 7, 7},
	{"all long after the end, those who came late too", 1, 1000, 9000, 5,
	 5},
	{"a duration of 0 is at once", 100, 0, 0, 100, 100},
	{"one session goes at the end", 1, 1000, 999, 1, 0},
	{"nobody there", 0, 1000, 500, 0, 0},
	{"a clock before the start", 100, 1000, -5, 100, 0},
};

static void test_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct drain drain = {0};
		size_t due;

		drain_start(&drain, row->total, row->duration_ms, 10000);
		due = drain_due(&drain, row->open, 10000 + row->at_ms);
		if (due != row->want)
			fail_msg("%s: %zu", row->rule, due);
	}
}

static void test_even_pace(void **state)
{
	struct drain drain = {0};
	size_t open = 1000, due;

	(void)state;
	drain_start(&drain, open, 5000, 0);
	for (int64_t now_ms = 20; now_ms <= 5000; now_ms += 20) {
		due = drain_due(&drain, open, now_ms);
		assert_in_range(due, 3, 5); /* 4 in each 20 ms */
		open -= due;
	}
	assert_int_equal(open, 0);
}

static void test_off_and_again(void **state)
{
	struct drain drain = {0};

	(void)state;
	assert_int_equal(drain_due(&drain, 100, 999999), 0);
	drain_start(&drain, 100, 1000, 0);
	assert_int_equal(drain_due(&drain, 100, 950), 95);
	drain_start(&drain, 50, 5000, 1000); /* those left go slower now */
	assert_int_equal(drain_due(&drain, 50, 2000), 10);
	drain_stop(&drain);
	assert_int_equal(drain_due(&drain, 100, 2000), 0);
	drain_start(&drain, 50, 1000, 3000);
	assert_int_equal(drain_due(&drain, 50, 3000), 0);
}

static const struct wish_row {
	const char *rule;
	struct drain_wish wish;
	size_t total, open;
	int64_t want_ms; /* at 1000000 ms, 5000 ms being usual */
} wish_rows[] = {
	{"nothing said: as usual", {0, 0}, 100, 100, 5000},
	{"nothing said, half has gone", {0, 0}, 100, 50, 2500},
	{"ten percent a minute", {10, 0}, 100, 100, 600000},
	{"the slowest pace", {1, 0}, 100, 100, 6000000},
	{"the fastest pace", {100, 0}, 100, 100, 60000},
	{"a quarter is left", {10, 0}, 100, 25, 150000},
	{"more came than there were", {10, 0}, 100, 200, 600000},
	{"nobody was there", {10, 0}, 0, 0, 600000},
	{"the end cuts the pace", {10, 1000000 + 60000}, 100, 100, 60000},
	{"the pace is over before", {100, 1000000 + 90000}, 100, 100, 60000},
	{"an end alone is kept", {0, 1000000 + 90000}, 100, 50, 90000},
	{"the end is past", {10, 999999}, 100, 100, 0},
	{"the end alone is past", {0, 999999}, 100, 100, 0},
};

static void test_wish(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wish_rows) / sizeof(wish_rows[0]); i++) {
		const struct wish_row *row = &wish_rows[i];
		int64_t got = drain_wish_time_ms(&row->wish, 5000, row->total,
						 row->open, 1000000);

		if (got != row->want_ms)
			fail_msg("%s: %d", row->rule, (int)got);
	}
}

static void test_wish_differs(void **state)
{
	struct drain_wish a = {10, 100000}, b = a;

	(void)state;
	assert_false(drain_wish_differs(&a, &b, 5000));
	b.end_ms += 3000; /* told in whole seconds, renewed late */
	assert_false(drain_wish_differs(&a, &b, 5000));
	b.end_ms++;
	assert_true(drain_wish_differs(&a, &b, 5000));
	assert_true(drain_wish_differs(&b, &a, 5000));
	b = (struct drain_wish){11, 100000};
	assert_true(drain_wish_differs(&a, &b, 5000));
	/* Once it is over the end is always now. */
	b = (struct drain_wish){10, 190000};
	assert_false(drain_wish_differs(&a, &b, 190000));
	assert_true(drain_wish_differs(&a, &b, 186999));
	b = (struct drain_wish){10, 0};
	assert_true(drain_wish_differs(&a, &b, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_even_pace),
		cmocka_unit_test(test_off_and_again),
		cmocka_unit_test(test_wish),
		cmocka_unit_test(test_wish_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
