/*
 * test_sv.c - views: comparing, cutting, copying.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/sv.h"

static void test_compare(void **state)
{
	(void)state;
	assert_true(sv_eq(sv_str(NULL), SV("")));
	assert_true(sv_eq(SV("ab"), sv_of("abc", 2)));
	assert_false(sv_eq(SV("ab"), SV("aB")));
	assert_false(sv_eq(SV("ab"), SV("abc")));
	assert_true(sv_eq_nocase(SV("Ab-9z"), SV("aB-9Z")));
	assert_false(sv_eq_nocase(SV("@"), SV("`"))); /* no letters */
	assert_false(sv_eq_nocase(SV("["), SV("{")));
	assert_false(sv_eq_nocase(SV("a"), SV("ab")));
	assert_true(sv_starts(SV("abc"), SV("ab")));
	assert_true(sv_starts(SV("abc"), SV("")));
	assert_true(sv_starts(sv_str(NULL), sv_str(NULL)));
	assert_false(sv_starts(SV("ab"), SV("abc")));
}

static void test_trim(void **state)
{
	(void)state;
	assert_true(sv_eq(sv_trim(SV(" \ta b\t ")), SV("a b")));
	assert_true(sv_eq(sv_trim(SV(" \t ")), SV("")));
	assert_true(sv_eq(sv_trim(SV("\na")), SV("\na")));
	assert_true(sv_eq(sv_trim(sv_str(NULL)), SV("")));
}

static void test_cut(void **state)
{
	struct sv rest = SV("a,,b"), empty = sv_str(NULL);

	(void)state;
	assert_true(sv_eq(sv_cut(&rest, ','), SV("a")));
	assert_true(sv_eq(sv_cut(&rest, ','), SV("")));
	assert_true(sv_eq(sv_cut(&rest, ','), SV("b")));
	assert_int_equal(rest.len, 0);
	assert_true(sv_eq(sv_cut(&rest, ','), SV("")));
	assert_true(sv_eq(sv_cut(&empty, ','), SV("")));
	rest = SV("a,");
	assert_true(sv_eq(sv_cut(&rest, ','), SV("a")));
	assert_int_equal(rest.len, 0);
}

static void test_copy(void **state)
{
	char dst[4] = "xyz";

	(void)state;
	assert_int_equal(sv_copy(SV("abc"), dst, sizeof(dst)), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(sv_copy(SV("abcd"), dst, sizeof(dst)), ERR_TOOBIG);
	assert_string_equal(dst, "");
	assert_int_equal(sv_copy(sv_str(NULL), dst, 1), 0);
	assert_int_equal(sv_copy(SV(""), dst, 0), ERR_TOOBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
