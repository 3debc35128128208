/* test_geodb.c - both layouts of city databases, and every broken file. */
#include "geo/geodb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define DATA	    "tests/data/mmdb/"
#define BYTES(text) text, sizeof(text) - 1

static struct geodb *open_db(const char *file)
{
	struct geodb *db = NULL;
	struct buf path, why;

	buf_init(&path, 256);
	buf_init(&why, 1024);
	buf_str(&path, DATA);
	buf_str(&path, file);
	if (geodb_open(buf_cstr(&path), GEODB_CITY, &db, &why) < 0)
		fail_msg("%s", buf_cstr(&why));
	buf_fini(&path);
	buf_fini(&why);
	return db;
}

/* A network as it was visited. */
struct visited {
	char text[ADDR_TEXT_MAX + 4];
	uint64_t record;
	struct geodb_place place;
};

struct visits {
	struct visited list[200];
	unsigned count, stop_at;
};

static int keep(const struct addr_prefix *network, uint64_t record,
		const struct geodb_place *place, void *arg)
{
	struct visits *v = arg;
	struct visited *to = &v->list[v->count++];
	struct buf b;

	assert_true(v->count < ARRAY_LEN(v->list));
	buf_init_fixed(&b, to->text, sizeof(to->text));
	addr_put(&b, &network->base);
	buf_printf(&b, "/%u", (unsigned)network->bits);
	(void)buf_cstr(&b);
	to->record = record;
	to->place = *place;
	return v->count == v->stop_at ? 77 : 0;
}

static void visit_all(struct geodb *db, struct visits *v)
{
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	rc = geodb_visit(db, keep, v, &why);
	if (rc != (v->stop_at ? 77 : 0))
		fail_msg("%d: %s", rc, buf_cstr(&why));
	buf_fini(&why);
}

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

static const struct refusal {
	const char *rule, *path;
	int rc;
	const char *reason;
} refusals[] = {
	{"missing", DATA "none.mmdb", -ENOENT, "give an existing"},
	{"below a file", DATA "flat4.mmdb/x", -ENOTDIR, "check the path"},
	{"a directory", DATA, -EISDIR, "is a directory"},
	{"a device", "/dev/null", ERR_UNSUPPORTED, "not a regular file"},
	{"a text", DATA "make_mmdb.py", ERR_CORRUPT, "not an .mmdb file"},
	{"countries only", DATA "country.mmdb", ERR_UNSUPPORTED,
	 "no coordinates (its type is \"GeoLite2-Country\")"},
	{"owners of networks", DATA "asn.mmdb", ERR_UNSUPPORTED,
	 "no coordinates (its type is \"GeoLite2-ASN\")"},
	{"no networks", DATA "no-networks.mmdb", ERR_UNSUPPORTED,
	 "no coordinates"},
	{"an old format", DATA "format1.mmdb", ERR_UNSUPPORTED,
	 "another version of the format"},
	{"a node that leads to itself", DATA "loop.mmdb", ERR_CORRUPT,
	 "breaks off at node"},
	{"a tree deeper than addresses", DATA "too-deep.mmdb", ERR_CORRUPT,
	 "breaks off at node"},
};

static void refuse(const char *rule, const char *path, int rc,
		   const char *reason)
{
	struct geodb *db = NULL;
	struct buf why;
	int got;

	buf_init(&why, 1024);
	got = geodb_open(path, GEODB_CITY, &db, &why);
	if (got != rc || db ||
	    strncmp(buf_cstr(&why), path, strlen(path)) != 0 ||
	    !strstr(buf_cstr(&why), reason))
		fail_msg("%s: %d: %s", rule, got, buf_cstr(&why));
	buf_fini(&why);
}

static void unusable_files_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		refuse(refusals[i].rule, refusals[i].path, refusals[i].rc,
		       refusals[i].reason);
}

