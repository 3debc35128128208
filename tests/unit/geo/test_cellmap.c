/* test_cellmap.c - from databases and overrides to cells and places. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/geodb.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "tests/unit/geo/cellmap_build.h"

struct find_row {
	const char *rule, *address;
	enum cellmap_source source;
	double lat, lon;
	const char *country, *area, *city;
};

static void check(const struct cellmap *map, const char *what,
		  const struct find_row *r)
{
	struct addr addr = addr_of(r->address);
	struct cellmap_place p;

	cellmap_find(map, &addr, &p);
	if (p.source != r->source || fabs((double)p.lat_deg - r->lat) > 1e-4 ||
	    fabs((double)p.lon_deg - r->lon) > 1e-4 ||
	    strcmp(p.country, r->country) != 0 ||
	    !sv_eq(p.area, sv_str(r->area)) || !sv_eq(p.city, sv_str(r->city)))
		fail_msg("%s: %s: %s %f %f %s " SV_FMT ", " SV_FMT, what,
			 r->rule, cellmap_source_str(p.source),
			 (double)p.lat_deg, (double)p.lon_deg, p.country,
			 SV_ARG(p.area), SV_ARG(p.city));
	if (p.cell != cellmap_cell(map, &addr) ||
	    (p.cell == CELLMAP_UNKNOWN) != (r->source == CELLMAP_NOWHERE))
		fail_msg("%s: %s: cell %u", what, r->rule, p.cell);
}

#define NOWHERE	 CELLMAP_NOWHERE, 0, 0, "", "", ""
#define BRISBANE CELLMAP_MMDB, -27.4679, 153.028, "AU", "Queensland", "Brisbane"
#define FUZHOU	 CELLMAP_MMDB, 26.0614, 119.306, "CN", "Fujian", "Fuzhou"
#define VIEW	 CELLMAP_MMDB, 37.422, -122.085, "US", "California", "Mountain View"
#define FRANKFURT                                                              \
	CELLMAP_MMDB, 50.1109, 8.68213, "DE", "Hesse", "Frankfurt am Main"
#define TOKYO CELLMAP_MMDB, 35.6895, 139.692, "JP", "Tokyo", "Chiyoda"

static const struct find_row find_rows[] = {
	{"the first address", "0.0.0.0", TOKYO},
	{"behind it", "0.0.0.1", NOWHERE},
	{"the first of a network", "1.0.0.0", BRISBANE},
	{"the last of a network", "1.0.0.255", BRISBANE},
	{"its neighbour", "1.0.1.0", FUZHOU},
	{"the end of two merged networks", "1.0.3.255", FUZHOU},
	{"a hole", "1.0.4.0", NOWHERE},
	{"no city and no area is the country's centre", "3.1.2.3",
	 CELLMAP_COUNTRY, 37.751, -97.822, "US", "", ""},
	{"so is the same position with an area", "4.1.2.3", CELLMAP_COUNTRY,
	 37.751, -97.822, "US", "Kansas", ""},
	{"an area elsewhere is a place", "5.1.2.3", CELLMAP_MMDB, 31, -100,
	 "US", "Texas", ""},
	{"no country", "6.1.2.3", CELLMAP_MMDB, 1.5, 2.5, "", "", "Nowhere"},
	{"around an inner network", "8.8.8.8", VIEW},
	{"the inner network", "8.8.8.128", FRANKFURT},
	{"the innermost network", "8.8.8.255", TOKYO},
	{"the last of two", "9.0.0.1", FRANKFURT},
	{"the next two", "9.0.0.2", TOKYO},
	{"behind them", "9.0.0.4", NOWHERE},
	{"the last address", "255.255.255.255", FRANKFURT},
	{"v4-mapped", "::ffff:8.8.8.8", VIEW},
	{"6to4", "2002:808:808::1", VIEW},
	{"NAT64", "64:ff9b::808:808", VIEW},
	{"not NAT64: other bits behind it", "64:ff9b:0:1::808:808", NOWHERE},
	{"IPv4-compatible is no IPv4", "::8.8.8.8", NOWHERE},
	{"IPv6", "2001:db8::1", BRISBANE},
	{"the last of an IPv6 network",
	 "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", BRISBANE},
	{"behind it", "2001:db9::", NOWHERE},
	{"below a /32", "2400:cb00:ffff::1", FUZHOU},
	{"below a /48", "2400:cb00:1:1::1", TOKYO},
	{"below a /64", "2400:cb00:1:2::", FRANKFURT},
	{"a single IPv6 address", "2400:cb00:1:2::1", VIEW},
	{"a pair of them", "2400:cb00:1:2::3", TOKYO},
	{"behind the pair", "2400:cb00:1:2::4", FRANKFURT},
	{"one but the last IPv6 address",
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", TOKYO},
	{"the last IPv6 address", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	 FRANKFURT},
	{"Teredo is not its server", "2001:0:808:808::1", NOWHERE},
};

static void every_layout_gives_the_same_map(void **state)
{
	static const struct {
		const char *what, *paths[3];
	} sets[] = {
		{"two flat files", {DATA "flat4.mmdb", DATA "flat6.mmdb"}},
		{"in the other order", {DATA "flat6.mmdb", DATA "flat4.mmdb"}},
		{"doubles", {DATA "flat4-double.mmdb", DATA "flat6.mmdb"}},
		{"24 bits", {DATA "standard24.mmdb"}},
		{"28 bits", {DATA "standard28.mmdb"}},
		{"32 bits", {DATA "standard32.mmdb"}},
		{"one over the other",
		 {DATA "standard32.mmdb", DATA "flat4.mmdb"}},
	};

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sets); s++) {
		struct cellmap *map = build(sets[s].paths, NULL, 0);

		for (size_t i = 0; i < ARRAY_LEN(find_rows); i++)
			check(map, sets[s].what, &find_rows[i]);
		cellmap_free(&map);
		assert_null(map);
	}
}

static void an_address_of_no_family_is_nowhere(void **state)
{
	struct cellmap *map = build(PATHS(DATA "flat4.mmdb"), NULL, 0);
	struct addr none = {.family = ADDR_NONE};
	struct cellmap_place place;

	(void)state;
	assert_int_equal(cellmap_cell(map, &none), CELLMAP_UNKNOWN);
	cellmap_find(map, &none, &place);
	assert_int_equal(place.source, CELLMAP_NOWHERE);
	cellmap_free(&map);
}

static void later_files_win_where_they_know_a_place(void **state)
{
	static const struct find_row rows[] = {
		{"only in the first", "1.0.0.1", BRISBANE},
		{"in both", "1.0.1.1", TOKYO},
		{"the second knows no position", "1.0.1.64", FUZHOU},
		{"behind that", "1.0.1.128", TOKYO},
		{"only in the second", "2.0.0.1", FRANKFURT},
	};
	struct cellmap *map =
		build(PATHS(DATA "flat4.mmdb", DATA "newer.mmdb"), NULL, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(map, "flat4 and newer", &rows[i]);
	cellmap_free(&map);
}

static void overrides_win_and_the_longest_of_them(void **state)
{
	static const struct find_row rows[] = {
		{"before it", "8.8.8.7", VIEW},
		{"an inner override", "8.8.8.8", CELLMAP_OVERRIDE, 1, 2, "AA",
		 "one", ""},
		{"a longer one, though it stands first", "8.8.8.9",
		 CELLMAP_OVERRIDE, 3, 4, "BB", "two", ""},
		{"out of it again", "8.8.8.10", CELLMAP_OVERRIDE, 1, 2, "AA",
		 "one", ""},
		{"a short override beats a long network", "9.0.0.1",
		 CELLMAP_OVERRIDE, 5, 6, "", "", ""},
		{"the later of two equal ones", "10.1.1.1", CELLMAP_OVERRIDE, 8,
		 8, "CC", "", ""},
		{"the end of the space", "255.255.255.255", CELLMAP_OVERRIDE, 1,
		 1, "", "end", ""},
		{"IPv6", "2001:db8:5::1", CELLMAP_OVERRIDE, -1, -2, "DD", "six",
		 ""},
		{"beside it", "2001:db8:6::1", BRISBANE},
	};
	const struct cellmap_override list[] = {
		override_of("8.8.8.9/32", 3, 4, "BB", "two"),
		override_of("8.8.8.8/29", 1, 2, "AA", "one"),
		override_of("9.0.0.0/8", 5, 6, "", ""),
		override_of("10.0.0.0/8", 7, 7, "CC", ""),
		override_of("10.0.0.0/8", 8, 8, "CC", ""),
		override_of("240.0.0.0/4", 1, 1, "", "end"),
		override_of("2001:db8:5::/48", -1, -2, "DD", "six"),
	};
	struct cellmap *map =
		build(PATHS(DATA "standard28.mmdb"), list, ARRAY_LEN(list));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(map, "overrides", &rows[i]);
	cellmap_free(&map);
}

static void overrides_of_one_place_share_a_cell(void **state)
{
	const struct cellmap_override list[] = {
		override_of("10.0.0.0/8", 50.1109f, 8.68213f, "DE", "a"),
		override_of("11.0.0.0/8", 50.1109f, 8.68213f, "DE", "b"),
		override_of("12.0.0.0/8", 50.1110f, 8.68213f, "DE", "a"),
		override_of("13.0.0.0/8", 50.1109f, 8.68213f, "FR", "a"),
	};
	struct cellmap *map =
		build(PATHS(DATA "flat4.mmdb"), list, ARRAY_LEN(list));
	uint16_t cell[5];
	unsigned count;
	const struct cellmap_cell *cells = cellmap_cells(map, &count);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct addr addr = addr_from_v4_host((9 + i) << 24);

		cell[i] = cellmap_cell(map, &addr);
	}
	/* The first is the database's Frankfurt, whose square is another. */
	assert_int_not_equal(cell[0], cell[1]);
	assert_int_equal(cell[1], cell[2]);
	assert_int_not_equal(cell[1], cell[3]);
	assert_int_not_equal(cell[1], cell[4]);
	assert_true(cell[4] < count);
	assert_string_equal(cells[cell[4]].country, "FR");
	assert_true(fabsf(cells[cell[1]].lat_deg - 50.1109f) < 1e-5f);
	assert_int_equal(cellmap_cell_addresses(map, cell[1]), 2u << 24);
	cellmap_free(&map);
}

