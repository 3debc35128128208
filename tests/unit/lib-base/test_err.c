/*
 * test_err.c - every number has its name, in lower case without a full stop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/base/err.h"

static void test_ours_are_all_named(void **state)
{
	(void)state;
	for (int rc = ERR_SYNTAX; rc >= ERR_UNAVAILABLE; rc--) {
		const char *text = err_str(rc);

		assert_string_not_equal(text, "unknown error");
		assert_true(text[0] >= 'a' && text[0] <= 'z');
		assert_null(strchr(text, '.'));
		for (int other = ERR_SYNTAX; other > rc; other--)
			assert_string_not_equal(text, err_str(other));
	}
}

static void test_system(void **state)
{
	(void)state;
	assert_string_equal(err_str(0), "success");
	assert_string_equal(err_str(-ENOENT), "no such file or directory");
	assert_string_not_equal(err_str(-EXDEV), "unknown error");
	assert_string_equal(err_str(-1999), "unknown error");
	assert_string_equal(err_str(ERR_UNAVAILABLE - 1), "unknown error");
	assert_string_equal(err_str(1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_are_all_named),
		cmocka_unit_test(test_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
