/* Numbers of sessions: never the same for two, found while they live. */
#include "comet-agent/session_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT 1000

static struct session *fake(size_t n)
{
	/* The table only keeps the pointer. */
	return (struct session *)(n * 16 + 16);
}

static void test_numbers(void **state)
{
	struct session_table *table = session_table_new(5);
	uint64_t numbers[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		numbers[i] = session_table_add(table, fake(i));
		assert_true(numbers[i] != 0);
		assert_int_equal(session_table_worker(numbers[i]), 5);
	}
	assert_int_equal(session_table_count(table), COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_ptr_equal(session_table_find(table, numbers[i]),
				 fake(i));
	for (size_t i = 0; i < COUNT; i++)
		session_table_del(table, numbers[i]);
	assert_int_equal(session_table_count(table), 0);
	for (size_t i = 0; i < COUNT; i++)
		assert_null(session_table_find(table, numbers[i]));
	session_table_free(&table);
}

static void test_an_old_number_finds_nothing(void **state)
{
	struct session_table *table = session_table_new(0);
	uint64_t old = session_table_add(table, fake(1)), new;

	(void)state;
	session_table_del(table, old);
	new = session_table_add(table, fake(2)); /* the same slot */
	assert_int_equal((uint32_t) new, (uint32_t)old);
	assert_null(session_table_find(table, old));
	assert_ptr_equal(session_table_find(table, new), fake(2));
	session_table_del(table, new);
	session_table_free(&table);
}

static void test_numbers_from_outside(void **state)
{
	struct session_table *table = session_table_new(3);
	uint64_t number = session_table_add(table, fake(1));

	(void)state;
	assert_null(session_table_find(table, 0));
	assert_null(session_table_find(table, UINT64_MAX));
	assert_null(session_table_find(table, number + 1));
	assert_null(session_table_find(table, number ^ 1ULL << 32));
	assert_null(session_table_find(table, number ^ 1ULL << 40));
	session_table_del(table, number);
	session_table_free(&table);
}

static void test_walk(void **state)
{
	struct session_table *table = session_table_new(0);
	uint64_t numbers[10];
	size_t cursor = 0, seen = 0;

	(void)state;
	assert_null(session_table_next(table, &cursor));
	for (size_t i = 0; i < 10; i++)
		numbers[i] = session_table_add(table, fake(i));
	session_table_del(table, numbers[4]);
	cursor = 0;
	while (session_table_next(table, &cursor))
		seen++;
	assert_int_equal(seen, 9);
	for (size_t i = 0; i < 10; i++)
		if (i != 4)
			session_table_del(table, numbers[i]);
	session_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_an_old_number_finds_nothing),
		cmocka_unit_test(test_numbers_from_outside),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