static void without_any_database_overrides_answer(void **state)
{
	const struct cellmap_override one =
		override_of("192.0.2.0/24", 1, 2, "AA", "x");
	static const struct find_row inside = {
		"in", "192.0.2.9", CELLMAP_OVERRIDE, 1, 2, "AA", "x", ""};
	static const struct find_row outside = {"out", "192.0.3.0", NOWHERE};
	struct cellmap *map = build(NULL, &one, 1);

	(void)state;
	check(map, "no database", &inside);
	check(map, "no database", &outside);
	assert_int_equal(cellmap_stats(map)->cells, 1);
	assert_int_equal(cellmap_stats(map)->database_wall_s, 0);
	cellmap_free(&map);
	map = build(NULL, NULL, 0);
	check(map, "nothing at all", &outside);
	assert_int_equal(cellmap_stats(map)->cells, 0);
	cellmap_free(&map);
	cellmap_free(&map);
}

static void figures_of_the_build(void **state)
{
	struct cellmap *map =
		build(PATHS(DATA "flat4.mmdb", DATA "flat6.mmdb"), NULL, 0);
	const struct cellmap_stats *s = cellmap_stats(map);
	uint64_t addresses = 0;
	unsigned count;

	(void)state;
	(void)cellmap_cells(map, &count);
	assert_int_equal(s->cells, count - 1);
	/* Five cities, Texas, Nowhere, the country's centre and its twin in
	 * Kansas; these two share a square. */
	assert_int_equal(s->places, 9);
	assert_int_equal(s->cells, 8);
	assert_int_equal(s->ipv4_networks, 20);
	assert_true(s->ipv6_networks > 90); /* split around inner ones */
	assert_int_equal(s->database_wall_s, 1780000000);
	assert_true(s->memory_bytes > 1 << 20 && s->memory_bytes < 4 << 20);
	assert_true(s->build_ms >= 0);
	for (unsigned c = 0; c < count; c++)
		addresses += cellmap_cell_addresses(map, (uint16_t)c);
	assert_true(addresses == (uint64_t)1 << 32);
	assert_int_equal(cellmap_cell_addresses(map, 65535), 0);
	cellmap_free(&map);
}

