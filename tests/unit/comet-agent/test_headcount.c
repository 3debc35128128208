/* Counting names: limits, the last one out, many threads. */
#include "comet-agent/headcount.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void test_join_leave(void **state)
{
	struct headcount *table = headcount_new();
	struct headcount_name *a = headcount_join(table, SV("a"), 0);
	struct headcount_name *b = headcount_join(table, SV("b"), 0);

	(void)state;
	assert_ptr_equal(headcount_join(table, SV("a"), 0), a);
	assert_int_equal(headcount_now(a), 2);
	assert_int_equal(headcount_now(b), 1);
	assert_int_equal(headcount_names(table), 2);
	headcount_leave(table, a);
	assert_int_equal(headcount_now(a), 1);
	headcount_leave(table, a);
	headcount_leave(table, b);
	assert_int_equal(headcount_names(table), 0);
	headcount_free(&table);
}

static void test_limit(void **state)
{
	struct headcount *table = headcount_new();
	struct headcount_name *a = headcount_join(table, SV("a"), 2);

	(void)state;
	assert_ptr_equal(headcount_join(table, SV("a"), 2), a);
	assert_null(headcount_join(table, SV("a"), 2));
	assert_int_equal(headcount_now(a), 2);
	headcount_leave(table, a);
	assert_ptr_equal(headcount_join(table, SV("a"), 2), a);
	headcount_leave(table, a);
	headcount_leave(table, a);
	headcount_free(&table);
}

static void test_any_bytes(void **state)
{
	struct headcount *table = headcount_new();
	char longest[255];
	struct headcount_name *zeros =
		headcount_join(table, sv_of("\0\0\0\0", 4), 0);
	struct headcount_name *shorter =
		headcount_join(table, sv_of("\0\0\0", 3), 0);
	struct headcount_name *entry, *other;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	entry = headcount_join(table, sv_of(longest, sizeof(longest)), 0);
	assert_int_equal(headcount_names(table), 3);
	/* All 255 bytes count. */
	longest[254] = 'y';
	other = headcount_join(table, sv_of(longest, sizeof(longest)), 0);
	assert_ptr_not_equal(other, entry);
	headcount_leave(table, other);
	headcount_leave(table, zeros);
	headcount_leave(table, shorter);
	headcount_leave(table, entry);
	headcount_free(&table);
}

static struct headcount *shared;

static void *churn(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		char name = (char)('a' + i % 3);
		struct headcount_name *entry =
			headcount_join(shared, sv_of(&name, 1), 0);

		if (headcount_now(entry) == 0)
			return arg;
		headcount_leave(shared, entry);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[3];
	void *failed;

	(void)state;
	shared = headcount_new();
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, churn, &threads), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(headcount_names(shared), 0);
	headcount_free(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_leave),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
