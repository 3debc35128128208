/*
 * test_mdoc.c - what text must look like inside a manual page.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/mdoc.h"

static const struct row {
	const char *rule, *text, *want;
} rows[] = {
	{"a text ends with a newline", "abc", "abc\n"},
	{"line breaks are spaces", "a\nb", "a b\n"},
	{"a sentence begins a line", "One. Two", "One.\nTwo\n"},
	{"no empty line after the last one", "One.", "One.\n"},
	{"a dot alone ends nothing", "a . b", "a . b\n"},
	{"a dot in front is no macro", ".Sh x", "\\&.Sh x\n"},
	{"an apostrophe in front is none either", "'x", "\\(aqx\n"},
	{"backslashes are shown", "a\\", "a\\e\n"},
	{"minus signs stay minus signs", "--x", "\\-\\-x\n"},
	{"nothing is nothing", "", ""},
	{"words are wrapped",
	 "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 x "
	 "y",
	 "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\n"
	 "x y\n"},
};

static const struct row bodies[] = {
	{"paragraphs are parted", "a\n\nb", "a\n.Pp\nb\n"},
	{"what stands two spaces in is shown as it is", "a:\n\n  b  c\n  .d",
	 "a:\n.Bd -literal -offset indent\nb  c\n\\&.d\n.Ed\n"},
	{"text goes on behind it", "a\n  b\nc",
	 "a\n.Bd -literal -offset indent\nb\n.Ed\n.Pp\nc\n"},
	{"it may begin with it", "  b\nc",
	 ".Bd -literal -offset indent\nb\n.Ed\n.Pp\nc\n"},
};

static void check(const struct row *row,
		  void (*put)(struct buf *b, const char *text))
{
	struct buf b;

	buf_init(&b, 4096);
	put(&b, row->text);
	print_message("%s\n", row->rule);
	assert_string_equal(buf_cstr(&b), row->want);
	buf_fini(&b);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], mdoc_text);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		check(&bodies[i], mdoc_body);
}

static void test_items(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	mdoc_option(&b, "state-dir", "DIR");
	mdoc_option(&b, "help", NULL);
	mdoc_term(&b, "a\"b", NULL);
	mdoc_subsection(&b, "x [Y]");
	assert_string_equal(buf_cstr(&b),
			    ".It Fl \"\\-state\\-dir\" Ar \"DIR\"\n"
			    ".It Fl \"\\-help\"\n"
			    ".It Cm \"a\\(dqb\"\n"
			    ".Ss \"x [Y]\\&\"\n");
	buf_fini(&b);
}

static void test_see_also_leaves_itself_out(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	mdoc_see_also(&b, "peri-registry");
	assert_string_equal(buf_cstr(&b), ".Sh SEE ALSO\n.Xr perictl 1 ,\n"
					  ".Xr comet-agent 8 ,\n"
					  ".Xr peri-balancer 8\n");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_see_also_leaves_itself_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
