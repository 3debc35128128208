/*
 * test_rng.c - the generator's known outputs, its ranges and evenness.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/rng.h"

static void test_known_outputs(void **state)
{
	struct rng rng = {{1, 2, 3, 4}};

	(void)state;
	assert_true(rng_u64(&rng) == 11520);
	assert_true(rng_u64(&rng) == 0);
	assert_true(rng_u64(&rng) == 1509978240);
	assert_true(rng_u64(&rng) == 1215971899390074240);
	rng_seed(&rng, 1234567);
	assert_true(rng.s[0] == 6457827717110365317U);
	assert_true(rng.s[1] == 3203168211198807973U);
	assert_true(rng.s[2] == 9817491932198370423U);
	assert_true(rng.s[3] == 4593380528125082431U);
}

static void test_same_seed_same_sequence(void **state)
{
	struct rng a, b;

	(void)state;
	rng_seed(&a, 5);
	rng_seed(&b, 5);
	for (int i = 0; i < 100; i++)
		assert_true(rng_u64(&a) == rng_u64(&b));
	rng_seed(&b, 6);
	assert_true(rng_u64(&a) != rng_u64(&b));
	rng_seed_os(&a);
	rng_seed_os(&b);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void test_unit_range(void **state)
{
	struct rng rng;
	double sum = 0;

	(void)state;
	rng_seed(&rng, 9);
	for (int i = 0; i < 100000; i++) {
		double u = rng_unit(&rng);

		assert_true(u >= 0 && u < 1);
		sum += u;
	}
	assert_true(sum > 49500 && sum < 50500);
}

static void test_below_is_even(void **state)
{
	unsigned counts[7] = {0};
	struct rng rng;
	uint64_t bound = (1ULL << 63) + 1; /* half of all draws are redrawn */
	unsigned high = 0;

	(void)state;
	rng_seed(&rng, 11);
	for (int i = 0; i < 70000; i++)
		counts[rng_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 9600, 10400);
	for (int i = 0; i < 10000; i++) {
		uint64_t draw = rng_below(&rng, bound);

		assert_true(draw < bound);
		high += draw >= bound / 2;
	}
	assert_in_range(high, 4800, 5200);
	assert_int_equal(rng_below(&rng, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_outputs),
		cmocka_unit_test(test_same_seed_same_sequence),
		cmocka_unit_test(test_unit_range),
		cmocka_unit_test(test_below_is_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
