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
	drain_start(&drain, 100, 1, 900); /* changes nothing */
	assert_int_equal(drain_due(&drain, 100, 950), 95);
	drain_stop(&drain);
	assert_int_equal(drain_due(&drain, 100, 2000), 0);
	drain_start(&drain, 50, 1000, 3000);
	assert_int_equal(drain_due(&drain, 50, 3000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_even_pace),
		cmocka_unit_test(test_off_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
