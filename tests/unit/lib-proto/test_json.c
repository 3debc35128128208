/* JSON by table: every kind, its limits on both sides, and where it points. */
#include "lib/proto/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

struct inner {
	uint16_t port;
};

struct thing {
	char text[9];
	char id[5];
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	double real;
	bool flag;
	struct inner inner;
	int custom;
};

#define AT(member)                                                             \
	.offset = offsetof(struct thing, member),                              \
	.size = sizeof(((struct thing *)NULL)->member)

static int decode_even(const struct json *v, void *member,
		       struct json_problem *p)
{
	int64_t value;

	if (json_is_array(v))
		return json_problem_set(p, ERR_RANGE, "/1", "is odd");
	if (json_get_i64(v, &value) != 0)
		return json_problem_set(p, ERR_TYPE, "", "must be an integer");
	*(int *)member = (int)value;
	return 0;
}

static const struct json_field inner_fields[] = {
	{.name = "port",
	 .kind = JSON_U16,
	 .offset = offsetof(struct inner, port),
	 .size = 2,
	 .min = 1,
	 .max = 65535,
	 .required = true},
};
static const struct json_table inner_table = {
	.fields = inner_fields,
	.count = ARRAY_LEN(inner_fields),
};
static const struct json_field fields[] = {
	{.name = "text", .kind = JSON_TEXT, AT(text)},
	{.name = "id", .kind = JSON_TEXT, AT(id), .min = 2, .max = 3},
	{.name = "u16", .kind = JSON_U16, AT(u16)},
	{.name = "u32", .kind = JSON_U32, AT(u32), .min = 10, .max = 20},
	{.name = "u64", .kind = JSON_U64, AT(u64)},
	{.name = "i64", .kind = JSON_I64, AT(i64)},
	{.name = "real", .kind = JSON_REAL, AT(real), .min = -90, .max = 90},
	{.name = "flag", .kind = JSON_BOOL, AT(flag)},
	{.name = "inner",
	 .kind = JSON_NESTED,
	 AT(inner),
	 .table = &inner_table},
	{.name = "even",
	 .kind = JSON_CUSTOM,
	 AT(custom),
	 .decode = decode_even},
	{.name = "other", .kind = JSON_IGNORE},
};
static const struct json_table table = {
	.fields = fields,
	.count = ARRAY_LEN(fields),
};

