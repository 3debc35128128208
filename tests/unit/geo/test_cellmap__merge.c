/* test_cellmap__merge.c - more cells than numbers: the smallest are merged. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <math.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "tests/unit/geo/cellmap_build.h"

#define COLUMNS 300u

/* A position of its own for each @i, 25 (5 rows and columns) in a square. */
static struct cellmap_override nth(unsigned i)
{
	struct cellmap_override o = {.has_place = true};

	o.prefix.base = addr_from_v4_host(i << 8);
	o.prefix.bits = 24;
	o.lat_deg = (float)(i / COLUMNS) / 10 + 0.05f;
	o.lon_deg = (float)(i % COLUMNS) / 10 + 0.05f;
	return o;
}

static uint16_t cell_of(const struct cellmap *map, unsigned i)
{
	struct addr addr = addr_from_v4_host(i << 8);

	return cellmap_cell(map, &addr);
}

static void cells_up_to_65535_are_each_their_own(void **state)
{
	struct cellmap_override *list = mem_array(65535, sizeof(*list));
	struct cellmap *map;

	(void)state;
	for (unsigned i = 0; i < 65535; i++)
		list[i] = nth(i);
	map = build(NULL, list, 65535);
	assert_int_equal(cellmap_stats(map)->cells, 65535);
	assert_int_equal(cellmap_stats(map)->merged_cells, 0);
	assert_int_not_equal(cell_of(map, 0), cell_of(map, 1));
	cellmap_free(&map);
	mem_free(list);
}

/* Two too many: the smallest two lose their place; their square is a third
 * cell, so a third one goes too. */
static void of_more_the_smallest_overrides_are_merged(void **state)
{
	enum { COUNT = 65537 };
	struct cellmap_override *list = mem_array(COUNT, sizeof(*list));
	struct cellmap_place place;
	struct addr addr = addr_from_v4_host(7 << 8);
	struct cellmap *map;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		list[i] = nth(i);
	/* Columns 5 to 9 of the first row are in one square. */
	for (unsigned i = 5; i < 8; i++)
		list[i].prefix.bits = 30;
	map = build(NULL, list, COUNT);
	assert_int_equal(cellmap_stats(map)->cells, 65535);
	assert_int_equal(cellmap_stats(map)->merged_cells, 3);
	assert_int_equal(cell_of(map, 5), cell_of(map, 6));
	assert_int_equal(cell_of(map, 5), cell_of(map, 7));
	assert_int_not_equal(cell_of(map, 5), cell_of(map, 8));
	assert_int_equal(cellmap_cell_addresses(map, cell_of(map, 5)), 12);
	/* The place is still told exactly. */
	cellmap_find(map, &addr, &place);
	assert_true(fabsf(place.lon_deg - 0.75f) < 1e-5f);
	cellmap_free(&map);
	mem_free(list);
}

static void carriers_are_given_up_before_places(void **state)
{
	enum { PLACES = 40000 };
	struct cellmap_override *list = mem_array(2 * PLACES, sizeof(*list));
	unsigned count, without = 0;
	const struct cellmap_cell *cells;
	struct cellmap *map;
	struct cellmap_place place;
	struct addr addr = addr_from_v4_host(0);

	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		list[i] = nth(i);
		list[PLACES + i].prefix = list[i].prefix;
		/* Small ones first: half of a network has a carrier. */
		list[PLACES + i].prefix.bits = i < PLACES / 2 ? 28 : 25;
		strcpy(list[PLACES + i].carrier, "one");
	}
	map = build(NULL, list, 2 * PLACES);
	cells = cellmap_cells(map, &count);
	assert_int_equal(count - 1, 65535);
	assert_int_equal(cellmap_stats(map)->merged_cells, 80000 - 65535);
	for (unsigned i = 1; i < count; i++)
		without += cells[i].carrier == 0;
	assert_int_equal(without, PLACES);
	/* A small one's clients are in the cell without a carrier... */
	assert_int_equal(cells[cell_of(map, 0)].carrier, 0);
	assert_int_equal(cellmap_cell_addresses(map, cell_of(map, 0)), 256);
	cellmap_find(map, &addr, &place);
	assert_true(sv_eq(place.carrier, SV("one")));
	/* ... a large one's are not. */
	assert_int_equal(cells[cell_of(map, PLACES - 1)].carrier,
			 cellmap_carrier_id(SV("one")));
	cellmap_free(&map);
	mem_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_up_to_65535_are_each_their_own),
		cmocka_unit_test(of_more_the_smallest_overrides_are_merged),
		cmocka_unit_test(carriers_are_given_up_before_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
