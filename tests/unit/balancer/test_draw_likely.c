/*
 * test_draw_likely.c - what is found is what a plain look at each draw finds,
 * by hand and by vector, for every number of draws.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "balancer/draw_likely.h"
#include "lib/base/def.h"
#include "lib/base/rng.h"

#define DRAWS_MAX 300
#define TOP	  9223372036854775808.0 /* the farthest, for a weight of 1 */

typedef unsigned find_fn(const struct draw_likely_query *query,
			 const struct snapshot_draw *draws, uint32_t count,
			 struct draw_likely *likely_r);

static find_fn *const ways[] = {draw_likely_find, draw_likely_by_hand};

static bool is_likely(const struct draw_likely_query *query,
		      const struct snapshot_draw *draw)
{
	double far = draw_scan_far(draw_scan_hash(draw->id_hash, query->key),
				   draw->inv_weight);

	return (draw->families & query->families) && far <= query->limit;
}

static void assert_finds(find_fn *find, const struct draw_likely_query *query,
			 const struct snapshot_draw *draws, uint32_t count)
{
	struct draw_likely likely;
	bool met[DRAWS_MAX] = {false};
	unsigned want = 0, found = find(query, draws, count, &likely);

	for (uint32_t i = 0; i < count; i++)
		want += is_likely(query, &draws[i]);
	if (want > DRAW_LIKELY_MAX) {
		assert_true(found > DRAW_LIKELY_MAX);
		return;
	}
	assert_int_equal(found, want);
	for (unsigned i = 0; i < found; i++) {
		uint32_t index = likely.index[i];

		assert_true(index < count && !met[index]);
		met[index] = true;
		assert_true(is_likely(query, &draws[index]));
		assert_true(likely.hash[i] ==
			    draw_scan_hash(draws[index].id_hash, query->key));
	}
}

/* Memory whose end no read may pass. */
struct guarded {
	char *base;
	struct snapshot_draw *end;
};

static struct guarded guarded_new(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes =
		(DRAWS_MAX * sizeof(struct snapshot_draw) / page + 1) * page;
	struct guarded g = {.base = mmap(NULL, bytes + page, PROT_NONE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};

	assert_true(g.base != MAP_FAILED);
	assert_int_equal(mprotect(g.base, bytes, PROT_READ | PROT_WRITE), 0);
	g.end = (struct snapshot_draw *)(void *)(g.base + bytes);
	return g;
}

static struct snapshot_draw *random_draws(const struct guarded *g,
					  struct rng *rng, uint32_t count)
{
	struct snapshot_draw *draws = g->end - count;

	for (uint32_t i = 0; i < count; i++)
		draws[i] = (struct snapshot_draw){
			.id_hash = rng_u64(rng),
			.inv_weight = (float)(count * (0.5 + rng_unit(rng))),
			.node = (uint32_t)rng_below(rng, 1U << 30),
			.families = (unsigned)rng_below(rng, 4) & 3,
		};
	return draws;
}

static void test_finds_what_is_near(void **state)
{
	static const double limits[] = {0, 0.5, 5, 12, 40, 1000};
	struct guarded g = guarded_new();
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (uint32_t count = 0; count <= DRAWS_MAX; count++) {
		struct snapshot_draw *draws = random_draws(&g, &rng, count);

		for (size_t l = 0; l < ARRAY_LEN(limits); l++)
			for (uint32_t families = 1; families <= 3; families++) {
				const struct draw_likely_query query = {
					.key = rng_u64(&rng),
					.limit = limits[l] * TOP,
					.families = families,
				};

				for (size_t w = 0; w < ARRAY_LEN(ways); w++)
					assert_finds(ways[w], &query, draws,
						     count);
			}
	}
}

/* A weight that is no more: far is infinite, or no number. */
static void test_draws_without_weight_are_not_near(void **state)
{
	const struct draw_likely_query query = {
		.key = 1, .limit = 1000 * TOP, .families = CARD_HAS_BOTH};
	struct snapshot_draw draws[6];
	struct draw_likely likely;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(draws); i++)
		draws[i] = (struct snapshot_draw){
			.id_hash = i,
			.inv_weight = i == 3 ? 1 : INFINITY,
			.families = CARD_HAS_BOTH,
		};
	for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
		assert_int_equal(
			ways[w](&query, draws, ARRAY_LEN(draws), &likely), 1);
		assert_int_equal(likely.index[0], 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_is_near),
		cmocka_unit_test(test_draws_without_weight_are_not_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