static const struct refused_row {
	const char *rule, *text;
	int rc;
	const char *path;
} refused_rows[] = {
	{"an empty text", "", ERR_SYNTAX, ""},
	{"half an object", "{\"u16\":1", ERR_SYNTAX, ""},
	{"two values", "{} {}", ERR_SYNTAX, ""},
	{"a key twice", "{\"u16\":1,\"u16\":2}", ERR_SYNTAX, ""},
	{"NaN is no JSON", "{\"real\":NaN}", ERR_SYNTAX, ""},
	{"a number beyond double", "{\"real\":1e999}", ERR_SYNTAX, ""},
	{"a number beyond 64 bits", "{\"u64\":9223372036854775808}", ERR_SYNTAX,
	 ""},
	{"not UTF-8", "{\"text\":\"\xff\"}", ERR_SYNTAX, ""},
	{"a NUL in a text", "{\"text\":\"a\\u0000b\"}", ERR_SYNTAX, ""},
	{"the root is no object", "[]", ERR_TYPE, ""},
	{"the root is a number", "1", ERR_TYPE, ""},
	{"an unknown field", "{\"nope\":1}", ERR_UNKNOWN_FIELD, "/nope"},
	{"a name is escaped as RFC 6901 wants", "{\"a/b~\":1}",
	 ERR_UNKNOWN_FIELD, "/a~1b~0"},
	{"an unknown field deeper down", "{\"inner\":{\"port\":1,\"x\":1}}",
	 ERR_UNKNOWN_FIELD, "/inner/x"},
	{"a required field is missing", "{\"inner\":{}}", ERR_MISSING_FIELD,
	 "/inner/port"},
	{"null does not stand for a required field",
	 "{\"inner\":{\"port\":null}}", ERR_TYPE, "/inner/port"},
	{"a text too long", "{\"text\":\"123456789\"}", ERR_TOOBIG, "/text"},
	{"a text over its own limit", "{\"id\":\"1234\"}", ERR_TOOBIG, "/id"},
	{"a text too short", "{\"id\":\"1\"}", ERR_RANGE, "/id"},
	{"a number for a text", "{\"text\":1}", ERR_TYPE, "/text"},
	{"below uint16", "{\"u16\":-1}", ERR_RANGE, "/u16"},
	{"above uint16", "{\"u16\":65536}", ERR_RANGE, "/u16"},
	{"a fraction for an integer", "{\"u16\":1.0}", ERR_TYPE, "/u16"},
	{"below the minimum", "{\"u32\":9}", ERR_RANGE, "/u32"},
	{"above the maximum", "{\"u32\":21}", ERR_RANGE, "/u32"},
	{"a negative uint64", "{\"u64\":-1}", ERR_RANGE, "/u64"},
	{"a real below", "{\"real\":-90.001}", ERR_RANGE, "/real"},
	{"a real above", "{\"real\":91}", ERR_RANGE, "/real"},
	{"a text for a real", "{\"real\":\"1\"}", ERR_TYPE, "/real"},
	{"a number for a bool", "{\"flag\":1}", ERR_TYPE, "/flag"},
	{"a list for an object", "{\"inner\":[]}", ERR_TYPE, "/inner"},
	{"a custom decoder's own path", "{\"even\":[0,1]}", ERR_RANGE,
	 "/even/1"},
	{"a custom decoder without one", "{\"even\":\"x\"}", ERR_TYPE, "/even"},
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
		const struct refused_row *row = &refused_rows[i];
		struct json_problem p = {.rc = 0};
		struct thing thing = {.u16 = 7};
		int rc =
			json_decode_text(sv_str(row->text), &table, &thing, &p);

		if (rc != row->rc || p.rc != rc ||
		    strcmp(p.path, row->path) != 0 || !p.rule[0])
			fail_msg("%s: rc %d path '%s' rule '%s'", row->rule, rc,
				 p.path, p.rule);
		if ((rc == ERR_SYNTAX) != (p.line > 0))
			fail_msg("%s: line %d", row->rule, p.line);
	}
}

static void takes_every_kind_and_the_edges(void **state)
{
	struct thing t = {.i64 = 5};
	struct json_problem p;
	int rc = json_decode_text(
		SV("{\"text\":\"12345678\",\"id\":\"abc\",\"u16\":65535,"
		   "\"u32\":10,\"u64\":9223372036854775807,\"real\":-90,"
		   "\"flag\":true,\"inner\":{\"port\":1},\"even\":4,"
		   "\"other\":[{}],\"i64\":null}"),
		&table, &t, &p);

	(void)state;
	assert_int_equal(rc, 0);
	assert_string_equal(t.text, "12345678");
	assert_string_equal(t.id, "abc");
	assert_int_equal(t.u16, 65535);
	assert_int_equal(t.u32, 10);
	assert_true(t.u64 == INT64_MAX);
	assert_int_equal(t.i64, 5); /* null is absent */
	assert_true(t.real == -90);
	assert_true(t.flag);
	assert_int_equal(t.inner.port, 1);
	assert_int_equal(t.custom, 4);
}

static void says_line_and_column(void **state)
{
	struct json_problem p;
	struct json *root;

	(void)state;
	assert_int_equal(json_parse(SV("{\n  \"a\": x\n}"), &root, &p),
			 ERR_SYNTAX);
	assert_int_equal(p.line, 2);
	assert_true(p.column > 0);
}

