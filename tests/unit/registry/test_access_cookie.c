/* One cookie out of many. */
#include "registry/access_cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_cookie_is_found(void **state)
{
	static const struct {
		const char *rule, *header, *value; /* NULL = none */
	} rows[] = {
		{"no header", "", NULL},
		{"alone", "s=abc", "abc"},
		{"first", "s=abc; t=1", "abc"},
		{"last", "t=1; s=abc", "abc"},
		{"without the space", "t=1;s=abc", "abc"},
		{"the first of two", "s=a; s=b", "a"},
		{"another name that ends so", "xs=abc", NULL},
		{"another name that begins so", "sx=abc", NULL},
		{"no name", "abc", NULL},
		{"the name alone", "s", NULL},
		{"an empty value", "s=", ""},
		{"a value with =", "s=a=b", "a=b"},
		{"quotes", "s=\"abc\"", "abc"},
		{"one quote", "s=\"", "\""},
		{"spaces around", " s = abc ;", "abc"},
		{"only separators", ";;=;", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sv value =
			access_cookie_find(sv_str(rows[i].header), SV("s"));

		if ((value.ptr != NULL) != (rows[i].value != NULL) ||
		    !sv_eq(value, sv_str(rows[i].value)))
			fail_msg("%s", rows[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
