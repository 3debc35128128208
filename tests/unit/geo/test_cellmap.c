/* test_cellmap.c - from databases and overrides to cells and places. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "geo/geodb.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define DATA	   "tests/data/mmdb/"
#define REAL_V4	   "var/geo/city-ipv4.mmdb"
#define REAL_V6	   "var/geo/city-ipv6.mmdb"
#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct addr addr_of(const char *text)
{
	struct addr addr;

	if (addr_parse(sv_str(text), &addr) < 0)
		fail_msg("%s is no address", text);
	return addr;
}

static struct cellmap_override override_of(const char *prefix, float lat,
					   float lon, const char *country,
					   const char *area)
{
	struct cellmap_override o = {
		.has_place = true, .lat_deg = lat, .lon_deg = lon};

	if (addr_parse_prefix(sv_str(prefix), &o.prefix) < 0)
		fail_msg("%s is no prefix", prefix);
	assert_int_equal(sv_copy(sv_str(country), o.country, 3), 0);
	assert_int_equal(sv_copy(sv_str(area), o.area, sizeof(o.area)), 0);
	return o;
}

static struct cellmap *build_with_asn(const char *const *paths,
				      const char *const *asn_paths,
				      const struct cellmap_override *overrides,
				      unsigned override_count)
{
	struct cellmap_config config = {.paths = paths,
					.asn_paths = asn_paths,
					.overrides = overrides,
					.override_count = override_count};
	struct cellmap *map = NULL;
	struct buf why;

	while (paths && paths[config.path_count])
		config.path_count++;
	while (asn_paths && asn_paths[config.asn_path_count])
		config.asn_path_count++;
	buf_init(&why, 1024);
	if (cellmap_build(&config, &map, &why) < 0)
		fail_msg("%s", buf_cstr(&why));
	buf_fini(&why);
	return map;
}

static struct cellmap *build(const char *const *paths,
			     const struct cellmap_override *overrides,
			     unsigned override_count)
{
	return build_with_asn(paths, NULL, overrides, override_count);
}

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

/* ---- too many cells ---- */

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

/* ---- carriers ---- */

static struct cellmap_override carrier_of(const char *prefix,
					  const char *carrier)
{
	struct cellmap_override o = override_of(prefix, 0, 0, "", "");

	o.has_place = false;
	assert_int_equal(sv_copy(sv_str(carrier), o.carrier, sizeof(o.carrier)),
			 0);
	return o;
}

static struct cellmap_override owner_of(uint32_t asn, const char *carrier)
{
	struct cellmap_override o = {.asn = asn};

	assert_int_equal(sv_copy(sv_str(carrier), o.carrier, sizeof(o.carrier)),
			 0);
	return o;
}

struct carrier_row {
	const char *rule, *address, *carrier, *city;
	enum cellmap_source source;
};

static void check_carriers(const struct cellmap *map,
			   const struct carrier_row *rows, size_t row_count)
{
	unsigned count;
	const struct cellmap_cell *cells = cellmap_cells(map, &count);

	for (size_t i = 0; i < row_count; i++) {
		const struct carrier_row *r = &rows[i];
		struct addr addr = addr_of(r->address);
		struct cellmap_place p;
		uint32_t id = cellmap_carrier_id(sv_str(r->carrier));

		cellmap_find(map, &addr, &p);
		if (!sv_eq(p.carrier, sv_str(r->carrier)) ||
		    !sv_eq(p.city, sv_str(r->city)) || p.source != r->source ||
		    p.cell != cellmap_cell(map, &addr))
			fail_msg("%s: " SV_FMT ", " SV_FMT ", %s, cell %u",
				 r->rule, SV_ARG(p.carrier), SV_ARG(p.city),
				 cellmap_source_str(p.source), p.cell);
		/* A carrier without a place has no cell of its own. */
		if (p.source == CELLMAP_NOWHERE)
			id = 0;
		if (p.cell >= count || cells[p.cell].carrier != id)
			fail_msg("%s: the cell's carrier", r->rule);
		if (id != 0 && !sv_eq(cellmap_carrier_name(map, id), p.carrier))
			fail_msg("%s: the number's name", r->rule);
	}
}