static void cuts_long_names_in_the_path(void **state)
{
	struct json_problem p;
	struct thing t;
	char text[2000];
	int rc;

	(void)state;
	memset(text, '/', sizeof(text));
	memcpy(text, "{\"", 2);
	memcpy(text + sizeof(text) - 4, "\":1}", 4);
	rc = json_decode_text(sv_of(text, sizeof(text)), &table, &t, &p);
	assert_int_equal(rc, ERR_UNKNOWN_FIELD);
	assert_int_equal(strlen(p.path), JSON_PATH_MAX - 1);
}

static void deep_nesting_is_refused(void **state)
{
	struct json_problem p;
	struct json *root;
	char text[8192];

	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(json_parse(sv_of(text, sizeof(text)), &root, &p),
			 ERR_SYNTAX);
}

static int count_names(const char *name, const struct json *v, void *arg)
{
	size_t *count = arg;

	(void)v;
	++*count;
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

static void walks(void **state)
{
	struct json_problem p;
	struct json *root;
	size_t count = 0;
	double real;
	bool flag;
	struct sv text;

	(void)state;
	assert_int_equal(json_parse(SV("{\"a\":[1,2.5,\"x\",false],\"b\":{},"
				       "\"stop\":null,\"c\":1}"),
				    &root, &p),
			 0);
	assert_int_equal(json_each(root, count_names, &count), 7);
	assert_int_equal(count, 3);
	assert_int_equal(json_each(json_member(root, "a"), count_names, &count),
			 0);
	assert_int_equal(json_array_len(json_member(root, "a")), 4);
	assert_int_equal(json_array_len(root), 0);
	assert_null(json_array_at(json_member(root, "a"), 4));
	assert_null(json_member(root, "nope"));
	assert_int_equal(
		json_get_real(json_array_at(json_member(root, "a"), 0), &real),
		0);
	assert_true(real == 1.0);
	assert_int_equal(
		json_get_bool(json_array_at(json_member(root, "a"), 3), &flag),
		0);
	assert_false(flag);
	assert_int_equal(json_get_text(json_member(root, "nope"), &text),
			 ERR_TYPE);
	assert_true(json_is_null(json_member(root, "stop")));
	assert_false(json_is_null(json_member(root, "nope")));
	json_free(&root);
	assert_null(root);
	json_free(&root);
}

static const struct comment_row {
	const char *rule, *text, *want;
} comment_rows[] = {
	{"to the end of the line", "1 // x\n2", "1     \n2"},
	{"to the end of the text", "1 // x", "1     "},
	{"a block keeps its lines", "1/* a\nb */2", "1    \n    2"},
	{"an empty block", "/**/1", "    1"},
	{"none in a text", "\"// /* \\\" //\" //", "\"// /* \\\" //\"   "},
	{"a lone slash stays", "1 / 2", "1 / 2"},
	{"a slash at the end stays", "1 /", "1 /"},
	{"a text that never ends", "\"a //", "\"a //"},
	{"slash star slash is not closed", "/*/ 1 */2", "        2"},
};

static void blanks_comments(void **state)
{
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(comment_rows); i++) {
		const struct comment_row *row = &comment_rows[i];
		size_t len = strlen(row->text);

		memcpy(text, row->text, len + 1);
		assert_int_equal(json_blank_comments(text, len), 0);
		if (strcmp(text, row->want) != 0)
			fail_msg("%s: '%s'", row->rule, text);
	}
	memcpy(text, "1 /* 2", 7);
	assert_int_equal(json_blank_comments(text, 6), ERR_SYNTAX);
	memcpy(text, "/*/", 4);
	assert_int_equal(json_blank_comments(text, 3), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(takes_every_kind_and_the_edges),
		cmocka_unit_test(says_line_and_column),
		cmocka_unit_test(cuts_long_names_in_the_path),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(walks),
		cmocka_unit_test(blanks_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