/* Broken records behind good ones: the file opens, the visit ends with why. */
static void broken_records_end_a_visit(void **state)
{
	static const char *const files[] = {
		"bad-chain.mmdb", "bad-type.mmdb",   "bad-map.mmdb",
		"bad-text.mmdb",  "bad-budget.mmdb",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct geodb *db = open_db(files[i]);
		struct visits v = {.count = 0};
		struct buf why;

		buf_init(&why, 1024);
		if (geodb_visit(db, keep, &v, &why) != ERR_CORRUPT ||
		    !strstr(buf_cstr(&why), "record at offset") ||
		    !strstr(buf_cstr(&why), files[i]) || v.count != 1)
			fail_msg("%s: %s", files[i], buf_cstr(&why));
		buf_fini(&why);
		geodb_close(&db);
	}
}

static int count(const struct addr_prefix *network, uint64_t record,
		 const struct geodb_place *place, void *arg)
{
	unsigned *networks = arg;

	(void)network;
	(void)record;
	(void)place;
	(*networks)++;
	return 0;
}

/* 2^31 networks in a file of a kilobyte. */
static void a_tree_without_an_end_is_left(void **state)
{
	struct geodb *db = open_db("shared.mmdb");
	unsigned networks = 0;
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(geodb_visit(db, count, &networks, &why), ERR_LIMIT);
	assert_non_null(strstr(buf_cstr(&why), "more networks than"));
	assert_true(networks < 1000000);
	buf_fini(&why);
	geodb_close(&db);
}

/* A changed copy of a file in a temporary place. */
struct copy {
	char path[64];
	uint8_t bytes[8192];
	size_t size;
};

static void copy_read(struct copy *c, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, c->bytes, sizeof(c->bytes));

	assert_true(n > 0);
	close(fd);
	c->size = (size_t)n;
}

static void copy_write(struct copy *c, size_t size)
{
	static const char name[] = "/tmp/peri-geodb-XXXXXX";
	int fd;

	memcpy(c->path, name, sizeof(name));
	fd = mkstemp(c->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, c->bytes, size), (ssize_t)size);
	close(fd);
}

static void cut_files_are_refused(void **state)
{
	struct copy c;

	(void)state;
	copy_read(&c, DATA "flat4.mmdb");
	copy_write(&c, 0);
	refuse("empty", c.path, ERR_CORRUPT, "is empty");
	unlink(c.path);
	copy_write(&c, c.size / 2);
	refuse("half", c.path, ERR_CORRUPT, "cut short");
	unlink(c.path);
	copy_write(&c, c.size - 1);
	refuse("the last byte is missing", c.path, ERR_CORRUPT,
	       "metadata cannot be read");
	unlink(c.path);
}

/* Overwrite the value of metadata field @key by @bytes. */
static void patch(struct copy *c, const char *key, const char *bytes, size_t n)
{
	size_t key_len = strlen(key);

	for (size_t i = c->size - key_len; i > 0; i--)
		if (memcmp(c->bytes + i, key, key_len) == 0) {
			memcpy(c->bytes + i + key_len, bytes, n);
			return;
		}
	fail_msg("no %s in the metadata", key);
}

static const struct patch_row {
	const char *rule, *key, *bytes;
	size_t size;
	int rc;
	const char *reason;
} patch_rows[] = {
	/* Each value is one byte behind its control byte. */
	{"record size 25", "record_size", "\xa1\x19", 2, ERR_UNSUPPORTED,
	 "size other than"},
	{"IPv5", "ip_version", "\xa1\x05", 2, ERR_UNSUPPORTED,
	 "neither for IPv4"},
	{"no nodes", "node_count", "\xc1\x00", 2, ERR_CORRUPT,
	 "empty search tree"},
	{"a tree larger than the file", "node_count", "\xc1\xff", 2,
	 ERR_CORRUPT, "larger than the file"},
	{"a type that does not exist", "ip_version", "\x00\x20", 2, ERR_CORRUPT,
	 "metadata cannot be read"},
};

