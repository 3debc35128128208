/*
 * test_screen.c - a picture is cut to the terminal's size.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/screen.h"

static const struct row {
	const char *rule, *text;
	unsigned rows, columns;
	const char *want;
} rows[] = {
	{"lines that fit", "ab\ncd\n", 5, 5, "\033[Hab\033[K\ncd\033[K\033[J"},
	{"long lines are cut", "abcdef\n", 5, 3, "\033[Habc\033[K\033[J"},
	{"in characters", "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88x\n", 5, 2,
	 "\033[H\xe2\x96\x88\xe2\x96\x88\033[K\033[J"},
	{"lines below the edge are left out", "a\nb\nc\n", 2, 5,
	 "\033[Ha\033[K\nb\033[K\033[J"},
	{"an empty line is one", "a\n\nb\n", 3, 5,
	 "\033[Ha\033[K\n\033[K\nb\033[K\033[J"},
	{"nothing", "", 3, 5, "\033[H\033[J"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;

		buf_init(&b, 1024);
		screen_put(&b, sv_str(rows[i].text), rows[i].rows,
			   rows[i].columns);
		print_message("%s\n", rows[i].rule);
		assert_string_equal(buf_cstr(&b), rows[i].want);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
