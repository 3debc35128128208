/* test_geodb.c - both layouts of city databases say the same. */
#include "geo/geodb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <math.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/geo/geodb_visits.h"

static const struct visited *find(const struct visits *v, const char *network)
{
	for (unsigned i = 0; i < v->count; i++)
		if (strcmp(v->list[i].text, network) == 0)
			return &v->list[i];
	fail_msg("network %s was not visited", network);
	return NULL;
}

static const char *const all_v4[] = {
	"flat4.mmdb",	   "flat4-double.mmdb", "standard24.mmdb",
	"standard28.mmdb", "standard32.mmdb",
};
static const char *const all_v6[] = {
	"flat6.mmdb",
	"standard24.mmdb",
	"standard28.mmdb",
	"standard32.mmdb",
};

static const struct place_row {
	const char *rule, *network;
	double lat, lon;
	const char *country, *area, *city;
} v4_rows[] =
	{
		{"the first address", "0.0.0.0/32", 35.6895, 139.692, "JP",
		 "Tokyo", "Chiyoda"},
		{"a usual network", "1.0.0.0/24", -27.4679, 153.028, "AU",
		 "Queensland", "Brisbane"},
		{"a neighbour with the same record", "1.0.2.0/23", 26.0614,
		 119.306, "CN", "Fujian", "Fuzhou"},
		{"no city and no area", "3.0.0.0/8", 37.751, -97.822, "US", "",
		 ""},
		{"no country", "6.0.0.0/8", 1.5, 2.5, "", "", "Nowhere"},
		{"the half around an inner network", "8.8.8.0/25", 37.422,
		 -122.085, "US", "California", "Mountain View"},
		{"the inner network", "8.8.8.254/32", 50.1109, 8.68213, "DE",
		 "Hesse", "Frankfurt am Main"},
		{"the innermost network", "8.8.8.255/32", 35.6895, 139.692,
		 "JP", "Tokyo", "Chiyoda"},
		{"two addresses", "9.0.0.2/31", 35.6895, 139.692, "JP", "Tokyo",
		 "Chiyoda"},
		{"the last address", "255.255.255.255/32", 50.1109, 8.68213,
		 "DE", "Hesse", "Frankfurt am Main"},
},
  v6_rows[] = {
	  {"a usual network", "2001:db8::/32", -27.4679, 153.028, "AU",
	   "Queensland", "Brisbane"},
	  {"around a single address", "2400:cb00:1:2::4/126", 50.1109, 8.68213,
	   "DE", "Hesse", "Frankfurt am Main"},
	  {"a single address", "2400:cb00:1:2::1/128", 37.422, -122.085, "US",
	   "California", "Mountain View"},
	  {"the last address", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
	   50.1109, 8.68213, "DE", "Hesse", "Frankfurt am Main"},
};

static void check_place(const char *file, const char *rule,
			const struct geodb_place *got,
			const struct place_row *want)
{
	if (!got->has_position ||
	    fabs((double)got->lat_deg - want->lat) > 1e-4 ||
	    fabs((double)got->lon_deg - want->lon) > 1e-4 ||
	    strcmp(got->country, want->country) != 0 ||
	    !sv_eq(got->area, sv_str(want->area)) ||
	    !sv_eq(got->city, sv_str(want->city)))
		fail_msg("%s: %s: %f %f %s " SV_FMT ", " SV_FMT, file, rule,
			 (double)got->lat_deg, (double)got->lon_deg,
			 got->country, SV_ARG(got->area), SV_ARG(got->city));
}

static void check_rows(const char *const *files, size_t file_count,
		       const struct place_row *rows, size_t row_count)
{
	for (size_t f = 0; f < file_count; f++) {
		struct geodb *db = open_db(files[f]);
		struct visits v = {.count = 0};

		visit_all(db, &v);
		for (size_t i = 0; i < row_count; i++) {
			const struct visited *at = find(&v, rows[i].network);
			struct geodb_place place;
			struct addr_prefix p;

			check_place(files[f], rows[i].rule, &at->place,
				    &rows[i]);
			assert_int_equal(
				addr_parse_prefix(sv_str(at->text), &p), 0);
			assert_int_equal(geodb_lookup(db, &p.base, &place), 0);
			check_place(files[f], "by look-up", &place, &rows[i]);
		}
		geodb_close(&db);
		assert_null(db);
	}
}

static void every_layout_says_the_same(void **state)
{
	(void)state;
	check_rows(all_v4, ARRAY_LEN(all_v4), v4_rows, ARRAY_LEN(v4_rows));
	check_rows(all_v6, ARRAY_LEN(all_v6), v6_rows, ARRAY_LEN(v6_rows));
}

static void networks_come_in_order_and_without_aliases(void **state)
{
	struct geodb *db = open_db("standard28.mmdb");
	struct visits v = {.count = 0};
	unsigned v4 = 0;

	(void)state;
	visit_all(db, &v);
	for (unsigned i = 0; i < v.count; i++) {
		struct addr_prefix p, before;

		assert_int_equal(addr_parse_prefix(sv_str(v.list[i].text), &p),
				 0);
		v4 += p.base.family == ADDR_V4;
		if (i == 0)
			continue;
		assert_int_equal(
			addr_parse_prefix(sv_str(v.list[i - 1].text), &before),
			0);
		/* IPv4 comes first, as it stands at ::/96. */
		assert_true(before.base.family <= p.base.family);
		if (before.base.family == p.base.family)
			assert_true(memcmp(before.base.bytes, p.base.bytes,
					   16) < 0);
		/* 2001:db8::/32 is real, 2001::/32 and 2002::/16 are not. */
		assert_true(strncmp(v.list[i].text, "2002", 4) != 0);
		assert_true(strncmp(v.list[i].text, "2001::", 6) != 0);
	}
	assert_true(v4 > 20 && v4 < v.count);
	geodb_close(&db);
}