static void a_centre_is_the_mean_weighted_by_addresses(void **state)
{
	/* Not overrides: these have exact cells. Kansas and its centre have
	 * one square; all have one position, so look at the country. */
	struct cellmap *map = build(PATHS(DATA "flat4.mmdb"), NULL, 0);
	struct addr addr = addr_of("3.0.0.1");
	unsigned count;
	const struct cellmap_cell *cells = cellmap_cells(map, &count);
	const struct cellmap_cell *cell = &cells[cellmap_cell(map, &addr)];

	(void)state;
	assert_true(fabsf(cell->lat_deg - 37.751f) < 1e-4f);
	assert_true(fabsf(cell->lon_deg + 97.822f) < 1e-4f);
	assert_string_equal(cell->country, "US");
	/* From south to north. */
	for (unsigned c = 2; c < count; c++)
		assert_true(cells[c - 1].lat_deg <= cells[c].lat_deg);
	cellmap_free(&map);
}

static void equal_input_gives_equal_maps(void **state)
{
	const struct cellmap_override list[] = {
		override_of("8.8.8.8/29", 1, 2, "AA", "one"),
		override_of("9.0.0.0/8", 5, 6, "", ""),
	};
	struct cellmap *a = build(PATHS(DATA "standard24.mmdb"), list, 2);
	struct cellmap *b = build(PATHS(DATA "standard32.mmdb"), list, 2);
	unsigned a_count, b_count;
	const struct cellmap_cell *a_cells = cellmap_cells(a, &a_count);
	const struct cellmap_cell *b_cells = cellmap_cells(b, &b_count);

	(void)state;
	assert_int_equal(a_count, b_count);
	assert_memory_equal(a_cells, b_cells, a_count * sizeof(*a_cells));
	for (uint32_t i = 0; i < 1 << 16; i++) {
		struct addr addr = addr_from_v4_host(i << 16 | (i & 0xff));

		assert_int_equal(cellmap_cell(a, &addr),
				 cellmap_cell(b, &addr));
	}
	cellmap_free(&a);
	cellmap_free(&b);
}

