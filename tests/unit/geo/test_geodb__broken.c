/* test_geodb__broken.c - every broken file is refused, or ends a visit. */
#include "geo/geodb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/geo/geodb_visits.h"

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