static void carriers_of_prefixes(void **state)
{
	static const struct carrier_row rows[] = {
		{"none said", "1.0.0.1", "", "Brisbane", CELLMAP_MMDB},
		{"the place stays the database's", "8.8.8.1", "mobile",
		 "Mountain View", CELLMAP_MMDB},
		{"the longest prefix", "8.8.8.65", "unicom", "Mountain View",
		 CELLMAP_MMDB},
		{"out of it again", "8.8.8.97", "mobile", "Mountain View",
		 CELLMAP_MMDB},
		{"across a border of places", "8.8.8.200", "mobile",
		 "Frankfurt am Main", CELLMAP_MMDB},
		{"beside a place", "20.0.0.1", "telecom", "", CELLMAP_OVERRIDE},
		{"a longer place keeps the carrier", "20.1.0.1", "telecom", "",
		 CELLMAP_OVERRIDE},
		{"a longer carrier keeps the place", "20.2.0.1", "unicom", "",
		 CELLMAP_OVERRIDE},
		{"a carrier without a place", "30.0.0.1", "unicom", "",
		 CELLMAP_NOWHERE},
		{"the later of two", "31.0.0.1", "unicom", "", CELLMAP_NOWHERE},
		{"IPv6", "2001:db8::1", "telecom", "Brisbane", CELLMAP_MMDB},
		{"6to4 as IPv4", "2002:808:801::1", "mobile", "Mountain View",
		 CELLMAP_MMDB},
	};
	struct cellmap_override list[] = {
		carrier_of("8.8.8.64/27", "unicom"),
		carrier_of("8.8.8.0/24", "mobile"),
		override_of("20.0.0.0/8", 1, 2, "CN", ""),
		override_of("20.1.0.0/16", 3, 4, "CN", ""),
		carrier_of("20.2.0.0/16", "unicom"),
		carrier_of("30.0.0.0/8", "unicom"),
		carrier_of("31.0.0.0/8", "mobile"),
		carrier_of("31.0.0.0/8", "unicom"),
		carrier_of("2001:db8::/32", "telecom"),
	};
	struct cellmap *map;

	(void)state;
	strcpy(list[2].carrier, "telecom");
	map = build(PATHS(DATA "flat4.mmdb", DATA "flat6.mmdb"), list,
		    ARRAY_LEN(list));
	check_carriers(map, rows, ARRAY_LEN(rows));
	assert_int_equal(cellmap_stats(map)->carriers, 3);
	assert_int_equal(cellmap_carrier_name(map, 12345).len, 0);
	cellmap_free(&map);
}

/* One city, three kinds of clients: three cells at one place. */
static void a_carrier_has_its_own_cell(void **state)
{
	const struct cellmap_override list[] = {
		carrier_of("1.0.1.0/25", "telecom"),
		carrier_of("1.0.2.0/25", "unicom"),
		carrier_of("1.0.3.0/25", "unicom"),
	};
	struct cellmap *map =
		build(PATHS(DATA "flat4.mmdb"), list, ARRAY_LEN(list));
	const char *const at[] = {"1.0.1.200", "1.0.1.1", "1.0.2.1", "1.0.3.1"};
	uint16_t cell[4];
	unsigned count;
	const struct cellmap_cell *cells = cellmap_cells(map, &count);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct addr addr = addr_of(at[i]);

		cell[i] = cellmap_cell(map, &addr);
		assert_true(fabsf(cells[cell[i]].lat_deg - 26.0614f) < 1e-4f);
		assert_true(fabsf(cells[cell[i]].lon_deg - 119.306f) < 1e-4f);
		assert_string_equal(cells[cell[i]].country, "CN");
	}
	assert_int_equal(cell[1], cell[0] + 1);
	assert_int_equal(cell[2], cell[0] + 2);
	assert_int_equal(cell[3], cell[2]);
	assert_int_equal(cellmap_stats(map)->cells, 8 + 2);
	assert_int_equal(cellmap_cell_addresses(map, cell[2]), 256);
	cellmap_free(&map);
}

