/*
 * test_table.c - columns, widths in characters, bars.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "client/cli/table.h"

static void expect(struct table *t, const char *want)
{
	char text[4096];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text) - 1);
	table_put(&b, t);
	assert_string_equal(buf_cstr(&b), want);
	table_free(&t);
}

static void test_alignment(void **state)
{
	static const struct table_column columns[] = {
		{"name", TABLE_LEFT}, {"n", TABLE_RIGHT}, {"last", TABLE_LEFT}};
	struct table *t = table_new(columns, 3);

	(void)state;
	table_str(t, "a");
	table_u64(t, 12345);
	table_str(t, "x");
	table_str(t, "S\xc3\xa3o Paulo"); /* counted in characters */
	table_real(t, 1.25, 1);
	table_str(t, "");
	expect(t, "name           n  last\n"
		  "a          12345  x\n"
		  "S\xc3\xa3o Paulo    1.3  \n");
}

static void test_empty(void **state)
{
	static const struct table_column columns[] = {{"only", TABLE_LEFT}};

	(void)state;
	expect(table_new(columns, 1), "only\n");
}

static void test_outside_text_is_tamed(void **state)
{
	static const struct table_column columns[] = {{"t", TABLE_LEFT}};
	struct table *t = table_new(columns, 1);
	char text[200];

	(void)state;
	table_text(t, SV("a\x1b[31m\nb\x7f"));
	table_text(t, sv_of("nul\0in", 6));
	memset(text, 'x', sizeof(text));
	table_text(t, sv_of(text, sizeof(text)));
	expect(t, "t\na [31m b \nnul in\n"
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
}

static const struct bar_row {
	double share;
	const char *want;
} bar_rows[] = {
	{0, "b\n·········· 0%\n"},   {0.5, "b\n█████····· 50%\n"},
	{1, "b\n██████████ 100%\n"}, {1.2, "b\n██████████ 120%\n"},
	{NAN, "b\n·········· 0%\n"},
};

static void test_bars(void **state)
{
	static const struct table_column columns[] = {{"b", TABLE_LEFT}};

	(void)state;
	for (size_t i = 0; i < sizeof(bar_rows) / sizeof(*bar_rows); i++) {
		struct table *t = table_new(columns, 1);

		table_bar(t, bar_rows[i].share);
		expect(t, bar_rows[i].want);
	}
}

static void test_not_a_number(void **state)
{
	static const struct table_column columns[] = {{"b", TABLE_RIGHT}};
	struct table *t = table_new(columns, 1);

	(void)state;
	table_real(t, NAN, 2);
	expect(t, "b\n-\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_outside_text_is_tamed),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_not_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
