/* The regions file: what is taken, and each refusal with its place. */
#include "registry/region_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define EU "{\"id\":\"eu\",\"lat\":50,\"lon\":8}"

static const struct row {
	const char *rule, *text;
	int rc;
	const char *why; /* a part of it */
} rows[] = {
	{"no region at all", "[]", 0, ""},
	{"one with comments", "// ours\n[" EU " /* x */]", 0, ""},
	{"an object", "{}", ERR_TYPE, "must be an array"},
	{"no JSON", "[\n" EU ",\n]", ERR_SYNTAX, "line 3"},
	{"an open comment", "[] /* x", ERR_SYNTAX, "a comment never ends"},
	{"an id twice", "[" EU "," EU "]", ERR_EXISTS, "/1/id: is in the file"},
	{"an unknown field", "[{\"id\":\"eu\",\"lat\":50,\"lon\":8,\"x\":1}]",
	 ERR_UNKNOWN_FIELD, "/0/x"},
	{"a region cannot be gone",
	 "[{\"id\":\"eu\",\"lat\":50,\"lon\":8,\"gone\":true}]",
	 ERR_UNKNOWN_FIELD, "/0/gone"},
	{"no place", "[" EU ",{\"id\":\"us\"}]", ERR_MISSING_FIELD, "/1/lat"},
	{"beyond the pole", "[{\"id\":\"eu\",\"lat\":91,\"lon\":8}]", ERR_RANGE,
	 "/0/lat"},
	{"capitals in an id", "[{\"id\":\"EU\",\"lat\":1,\"lon\":8}]",
	 ERR_RANGE, "/0/id"},
	{"a bias around the world twice",
	 "[{\"id\":\"eu\",\"lat\":1,\"lon\":8,\"bias_km\":20001}]", ERR_RANGE,
	 "/0/bias_km"},
	{"an empty file", "", ERR_SYNTAX, "line 1"},
};

static void takes_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_strdup(rows[i].text);
		struct feed_region *regions = NULL;
		char storage[512];
		struct buf why;
		size_t count;
		int rc;

		buf_init_fixed(&why, storage, sizeof(storage));
		rc = region_file_parse(text, strlen(text), &why, &regions,
				       &count);
		if (rc != rows[i].rc || !strstr(buf_cstr(&why), rows[i].why))
			fail_msg("%s: rc %d why '%s'", rows[i].rule, rc,
				 buf_cstr(&why));
		mem_free(regions);
		mem_free(text);
	}
}

static void keeps_order_and_members(void **state)
{
	char text[] = "[" EU ",{\"id\":\"us\",\"title\":\"West\",\"lat\":-1.5,"
		      "\"lon\":2.5,\"bias_km\":-3}]";
	struct feed_region *regions;
	char storage[64];
	struct buf why;
	size_t count;

	(void)state;
	buf_init_fixed(&why, storage, sizeof(storage));
	assert_int_equal(
		region_file_parse(text, strlen(text), &why, &regions, &count),
		0);
	assert_int_equal(count, 2);
	assert_string_equal(regions[0].id, "eu");
	assert_string_equal(regions[1].title, "West");
	assert_true(regions[1].lat_deg == -1.5 && regions[1].lon_deg == 2.5 &&
		    regions[1].bias_km == -3);
	mem_free(regions);
}

static void names_a_file_that_is_not_there(void **state)
{
	struct feed_region *regions;
	char storage[256];
	struct buf why;
	size_t count;

	(void)state;
	buf_init_fixed(&why, storage, sizeof(storage));
	assert_int_equal(region_file_read("/nonexistent/regions.jsonc", &why,
					  &regions, &count),
			 -ENOENT);
	assert_true(why.len > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_or_refuses),
		cmocka_unit_test(keeps_order_and_members),
		cmocka_unit_test(names_a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