static void carriers_of_as_numbers(void **state)
{
	static const struct carrier_row rows[] = {
		{"a number that nobody named", "1.0.0.1", "", "Brisbane",
		 CELLMAP_MMDB},
		{"a network of it", "8.8.8.1", "telecom", "Mountain View",
		 CELLMAP_MMDB},
		{"in no network", "8.8.8.129", "", "Frankfurt am Main",
		 CELLMAP_MMDB},
		{"a number of 16 bits", "8.8.8.200", "unicom",
		 "Frankfurt am Main", CELLMAP_MMDB},
		{"a prefix wins over a number", "9.0.0.1", "mobile",
		 "Frankfurt am Main", CELLMAP_MMDB},
		{"behind the prefix", "9.0.0.2", "unicom", "Chiyoda",
		 CELLMAP_MMDB},
		{"a text is no number", "10.0.0.1", "", "", CELLMAP_NOWHERE},
		{"a number, but no place", "9.9.9.9", "unicom", "",
		 CELLMAP_NOWHERE},
		{"IPv6", "2001:db8::1", "telecom", "Brisbane", CELLMAP_MMDB},
		{"behind it", "2001:db8:8000::1", "", "Brisbane", CELLMAP_MMDB},
		{"the last number", "2400:cb00:1::", "last", "Chiyoda",
		 CELLMAP_MMDB},
	};
	const struct cellmap_override list[] = {
		owner_of(4837, "mistake"),
		owner_of(4134, "telecom"),
		owner_of(4837, "unicom"),
		owner_of(UINT32_MAX, "last"),
		carrier_of("9.0.0.1/32", "mobile"),
	};
	struct cellmap *map =
		build_with_asn(PATHS(DATA "flat4.mmdb", DATA "flat6.mmdb"),
			       PATHS(DATA "asn.mmdb"), list, ARRAY_LEN(list));

	(void)state;
	check_carriers(map, rows, ARRAY_LEN(rows));
	cellmap_free(&map);
}

static int build_rc(const struct cellmap_override *list, unsigned count,
		    const char *asn_path, const char *reason)
{
	struct cellmap_config config = {.asn_paths = &asn_path,
					.asn_path_count = asn_path != NULL,
					.overrides = list,
					.override_count = count};
	struct cellmap *map = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	rc = cellmap_build(&config, &map, &why);
	if ((rc == 0) != (map != NULL) || !strstr(buf_cstr(&why), reason))
		fail_msg("%d: %s", rc, buf_cstr(&why));
	cellmap_free(&map);
	buf_fini(&why);
	return rc;
}

static void databases_of_as_numbers_are_checked(void **state)
{
	const struct cellmap_override one = owner_of(4134, "telecom");

	(void)state;
	assert_int_equal(build_rc(&one, 1, DATA "asn.mmdb", ""), 0);
	assert_int_equal(build_rc(&one, 1, DATA "flat4.mmdb",
				  "no AS numbers (its type is \"city ipv4\")"),
			 ERR_UNSUPPORTED);
	assert_int_equal(build_rc(&one, 1, DATA "none.mmdb", "none.mmdb"),
			 -ENOENT);
	/* Nobody would look into it. */
	assert_int_equal(build_rc(NULL, 0, DATA "none.mmdb", ""), 0);
}

static void at_most_255_carriers(void **state)
{
	struct cellmap_override list[256];

	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		char name[] = "aa";

		name[0] = (char)('a' + i / 16);
		name[1] = (char)('a' + i % 16);
		list[i] = owner_of(i + 1, name);
	}
	assert_int_equal(build_rc(list, 255, NULL, ""), 0);
	assert_int_equal(build_rc(list, 256, NULL, "255 carriers"), ERR_LIMIT);
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
		cmocka_unit_test(samples_lie_in_their_cell),
		cmocka_unit_test(samples_follow_the_share_of_networks),
		cmocka_unit_test(places_have_dense_numbers),
		cmocka_unit_test(threads_may_sample_together),
		cmocka_unit_test(one_bad_file_is_no_map),
		cmocka_unit_test(cells_up_to_65535_are_each_their_own),
		cmocka_unit_test(of_more_the_smallest_overrides_are_merged),
		cmocka_unit_test(carriers_are_given_up_before_places),
		cmocka_unit_test(carriers_of_prefixes),
		cmocka_unit_test(a_carrier_has_its_own_cell),
		cmocka_unit_test(carriers_of_as_numbers),
		cmocka_unit_test(databases_of_as_numbers_are_checked),
		cmocka_unit_test(at_most_255_carriers),
		cmocka_unit_test(overrides_off_the_globe_are_refused),
		cmocka_unit_test(the_real_database_through_table_and_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