static void equal_records_have_one_number(void **state)
{
	struct geodb *db = open_db("flat4.mmdb");
	struct visits v = {.count = 0};
	uint64_t tokyo;

	(void)state;
	visit_all(db, &v);
	tokyo = find(&v, "0.0.0.0/32")->record;
	assert_int_equal(find(&v, "8.8.8.255/32")->record, tokyo);
	assert_int_equal(find(&v, "9.0.0.2/31")->record, tokyo);
	assert_true(find(&v, "1.0.0.0/24")->record != tokyo);
	geodb_close(&db);
}

static void a_visit_can_be_stopped(void **state)
{
	struct geodb *db = open_db("flat4.mmdb");
	struct visits v = {.stop_at = 3};

	(void)state;
	visit_all(db, &v);
	assert_int_equal(v.count, 3);
	geodb_close(&db);
}

static const struct odd_row {
	const char *rule, *network;
	bool has_position;
	const char *country, *area, *city;
} odd_rows[] = {
	{"no location", "7.0.0.0/8", false, "DE", "", "Nowhere"},
	{"no English name: the first one; an area by its code; a country in "
	 "small letters",
	 "11.0.0.0/8", true, "DE", "BY", "Munich-fr"},
	{"latitude beyond the pole", "12.0.0.0/8", false, "DE", "", ""},
	{"latitude is not a number", "13.0.0.0/8", false, "", "", ""},
	{"whole numbers; a country that is none", "14.0.0.0/8", true, "", "",
	 ""},
	{"latitude as text", "15.0.0.0/8", false, "", "", ""},
	{"every value of another type", "16.0.0.0/8", false, "", "", ""},
};

static void missing_and_odd_values_stay_empty(void **state)
{
	struct geodb *db = open_db("standard24.mmdb");
	struct visits v = {.count = 0};

	(void)state;
	visit_all(db, &v);
	for (size_t i = 0; i < ARRAY_LEN(odd_rows); i++) {
		const struct odd_row *r = &odd_rows[i];
		const struct geodb_place *p = &find(&v, r->network)->place;

		if (p->has_position != r->has_position ||
		    strcmp(p->country, r->country) != 0 ||
		    !sv_eq(p->area, sv_str(r->area)) ||
		    !sv_eq(p->city, sv_str(r->city)))
			fail_msg("%s: %d %s " SV_FMT ", " SV_FMT, r->rule,
				 p->has_position, p->country, SV_ARG(p->area),
				 SV_ARG(p->city));
	}
	geodb_close(&db);
}

static const struct lookup_row {
	const char *rule, *file, *address;
	int rc;
} lookup_rows[] = {
	{"v4-mapped", "standard28.mmdb", "::ffff:8.8.8.8", 0},
	{"6to4 is its IPv4 address", "standard28.mmdb", "2002:808:808::1", 0},
	{"NAT64 is its IPv4 address", "standard28.mmdb", "64:ff9b::808:808", 0},
	{"6to4 in a file of IPv4", "flat4.mmdb", "2002:808:808::1", 0},
	{"IPv6 in a file of IPv4", "flat4.mmdb", "2400:cb00::1", ERR_NOTFOUND},
	{"IPv4 in a file of IPv6", "flat6.mmdb", "8.8.8.8", ERR_NOTFOUND},
	{"IPv4 under a network around ::/96", "around.mmdb", "8.8.8.8",
	 ERR_NOTFOUND},
	{"IPv6 in that network", "around.mmdb", "1::1", 0},
	{"IPv6 behind that network", "around.mmdb", "100::1", ERR_NOTFOUND},
	{"a hole", "flat4.mmdb", "8.8.7.255", ERR_NOTFOUND},
};

static void look_ups(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lookup_rows); i++) {
		const struct lookup_row *r = &lookup_rows[i];
		struct geodb *db = open_db(r->file);
		struct geodb_place place;
		struct addr addr;

		assert_int_equal(addr_parse(sv_str(r->address), &addr), 0);
		if (geodb_lookup(db, &addr, &place) != r->rc)
			fail_msg("%s", r->rule);
		geodb_close(&db);
	}
}

static void metadata(void **state)
{
	struct geodb *db = open_db("standard28.mmdb");

	(void)state;
	assert_string_equal(geodb_type(db), "GeoLite2-City");
	assert_int_equal(geodb_build_wall_s(db), 1780000000);
	geodb_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_says_the_same),
		cmocka_unit_test(networks_come_in_order_and_without_aliases),
		cmocka_unit_test(equal_records_have_one_number),
		cmocka_unit_test(a_visit_can_be_stopped),
		cmocka_unit_test(missing_and_odd_values_stay_empty),
		cmocka_unit_test(look_ups),
		cmocka_unit_test(metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
