/*
 * test_cell_carry.c - old cells found in a new map.
 */
#include "balancer/cell_carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/base/def.h"

enum { TELECOM = 1, UNICOM = 3 };

static const struct cellmap_cell now[] = {
	{0, 0, "", 0},
	{-90, -180, "", 0},	    /* 1: the corner */
	{30.25F, 114.25F, "CN", 0}, /* 2: Wuhan */
	{30.26F, 114.25F, "CN", UNICOM},
	{30.25F, 114.25F, "HK", 0},   /* 4: another country */
	{50.1F, 8.6F, "DE", TELECOM}, /* 5: only carriers */
	{50.1F, 8.6F, "DE", UNICOM},  /* 6 */
	{50.45F, 8.6F, "DE", UNICOM}, /* 7: an override in the square */
	{90, 180, "", 0},	      /* 8: the other corner */
	{0.25F, 0.25F, "", 0},	      /* 9 */
};

static const struct row {
	const char *rule;
	struct cellmap_cell old;
	uint16_t want;
} rows[] = {
	{"the same cell", {30.25F, 114.25F, "CN", 0}, 2},
	{"its centre has moved in the square", {30.4F, 114.0F, "CN", 0}, 2},
	{"the same carrier", {30.25F, 114.25F, "CN", UNICOM}, 3},
	{"a carrier that has gone", {30.25F, 114.25F, "CN", TELECOM}, 2},
	{"across a border", {30.25F, 114.25F, "HK", 0}, 4},
	{"a country that has gone", {30.25F, 114.25F, "US", 0}, 0},
	{"the next square", {30.5F, 114.25F, "CN", 0}, 0},
	{"only carriers are left", {50.1F, 8.6F, "DE", 0}, 5},
	{"the nearer of two", {50.4F, 8.6F, "DE", UNICOM}, 7},
	{"the carrier before the distance", {50.4F, 8.6F, "DE", TELECOM}, 5},
	{"the first square", {-89.9F, -179.9F, "", 0}, 1},
	{"the last corner", {90, 180, "", 0}, 8},
	{"no country", {0.3F, 0.3F, "", 0}, 9},
};

static void test_cells_are_found(void **state)
{
	struct cellmap_cell old[ARRAY_LEN(rows) + 1] = {{0}};
	uint16_t to[ARRAY_LEN(rows) + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		old[i + 1] = rows[i].old;
	cell_carry_find(old, ARRAY_LEN(old), now, ARRAY_LEN(now), to);
	assert_int_equal(to[0], CELLMAP_UNKNOWN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (to[i + 1] != rows[i].want)
			fail_msg("%s: %u", rows[i].rule, to[i + 1]);
}

static void test_a_map_without_cells(void **state)
{
	uint16_t to[ARRAY_LEN(now)];

	(void)state;
	cell_carry_find(now, ARRAY_LEN(now), now, 1, to);
	for (size_t i = 0; i < ARRAY_LEN(now); i++)
		assert_int_equal(to[i], CELLMAP_UNKNOWN);
	cell_carry_find(now, 1, now, ARRAY_LEN(now), to);
	assert_int_equal(to[0], CELLMAP_UNKNOWN);
	/* A map is the same as itself. */
	cell_carry_find(now, ARRAY_LEN(now), now, ARRAY_LEN(now), to);
	for (size_t i = 0; i < ARRAY_LEN(now); i++)
		assert_int_equal(to[i], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells_are_found),
		cmocka_unit_test(test_a_map_without_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
