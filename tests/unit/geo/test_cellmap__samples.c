/* test_cellmap__samples.c - cells as seen from inside: samples and places. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <pthread.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/geo/cellmap_build.h"

static void check_samples(const struct cellmap *map, uint16_t cell)
{
	for (double a = 0; a < 1; a += 0.0625)
		for (double b = 0; b < 1; b += 0.124999) {
			struct addr addr;

			if (cellmap_sample(map, cell, a, b, &addr) < 0)
				fail_msg("cell %u has no sample", cell);
			assert_int_equal(cellmap_cell(map, &addr), cell);
		}
}

static void samples_lie_in_their_cell(void **state)
{
	struct cellmap *map =
		build(PATHS(DATA "flat4.mmdb", DATA "flat6.mmdb"), NULL, 0);
	struct addr first = addr_of("0.0.0.0"), addr;
	unsigned count;

	(void)state;
	(void)cellmap_cells(map, &count);
	for (unsigned c = 1; c < count; c++)
		check_samples(map, (uint16_t)c);
	/* Tokyo has the first address, and never one outside of it. */
	assert_int_equal(
		cellmap_sample(map, cellmap_cell(map, &first), 0, 0, &addr), 0);
	assert_true(addr_eq(&addr, &first));
	assert_int_equal(cellmap_sample(map, 0, 0, 0, &addr), ERR_NOTFOUND);
	assert_int_equal(cellmap_sample(map, (uint16_t)count, 0, 0, &addr),
			 ERR_NOTFOUND);
	cellmap_free(&map);
}

static void samples_follow_the_share_of_networks(void **state)
{
	const struct cellmap_override list[] = {
		override_of("10.0.0.0/8", 5, 6, "", "big"),
		override_of("192.0.2.0/24", 5, 6, "", "small"),
		override_of("2001:db8::/32", 7, 8, "", "only IPv6"),
	};
	struct cellmap *map = build(NULL, list, 3);
	struct addr addr = addr_of("2001:db8::1");
	uint16_t only_v6 = cellmap_cell(map, &addr);
	unsigned big = 0;

	(void)state;
	assert_int_equal(cellmap_sample(map, only_v6, 0, 0, &addr),
			 ERR_NOTFOUND);
	addr = addr_of("10.0.0.1");
	for (unsigned i = 0; i < 1000; i++) {
		struct addr sample;

		assert_int_equal(cellmap_sample(map, cellmap_cell(map, &addr),
						i / 1000.0, 0.999, &sample),
				 0);
		big += sample.bytes[0] == 10;
	}
	assert_int_equal(big, 1000);
	assert_int_equal(cellmap_sample(map, cellmap_cell(map, &addr),
					0.999999999, 0.5, &addr),
			 0);
	assert_int_equal(addr.bytes[0], 192);
	cellmap_free(&map);
}

static void places_have_dense_numbers(void **state)
{
	struct cellmap *map = build(PATHS(DATA "flat4.mmdb"), NULL, 0);
	struct addr in = addr_of("8.8.8.8"), out = addr_of("8.8.7.0");
	uint32_t id = cellmap_place_id(map, &in);
	struct cellmap_place by_id, by_addr;

	(void)state;
	assert_int_equal(cellmap_place_count(map),
			 cellmap_stats(map)->places + 1);
	assert_true(id > 0 && id < cellmap_place_count(map));
	assert_int_equal(cellmap_place_id(map, &out), 0);
	cellmap_place(map, id, &by_id);
	cellmap_find(map, &in, &by_addr);
	assert_int_equal(by_id.cell, by_addr.cell);
	assert_true(sv_eq(by_id.city, by_addr.city));
	cellmap_place(map, 0, &by_id);
	assert_int_equal(by_id.source, CELLMAP_NOWHERE);
	cellmap_free(&map);
}

static void *sample_all(void *arg)
{
	const struct cellmap *map = arg;
	unsigned count;

	(void)cellmap_cells(map, &count);
	for (unsigned c = 1; c < count; c++) {
		struct addr addr;

		if (cellmap_sample(map, (uint16_t)c, 0.5, 0.5, &addr) < 0 ||
		    cellmap_cell(map, &addr) != c)
			return arg;
	}
	return NULL;
}

/* The first samples of two threads make the index at once. */
static void threads_may_sample_together(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct cellmap *map = build(PATHS(DATA "flat4.mmdb"), NULL, 0);
		pthread_t other;
		void *result;

		assert_int_equal(pthread_create(&other, NULL, sample_all, map),
				 0);
		assert_null(sample_all(map));
		assert_int_equal(pthread_join(other, &result), 0);
		assert_null(result);
		cellmap_free(&map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_lie_in_their_cell),
		cmocka_unit_test(samples_follow_the_share_of_networks),
		cmocka_unit_test(places_have_dense_numbers),
		cmocka_unit_test(threads_may_sample_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
