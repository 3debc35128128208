/* test_place_note.c - what answers say of places, and that notes say the same
 * as the map. */
#include "balancer/place_note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
	const char *rule;
	struct cellmap_place place;
	const char *want;
} rows[] = {
	{"nothing is known",
	 {.source = CELLMAP_NOWHERE},
	 ",\"source\":\"none\""},
	{"all is known",
	 {.source = CELLMAP_MMDB,
	  .country = "BR",
	  .lat_deg = -23.55F,
	  .lon_deg = -46.634F,
	  .area = {"Sao Paulo", 9}},
	 ",\"country\":\"BR\",\"area\":\"Sao Paulo\",\"lat\":-23.55,"
	 "\"lon\":-46.63,\"source\":\"mmdb\""},
	{"small numbers keep their zeros, zero has no sign",
	 {.source = CELLMAP_COUNTRY,
	  .country = "GH",
	  .lat_deg = 0.05F,
	  .lon_deg = -0.004F},
	 ",\"country\":\"GH\",\"lat\":0.05,\"lon\":0.00,"
	 "\"source\":\"country\""},
	{"the ends of the world, rounded away from zero",
	 {.source = CELLMAP_OVERRIDE, .lat_deg = -90, .lon_deg = 179.996F},
	 ",\"lat\":-90.00,\"lon\":180.00,\"source\":\"override\""},
	{"quotes and control bytes are escaped",
	 {.source = CELLMAP_MMDB, .area = {"a\"\\\n", 4}},
	 ",\"area\":\"a\\\"\\\\\\n\",\"lat\":0.00,\"lon\":0.00,"
	 "\"source\":\"mmdb\""},
	{"an area of 66 bytes is cut before the character that does not fit",
	 {.source = CELLMAP_MMDB,
	  .area = {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		   "xx"
		   "xx\xc3\xa3y",
		   66}},
	 ",\"area\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxx\",\"lat\":0.00,\"lon\":0.00,\"source\":\"mmdb\""},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct place_note note;
		char storage[1024];
		struct buf b;

		buf_init_fixed(&b, storage, sizeof(storage));
		place_note_from(&rows[i].place, &note);
		place_note_put(&b, &note);
		if (!sv_eq(buf_view(&b), sv_str(rows[i].want)))
			fail_msg("%s: %s", rows[i].rule, buf_cstr(&b));
	}
}

/* 40 networks with areas of 1 to 40 bytes: those that fit a note, and those
 * that are looked up. */
#define NETWORKS 40

static void test_same_as_map(void **state)
{
	struct cellmap_override list[NETWORKS];
	struct cellmap_config config = {.overrides = list,
					.override_count = NETWORKS};
	struct place_notes *notes;
	struct cellmap *map;
	struct buf why;

	(void)state;
	memset(list, 0, sizeof(list));
	for (unsigned i = 0; i < NETWORKS; i++) {
		list[i].prefix.base = addr_from_v4_host((i + 1) << 24);
		list[i].prefix.bits = 8;
		list[i].has_place = true;
		list[i].lat_deg = (float)i;
		list[i].lon_deg = (float)i * -2;
		strcpy(list[i].country, "DE");
		memset(list[i].area, 'a' + (int)i % 26, i + 1);
	}
	buf_init(&why, 1024);
	assert_int_equal(cellmap_build(&config, &map, &why), 0);
	notes = place_note_new(map);
	for (unsigned i = 0; i < NETWORKS + 2; i++) {
		struct addr addr = addr_from_v4_host(i << 24 | 7);
		struct cellmap_place place;
		struct place_note note;

		place_note_fetch(notes, &addr, CELLMAP_FIRST); /* hints */
		place_note_fetch(notes, &addr, CELLMAP_NEXT);
		cellmap_find(map, &addr, &place);
		place_note_find(notes, &addr, &note);
		assert_int_equal(note.cell, place.cell);
		assert_int_equal(note.source, place.source);
		assert_true(sv_eq(note.area, place.area));
		assert_memory_equal(note.country, place.country, 2);
		assert_int_equal(note.lat_hundredths,
				 (int)(place.lat_deg * 100));
	}
	place_note_free(&notes);
	cellmap_free(&map);
	buf_fini(&why);
}

static void test_empty_map(void **state)
{
	struct cellmap_config config = {.path_count = 0};
	struct place_notes *notes;
	struct place_note note;
	struct cellmap *map;
	struct addr addr = {.family = ADDR_NONE};
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(cellmap_build(&config, &map, &why), 0);
	notes = place_note_new(map);
	place_note_fetch(notes, &addr, CELLMAP_FIRST);
	addr.family = ADDR_V6;
	place_note_fetch(notes, &addr, CELLMAP_FIRST);
	place_note_fetch(notes, &addr, CELLMAP_NEXT);
	place_note_find(notes, &addr, &note);
	assert_int_equal(note.source, CELLMAP_NOWHERE);
	assert_int_equal(note.cell, CELLMAP_UNKNOWN);
	place_note_free(&notes);
	cellmap_free(&map);
	buf_fini(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_same_as_map),
		cmocka_unit_test(test_empty_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
