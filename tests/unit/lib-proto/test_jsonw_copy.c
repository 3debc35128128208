/*
 * test_jsonw_copy.c - what was parsed reads the same when written again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/proto/jsonw_copy.h"

static const struct row {
	const char *rule, *text, *want; /* NULL: the same */
} rows[] = {
	{"every kind",
	 "{\"a\":\"x\\\"y\",\"b\":-7,\"c\":0.93,\"d\":true,\"e\":null,\"f\":[]"
	 "}",
	 NULL},
	{"order stays", "{\"z\":1,\"a\":2}", NULL},
	{"nested", "[{\"a\":[1,[2,{}]]},3]", NULL},
	{"large numbers", "[9007199254740993,1e+300]", NULL},
	{"too deep becomes null", "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]",
	 "[[[[[[[[[[[[null]]]]]]]]]]]]"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct json_problem p;
		struct json *root;
		struct jsonw w;
		struct buf b;

		print_message("%s\n", row->rule);
		assert_int_equal(json_parse(sv_str(row->text), &root, &p), 0);
		buf_init(&b, 4096);
		jsonw_init(&w, &b);
		jsonw_copy(&w, NULL, root);
		assert_string_equal(buf_cstr(&b),
				    row->want ? row->want : row->text);
		buf_fini(&b);
		json_free(&root);
	}
}

static void test_nothing_is_null(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_copy(&w, "a", NULL);
	jsonw_object_end(&w);
	assert_string_equal(buf_cstr(&b), "{\"a\":null}");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
