/* test_idset.c - ids by content, also when all hashes collide. */
#include "geo/idset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define THINGS 5000u

static bool same(uint32_t id, const void *wanted, const void *arg)
{
	const uint32_t *things = arg;

	return things[id] == *(const uint32_t *)wanted;
}

static void check(uint32_t hash_mask)
{
	static uint32_t things[THINGS];
	struct idset set;

	idset_init(&set);
	for (uint32_t i = 0; i < THINGS; i++) {
		things[i] = i * 2654435761u;
		assert_int_equal(idset_find(&set, things[i] & hash_mask, same,
					    &things[i], things),
				 IDSET_NONE);
		idset_add(&set, things[i] & hash_mask, i);
	}
	for (uint32_t i = 0; i < THINGS; i++)
		assert_int_equal(idset_find(&set, things[i] & hash_mask, same,
					    &things[i], things),
				 i);
	assert_int_equal(set.count, THINGS);
	idset_fini(&set);
}

static void spread_hashes(void **state)
{
	(void)state;
	check(UINT32_MAX);
}

static void equal_hashes_are_compared(void **state)
{
	(void)state;
	check(3);
}

static void a_set_may_be_finished_twice(void **state)
{
	struct idset set;

	(void)state;
	idset_init(&set);
	idset_fini(&set);
	idset_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spread_hashes),
		cmocka_unit_test(equal_hashes_are_compared),
		cmocka_unit_test(a_set_may_be_finished_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