static void long_names_are_cut_between_characters(void **state)
{
	struct cellmap *map = build(PATHS(DATA "standard28.mmdb"), NULL, 0);
	struct addr addr = addr_of("17.0.0.1");
	struct cellmap_place place;

	(void)state;
	cellmap_find(map, &addr, &place);
	assert_int_equal(place.area.len, 70);
	assert_int_equal(place.city.len, 254); /* of 400; two bytes each */
	cellmap_free(&map);
}

static const struct refusal {
	const char *rule;
	const char *paths[3];
	int rc;
	const char *file, *reason;
} refusals[] = {
	{"missing",
	 {DATA "none.mmdb"},
	 -ENOENT,
	 "none.mmdb",
	 "give an existing"},
	{"the second one is broken",
	 {DATA "flat4.mmdb", DATA "bad-map.mmdb"},
	 ERR_CORRUPT,
	 "bad-map.mmdb",
	 "is damaged"},
	{"a country database",
	 {DATA "country.mmdb"},
	 ERR_UNSUPPORTED,
	 "country.mmdb",
	 "no coordinates"},
	{"too many networks",
	 {DATA "shared.mmdb"},
	 ERR_LIMIT,
	 "shared.mmdb",
	 "more networks"},
};

static void one_bad_file_is_no_map(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct cellmap_config config = {
			.paths = r->paths, .path_count = r->paths[1] ? 2 : 1};
		struct cellmap *map = NULL;
		struct buf why;
		int rc;

		buf_init(&why, 1024);
		rc = cellmap_build(&config, &map, &why);
		if (rc != r->rc || map || !strstr(buf_cstr(&why), r->file) ||
		    !strstr(buf_cstr(&why), r->reason))
			fail_msg("%s: %d: %s", r->rule, rc, buf_cstr(&why));
		buf_fini(&why);
	}
}

static void overrides_off_the_globe_are_refused(void **state)
{
	static const float bad[][2] = {
		{90.1f, 0}, {0, -180.5f}, {NAN, 0}, {0, INFINITY}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cellmap_override o = override_of(
			"192.0.2.0/24", bad[i][0], bad[i][1], "", "");
		struct cellmap_config config = {.overrides = &o,
						.override_count = 1};
		struct cellmap *map = NULL;
		struct buf why;

		buf_init(&why, 256);
		assert_int_equal(cellmap_build(&config, &map, &why), ERR_RANGE);
		assert_non_null(strstr(buf_cstr(&why), "192.0.2.0"));
		buf_fini(&why);
	}
}

