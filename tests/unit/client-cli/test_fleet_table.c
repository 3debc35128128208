/*
 * test_fleet_table.c - the picture as people read it; what is not known.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/fleet_table.h"

static struct json *parse(const char *text)
{
	struct json_problem p;
	struct json *root;

	assert_int_equal(json_parse(sv_str(text), &root, &p), 0);
	return root;
}

static const struct row {
	const char *rule, *intent, *want;
} intents[] = {
	{"a drain with its pace", "{\"state\":\"drain\",\"shed_per_min\":5}",
	 "drain 5 %/min"},
	{"a weight alone", "{\"state\":\"up\",\"weight\":0,\"bias_km\":null}",
	 "weight 0"},
	{"several", "{\"state\":\"maintenance\",\"weight\":7,\"bias_km\":-300}",
	 "maintenance, weight 7, bias -300 km"},
	{"none", "null", ""},
	{"nonsense", "[1]", ""},
};

static void test_intents(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(intents); i++) {
		char text[256];
		struct json *root;
		struct buf b;

		buf_init(&b, 256);
		buf_printf(&b, "{\"intent\":%s}", intents[i].intent);
		assert_int_equal(sv_copy(buf_view(&b), text, sizeof(text)), 0);
		root = parse(text);
		buf_reset(&b);
		fleet_table_intent(&b, json_member(root, "intent"));
		print_message("%s\n", intents[i].rule);
		assert_string_equal(buf_cstr(&b), intents[i].want);
		buf_fini(&b);
		json_free(&root);
	}
}

static const char nodes[] =
	"{\"nodes\":[{\"id\":\"a\",\"region\":\"eu\",\"service\":\"im\","
	"\"state\":\"up\",\"conns\":50,\"capacity\":100},"
	"{\"id\":\"b\",\"region\":\"hk\",\"service\":\"im\",\"state\":\"down\"}"
	"]}";

static size_t lines_of(const struct fleet_filter *filter, size_t rows_max)
{
	struct json *root = parse(nodes);
	size_t lines = 0;
	struct buf b;

	buf_init(&b, 65536);
	fleet_table_nodes(&b, root, filter, rows_max);
	for (size_t i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	buf_fini(&b);
	json_free(&root);
	return lines;
}

static void test_filters(void **state)
{
	static const struct {
		const char *rule;
		struct fleet_filter filter;
		size_t rows_max, lines; /* the head is one */
	} rows[] = {
		{"all", {NULL, NULL, NULL}, 9, 3},
		{"a region", {"hk", NULL, NULL}, 9, 2},
		{"a service that nobody has", {NULL, "x", NULL}, 9, 1},
		{"a state", {NULL, NULL, "up"}, 9, 2},
		{"both must hold", {"hk", NULL, "up"}, 9, 1},
		{"no more rows than asked for", {NULL, NULL, NULL}, 1, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		assert_int_equal(lines_of(&rows[i].filter, rows[i].rows_max),
				 rows[i].lines);
	}
}

static void test_a_drains_progress(void **state)
{
	const struct fleet_filter all = {NULL, NULL, NULL};
	struct json *root = parse(
		"{\"nodes\":[{\"id\":\"a\",\"intent\":{\"state\":\"drain\"},"
		"\"drain\":{\"conns_at_start\":100,\"progress\":0.4}},{"
		"\"id\":\"b\",\"intent\":null,\"drain\":{\"progress\":1}}]}");
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	fleet_table_nodes(&b, root, &all, 10);
	assert_non_null(strstr(buf_cstr(&b), "  drain, 40 % gone\n"));
	assert_non_null(strstr(buf_cstr(&b), "  100 % gone\n"));
	buf_fini(&b);
	json_free(&root);
}

static void test_areas(void **state)
{
	struct json *root = parse(
		"{\"areas\":[{\"country\":\"BR\",\"lat\":-23.56,\"lon\":-46.69,"
		"\"per_s\":1.25,\"share\":0.4,\"nearest_share\":0.95,"
		"\"km_p50\":7664,\"regions\":[[\"iad\",0.8],[\"fra\",0.2]]},"
		"{\"country\":\"\",\"lat\":null,\"per_s\":1,\"share\":null,"
		"\"regions\":[[7],\"x\",[]]}]}");
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	fleet_table_areas(&b, root);
	assert_non_null(strstr(buf_cstr(&b),
			       "\nBR       -23.6, -46.7       1.25     40.0  "
			       "     95.0    7664  80 % iad, 20 % fra\n"));
	/* Of a place that is not known, and with regions that are none. */
	assert_non_null(strstr(buf_cstr(&b),
			       "\n         -                  1.00        -  "
			       "        -       -  \n"));
	buf_fini(&b);
	json_free(&root);
}

/* An empty or foreign document is a table of unknowns, never a crash. */
static void test_nothing_is_known(void **state)
{
	static const char *const texts[] = {
		"{}", "[]",
		"{\"status\":7,\"regions\":{},\"areas\":[7,null],\"nodes\":[1,"
		"null],"
		"\"balancers\":[[]],\"registry\":\"x\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct fleet_filter all = {NULL, NULL, NULL};
		struct json *root = parse(texts[i]);
		struct buf b;

		buf_init(&b, 65536);
		fleet_table_status(&b, root);
		fleet_table_balancers(&b, root);
		fleet_table_regions(&b, root);
		fleet_table_areas(&b, root);
		fleet_table_nodes(&b, root, &all, 10);
		assert_false(b.failed);
		assert_non_null(
			strstr(buf_cstr(&b), "p99 -, nearest region -"));
		buf_fini(&b);
		json_free(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intents),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_a_drains_progress),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