static void wrong_metadata_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patch_rows); i++) {
		const struct patch_row *r = &patch_rows[i];
		struct copy c;

		copy_read(&c, DATA "newer.mmdb");
		patch(&c, r->key, r->bytes, r->size);
		copy_write(&c, c.size);
		refuse(r->rule, c.path, r->rc, r->reason);
		unlink(c.path);
	}
}

/* The library of Debian 12 computes 2^29 * 8 as 0 and reads far outside. */
static void a_tree_of_4_gib_does_not_wrap_around(void **state)
{
	static const char meta[] = "\xab\xcd\xefMaxMind.com"
				   "\xe4\x4a"
				   "node_count\xc4\x20\0\0\0"
				   "\x4b"
				   "record_size\xa1\x20"
				   "\x4a"
				   "ip_version\xa1\x06"
				   "\x5b"
				   "binary_format_major_version\xa1\x02";
	struct copy c = {.size = 0};

	(void)state;
	memcpy(c.bytes + 64, meta, sizeof(meta) - 1);
	copy_write(&c, 64 + sizeof(meta) - 1);
	refuse("2^29 nodes", c.path, ERR_CORRUPT, "larger than the file");
	unlink(c.path);
}

static const struct meta_row {
	const char *rule, *fields;
	size_t size;
} meta_rows[] = {
	/* The library takes the first of equal keys: 2^29 nodes again. */
	{"a key twice", BYTES("\xe5\x4a"
			      "node_count\xc4\x20\0\0\0"
			      "\x4a"
			      "node_count\xc1\x01"
			      "\x4b"
			      "record_size\xa1\x20"
			      "\x4a"
			      "ip_version\xa1\x06"
			      "\x5b"
			      "binary_format_major_version\xa1\x02")},
	/* The library forgets memory over these. */
	{"languages that are no texts", BYTES("\xe1\x49"
					      "languages\x01\x04\xa1\x01")},
	{"a description that is no map", BYTES("\xe1\x4b"
					       "description\x42hi")},
	{"a description of numbers", BYTES("\xe1\x4b"
					   "description\xe1\x42"
					   "en\xa1\x01")},
	{"metadata that is no map", BYTES("\x42hi")},
	{"no metadata behind the mark", BYTES("")},
};

static void odd_metadata_never_reaches_the_library(void **state)
{
	static const char mark[] = "\xab\xcd\xefMaxMind.com";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(meta_rows); i++) {
		const struct meta_row *r = &meta_rows[i];
		struct copy c = {.size = 64};

		memcpy(c.bytes + 64, mark, sizeof(mark) - 1);
		memcpy(c.bytes + 64 + sizeof(mark) - 1, r->fields, r->size);
		copy_write(&c, 64 + sizeof(mark) - 1 + r->size);
		refuse(r->rule, c.path, ERR_CORRUPT, "is damaged");
		unlink(c.path);
	}
}

static void the_file_may_vanish_once_it_is_open(void **state)
{
	struct visits v = {.count = 0};
	struct geodb *db = NULL;
	struct buf why;
	struct copy c;

	(void)state;
	copy_read(&c, DATA "flat4.mmdb");
	copy_write(&c, c.size);
	buf_init(&why, 256);
	assert_int_equal(geodb_open(c.path, GEODB_CITY, &db, &why), 0);
	assert_int_equal(truncate(c.path, 0), 0); /* a mapping would SIGBUS */
	visit_all(db, &v);
	assert_true(v.count > 10);
	geodb_close(&db);
	buf_fini(&why);
	unlink(c.path);
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
		cmocka_unit_test(unusable_files_are_refused_with_a_reason),
		cmocka_unit_test(broken_records_end_a_visit),
		cmocka_unit_test(a_tree_without_an_end_is_left),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(wrong_metadata_is_refused),
		cmocka_unit_test(a_tree_of_4_gib_does_not_wrap_around),
		cmocka_unit_test(odd_metadata_never_reaches_the_library),
		cmocka_unit_test(the_file_may_vanish_once_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
