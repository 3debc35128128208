/* test_most.c - the first few of many are those of a whole sort. */
#include "balancer/most.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/rng.h"

#define MANY 500

static int compare(const void *a, const void *b)
{
	const struct most_item *x = a, *y = b;

	if (x->per_s != y->per_s)
		return x->per_s > y->per_s ? -1 : 1;
	if (x->major != y->major)
		return x->major < y->major ? -1 : 1;
	return x->minor < y->minor ? -1 : x->minor > y->minor;
}

/* Few different rates, so that many are equal. */
static void the_same_as_a_sort(void **state)
{
	struct most most = {0};
	struct most_item all[MANY];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (unsigned round = 0; round < 200; round++) {
		size_t count = rng_below(&rng, MANY), max = rng_below(&rng, 40);

		most_begin(&most, max);
		for (size_t i = 0; i < count; i++) {
			all[i] = (struct most_item){
				.per_s = (double)rng_below(&rng, 20),
				.major = (uint32_t)rng_below(&rng, 5),
				.minor = (uint32_t)i};
			most_offer(&most, &all[i]);
		}
		most_sort(&most);
		qsort(all, count, sizeof(*all), compare);
		assert_int_equal(most.count, count < max ? count : max);
		for (size_t i = 0; i < most.count; i++)
			assert_int_equal(most.items[i].minor, all[i].minor);
	}
	most_fini(&most);
}

static void of_none_none(void **state)
{
	const struct most_item item = {.per_s = 1};
	struct most most = {0};

	(void)state;
	most_begin(&most, 0);
	most_offer(&most, &item);
	most_sort(&most);
	assert_int_equal(most.count, 0);
	most_fini(&most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_as_a_sort),
		cmocka_unit_test(of_none_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
