/*
 * test_slab.c - copies of all sizes keep apart and keep their bytes, what is
 * freed is used again, and threads share the pool.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/base/slab.h"

#define COPIES	  4000
#define LEN_MAX	  1500
#define ROUNDS	  50000
#define LINE_MASK 63

struct copy {
	char *bytes;
	size_t len;
	char fill;
};

static void put(struct copy *copy, size_t len, char fill)
{
	char text[LEN_MAX];

	memset(text, fill, len);
	*copy = (struct copy){slab_dup(text, len), len, fill};
}

static bool is_whole(const struct copy *copy)
{
	for (size_t i = 0; i < copy->len; i++)
		if (copy->bytes[i] != copy->fill)
			return false;
	return true;
}

static void drop(struct copy *copy)
{
	slab_free(copy->bytes, copy->len);
	copy->bytes = NULL;
	copy->len = 0;
}

/* Puts and drops at random; returns whether all copies kept their bytes. */
static void *churn(void *seed)
{
	static _Thread_local struct copy copies[COPIES];
	struct rng rng;
	bool whole = true;

	rng_seed(&rng, (uint64_t)(uintptr_t)seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct copy *copy = &copies[rng_below(&rng, COPIES)];

		whole &= is_whole(copy);
		if (copy->bytes)
			drop(copy);
		else
			put(copy, rng_below(&rng, LEN_MAX),
			    (char)rng_u64(&rng));
	}
	for (unsigned i = 0; i < COPIES; i++) {
		whole &= is_whole(&copies[i]);
		drop(&copies[i]);
	}
	return whole ? seed : NULL;
}

static void test_copies_keep_their_bytes(void **state)
{
	(void)state;
	assert_non_null(churn((void *)1));
}

static void test_threads_share_the_pool(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn,
						(void *)(i + 1)),
				 0);
	for (unsigned i = 0; i < 4; i++) {
		void *whole;

		assert_int_equal(pthread_join(threads[i], &whole), 0);
		assert_non_null(whole);
	}
}

#if !SLAB_IS_HEAP
static void test_small_ones_begin_a_cache_line(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 1024; len++) {
		char text[1024] = {0};
		char *copy = slab_dup(text, len);

		assert_int_equal((uintptr_t)copy & LINE_MASK, 0);
		slab_free(copy, len);
	}
}

static void test_freed_ones_serve_the_next_of_their_size(void **state)
{
	char *first = slab_dup("one", 3), *second;

	(void)state;
	slab_free(first, 3);
	second = slab_dup("another", 7);
	assert_ptr_equal(first, second);
	slab_free(second, 7);
	second = slab_dup("another", 7);
	assert_ptr_equal(first, second);
	slab_free(second, 7);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_keep_their_bytes),
		cmocka_unit_test(test_threads_share_the_pool),
#if !SLAB_IS_HEAP
		cmocka_unit_test(test_small_ones_begin_a_cache_line),
		cmocka_unit_test(test_freed_ones_serve_the_next_of_their_size),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
