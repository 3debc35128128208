/*
 * test_report_share.c - when there is another sum and when the same one.
 */
#include "registry/report_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void say(struct balancer_table *table, const char *id, double per_s,
		int64_t now_ms)
{
	struct report report = {.boot_epoch = 1, .queries_per_s = per_s};

	assert_int_equal(
		balancer_table_report(table, sv_str(id), &report, now_ms), 0);
}

static void expect(struct report_share *share, int64_t now_ms,
		   unsigned balancers, double per_s)
{
	struct report_sum *sum = report_share_take(share, now_ms);

	assert_int_equal(sum->balancers, balancers);
	assert_true(sum->queries_per_s == per_s);
	report_sum_free(&sum);
	assert_null(sum);
}

static void test_a_sum_is_shared_for_a_while(void **state)
{
	struct balancer_table *table = balancer_table_new(0);
	struct report_share *share = report_share_new(table);

	(void)state;
	expect(share, 0, 0, 0);
	say(table, "a", 10, 0);
	expect(share, 0, 1, 10); /* one more: at once */
	say(table, "a", 20, 500);
	expect(share, 899, 1, 10);
	expect(share, 900, 1, 20);
	expect(share, 5000, 1, 20);
	say(table, "a", 30, 5001); /* the sum is old: at once */
	expect(share, 5001, 1, 30);
	say(table, "b", 1, 5002);
	expect(share, 5002, 2, 31);
	report_share_free(&share);
	report_share_free(&share);
	balancer_table_free(&table);
}

static void test_nothing_new_is_no_other_sum(void **state)
{
	struct balancer_table *table = balancer_table_new(0);
	struct report_share *share = report_share_new(table);
	struct report_sum *first, *second;

	(void)state;
	say(table, "a", 10, 0);
	first = report_share_take(share, 0);
	second = report_share_take(share, 60000);
	assert_ptr_equal(first, second);
	report_sum_free(&second);
	/* who holds one keeps it, whatever comes */
	say(table, "a", 20, 60000);
	expect(share, 60000, 1, 20);
	report_share_free(&share);
	assert_true(first->queries_per_s == 10);
	report_sum_free(&first);
	balancer_table_free(&table);
}

static void test_who_is_silent_is_in_no_sum(void **state)
{
	struct balancer_table *table = balancer_table_new(0);
	struct report_share *share = report_share_new(table);

	(void)state;
	say(table, "a", 10, 0);
	expect(share, 0, 1, 10);
	for (int64_t now_ms = 0; now_ms <= 5000; now_ms += 100)
		balancer_table_advance(table, now_ms);
	expect(share, 1, 0, 0);
	report_share_free(&share);
	balancer_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sum_is_shared_for_a_while),
		cmocka_unit_test(test_nothing_new_is_no_other_sum),
		cmocka_unit_test(test_who_is_silent_is_in_no_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
