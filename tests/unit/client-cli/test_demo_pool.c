/*
 * test_demo_pool.c - addresses without a database, and (where it has been
 * fetched) with the real one: countries come by their weight.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "client/cli/demo_pool.h"
#include "client/cli/demo_world.h"
#include "geo/cellmap.h"

#define DATABASE "var/geo/city-ipv4.mmdb"
#define DRAWS	 20000

static void test_without_a_database(void **state)
{
	struct addr_prefix benchmarking;
	struct demo_pool *pool;
	struct rng rng;
	struct buf why;

	(void)state;
	assert_int_equal(addr_parse_prefix(SV("198.18.0.0/15"), &benchmarking),
			 0);
	rng_seed(&rng, 1);
	buf_init(&why, 256);
	assert_int_equal(demo_pool_new("", &rng, &pool, &why), 0);
	assert_false(demo_pool_has_places(pool));
	assert_int_equal(demo_pool_country_count(pool), 0);
	for (int i = 0; i < 1000; i++) {
		struct addr addr = demo_pool_draw(pool, &rng);

		assert_true(addr_in_prefix(&addr, &benchmarking));
	}
	demo_pool_free(&pool);
	demo_pool_free(&pool);
	buf_fini(&why);
}

static void test_wrong_files_are_named(void **state)
{
	struct demo_pool *pool;
	struct rng rng;
	struct buf why;

	(void)state;
	rng_seed(&rng, 1);
	buf_init(&why, 1024);
	assert_int_not_equal(
		demo_pool_new("/nonexistent.mmdb", &rng, &pool, &why), 0);
	assert_null(pool);
	assert_non_null(strstr(buf_cstr(&why), "/nonexistent.mmdb"));
	buf_fini(&why);
}

static void test_world(void **state)
{
	unsigned count;
	const struct demo_country *world = demo_world_countries(&count);

	(void)state;
	assert_true(count >= 40 && count < 128);
	for (unsigned i = 0; i < count; i++) {
		assert_true(world[i].millions > 0);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(world[i].code, world[k].code);
	}
}

/* How often the country of a drawn address is each of the world's. */
static void draw_countries(const struct demo_pool *pool, struct rng *rng,
			   unsigned *hits)
{
	static const char *const paths[] = {DATABASE};
	const struct cellmap_config config = {.paths = paths, .path_count = 1};
	unsigned count;
	const struct demo_country *world = demo_world_countries(&count);
	struct cellmap_place place;
	struct cellmap *map;
	struct buf why;

	buf_init(&why, 256);
	assert_int_equal(cellmap_build(&config, &map, &why), 0);
	for (int i = 0; i < DRAWS; i++) {
		struct addr addr = demo_pool_draw(pool, rng);

		cellmap_find(map, &addr, &place);
		for (unsigned k = 0; k < count; k++)
			hits[k] += memcmp(place.country, world[k].code, 2) == 0;
	}
	cellmap_free(&map);
	buf_fini(&why);
}

static void test_countries_come_by_their_weight(void **state)
{
	unsigned count, total = 0, hits[128] = {0};
	const struct demo_country *world = demo_world_countries(&count);
	struct demo_pool *pool;
	struct rng rng;
	struct buf why;

	(void)state;
	if (access(DATABASE, R_OK) != 0)
		skip();
	rng_seed(&rng, 1);
	buf_init(&why, 256);
	assert_int_equal(demo_pool_new(DATABASE, &rng, &pool, &why), 0);
	assert_true(demo_pool_has_places(pool));
	assert_int_equal(demo_pool_country_count(pool), count);
	draw_countries(pool, &rng, hits);
	for (unsigned i = 0; i < count; i++)
		total += world[i].millions;
	for (unsigned i = 0; i < count; i++) {
		double want = (double)DRAWS * world[i].millions / total;

		/* five standard deviations of a draw */
		assert_true((hits[i] - want) * (hits[i] - want) < 25 * want);
	}
	demo_pool_free(&pool);
	buf_fini(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_database),
		cmocka_unit_test(test_wrong_files_are_named),
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_countries_come_by_their_weight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