static struct addr random_addr(struct rng *rng)
{
	/* First bytes of the regions' large IPv6 blocks. */
	static const uint8_t blocks[][2] = {{0x20, 0x01}, {0x24, 0x00},
					    {0x26, 0x00}, {0x28, 0x00},
					    {0x2a, 0x00}, {0x2c, 0x0f}};
	struct addr addr = {.family = ADDR_V6};
	uint64_t r = rng_u64(rng);

	if (r & 1)
		return addr_from_v4_host((uint32_t)(r >> 32));
	for (int i = 0; i < 16; i++)
		addr.bytes[i] = (uint8_t)rng_u64(rng);
	if (r & 2) {
		addr.bytes[0] = blocks[(r >> 8) % 6][0];
		addr.bytes[1] = (uint8_t)(blocks[(r >> 8) % 6][1] |
					  ((r >> 16) & 3 & (r >> 24)));
	}
	return addr;
}

static void compare(const struct cellmap *map, struct geodb *db,
		    const struct addr *addr)
{
	struct geodb_place want = {0};
	struct cellmap_place got;
	char text[ADDR_TEXT_MAX];
	bool is_found = geodb_lookup(db, addr, &want) == 0 && want.has_position;

	cellmap_find(map, addr, &got);
	if ((got.source != CELLMAP_NOWHERE) != is_found)
		fail_msg("%s: known to one only", addr_text(addr, text));
	if (is_found &&
	    (got.lat_deg < want.lat_deg || got.lat_deg > want.lat_deg ||
	     got.lon_deg < want.lon_deg || got.lon_deg > want.lon_deg ||
	     strcmp(got.country, want.country) != 0 ||
	     !sv_eq(got.area, want.area) || !sv_eq(got.city, want.city) ||
	     got.cell != cellmap_cell(map, addr)))
		fail_msg("%s: two places", addr_text(addr, text));
}

/* The real database says the same through our table and the library. */
static void the_real_database_through_table_and_library(void **state)
{
	struct geodb *v4 = NULL, *v6 = NULL;
	struct cellmap *map;
	struct buf why;
	struct rng rng;

	(void)state;
	if (access(REAL_V4, R_OK) != 0 || access(REAL_V6, R_OK) != 0) {
		print_message("var/geo is not there: skipped\n");
		skip();
	}
	buf_init(&why, 1024);
	map = build(PATHS(REAL_V4, REAL_V6), NULL, 0);
	assert_int_equal(geodb_open(REAL_V4, GEODB_CITY, &v4, &why), 0);
	assert_int_equal(geodb_open(REAL_V6, GEODB_CITY, &v6, &why), 0);
	rng_seed(&rng, 2026);
	for (unsigned i = 0; i < 200000; i++) {
		struct addr addr = random_addr(&rng);
		struct addr host = addr_unmap(&addr);

		compare(map, host.family == ADDR_V4 ? v4 : v6, &addr);
	}
	assert_true(cellmap_stats(map)->memory_bytes < 170u << 20);
	geodb_close(&v4);
	geodb_close(&v6);
	cellmap_free(&map);
	buf_fini(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_gives_the_same_map),
		cmocka_unit_test(an_address_of_no_family_is_nowhere),
		cmocka_unit_test(later_files_win_where_they_know_a_place),
		cmocka_unit_test(overrides_win_and_the_longest_of_them),
		cmocka_unit_test(overrides_of_one_place_share_a_cell),
		cmocka_unit_test(without_any_database_overrides_answer),
		cmocka_unit_test(figures_of_the_build),
		cmocka_unit_test(a_centre_is_the_mean_weighted_by_addresses),
		cmocka_unit_test(equal_input_gives_equal_maps),
		cmocka_unit_test(long_names_are_cut_between_characters),
		cmocka_unit_test(one_bad_file_is_no_map),
		cmocka_unit_test(overrides_off_the_globe_are_refused),
		cmocka_unit_test(the_real_database_through_table_and_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
