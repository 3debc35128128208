/* test_cellmap__carriers.c - carriers of networks and of AS numbers. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <math.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/geo/cellmap_build.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carriers_of_prefixes),
		cmocka_unit_test(a_carrier_has_its_own_cell),
		cmocka_unit_test(carriers_of_as_numbers),
		cmocka_unit_test(databases_of_as_numbers_are_checked),
		cmocka_unit_test(at_most_255_carriers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
