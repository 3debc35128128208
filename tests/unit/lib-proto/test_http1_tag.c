/*
 * test_http1_tag.c - lists of entity tags (RFC 9110 8.8.3), tag by tag.
 */
#include "lib/proto/http1_tag.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/buf.h"

static const struct row {
	const char *rule, *list;
	const char *want; /* tags with a blank behind each, weak ones with W/ */
} rows[] = {
	{"one", "\"a\"", "\"a\" "},
	{"a weak one", "W/\"a\"", "W/\"a\" "},
	{"several", "\"a\", W/\"b\",\"c\"", "\"a\" W/\"b\" \"c\" "},
	{"empty members", ", ,\"a\", ,", "\"a\" "},
	{"a comma in a tag", "\"a,b\"", "\"a,b\" "},
	{"the empty tag", "\"\"", "\"\" "},
	{"nothing", "", ""},
	{"any is no tag", "*", ""},
	{"no quotes", "a", ""},
	{"one quote", "\"", ""},
	{"no second quote", "\"a", ""},
	{"only W/", "W/", ""},
	{"a small w", "w/\"a\"", ""},
	{"what follows garbage is not read", "\"a\", x, \"b\"", "\"a\" "},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sv list = sv_str(rows[i].list), tag;
		char storage[64];
		struct buf got;
		bool is_weak;

		buf_init_fixed(&got, storage, sizeof(storage));
		while ((tag = http1_tag_next(&list, &is_weak)).ptr)
			buf_printf(&got, "%s" SV_FMT " ", is_weak ? "W/" : "",
				   SV_ARG(tag));
		print_message("%s\n", rows[i].rule);
		assert_string_equal(buf_cstr(&got), rows[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
