/*
 * test_buf.c - growing, sticky failure, numbers and JSON strings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rng.h"

static void test_grows_to_its_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_string_equal(buf_cstr(&b), "");
	buf_put(&b, NULL, 0);
	assert_false(b.failed);
	for (int i = 0; i < 100; i++)
		buf_char(&b, 'x');
	assert_false(b.failed);
	assert_int_equal(strlen(buf_cstr(&b)), 100); /* NUL has room too */
	assert_false(b.failed);
	buf_char(&b, 'y');
	assert_true(b.failed);
	assert_int_equal(b.len, 100);
	buf_reset(&b);
	assert_false(b.failed);
	buf_str(&b, "again");
	assert_string_equal(buf_cstr(&b), "again");
	buf_fini(&b);
	buf_fini(&b);
}

static void test_failure_is_sticky_and_whole(void **state)
{
	char storage[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, storage, sizeof(storage));
	buf_str(&b, "abc");
	buf_str(&b, "de");
	assert_true(b.failed);
	buf_char(&b, 'd'); /* would fit, but something is missing before it */
	assert_int_equal(b.len, 3);
	assert_string_equal(buf_cstr(&b), "abc");
	assert_null(buf_reserve(&b, 0));
}

static void test_fixed_without_room_for_the_nul(void **state)
{
	char storage[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, storage, sizeof(storage));
	buf_str(&b, "abcd");
	assert_false(b.failed);
	assert_string_equal(buf_cstr(&b), "abc");
	assert_true(b.failed);
	buf_init_fixed(&b, NULL, 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_put(&b, "", 0);
	assert_false(b.failed);
	buf_char(&b, 'x');
	assert_true(b.failed);
}

static void test_reserve(void **state)
{
	struct buf b;
	char *at;

	(void)state;
	buf_init(&b, SIZE_MAX);
	at = buf_reserve(&b, 1000);
	assert_non_null(at);
	memset(at, 'z', 1000);
	b.len += 1000;
	assert_null(buf_reserve(&b, SIZE_MAX - 10));
	assert_true(b.failed);
	buf_fini(&b);
}

static const struct fixed_row {
	const char *rule;
	double value;
	unsigned decimals;
	const char *want;
} FIXED_ROWS[] = {
	{"no decimals", 2.4, 0, "2"},
	{"half away from zero", 2.5, 0, "3"},
	{"half away from zero below it", -2.5, 0, "-3"},
	{"digits are kept", 1.5, 3, "1.500"},
	{"leading zeros of the fraction", 0.007, 3, "0.007"},
	{"carry", 0.9996, 3, "1.000"},
	{"no negative zero", -0.0004, 3, "0.000"},
	{"nan", NAN, 2, "0.00"},
	{"infinity", -INFINITY, 1, "0.0"},
	{"at most six", 1, 9, "1.000000"},
	{"too large for 53 bits", 1e20, 2, "100000000000000000000.00"},
	{"negative and large", -1e16, 1, "-10000000000000000.0"},
};

static const struct double_row {
	double value;
	const char *want;
} DOUBLE_ROWS[] = {
	{0, "0"},
	{-0.0, "0"},
	{1, "1"},
	{-17, "-17"},
	{0.1, "0.1"},
	{0.1 + 0.2, "0.30000000000000004"},
	{1.0 / 3, "0.3333333333333333"},
	{1e21, "1e+21"},
	{1e-7, "1e-07"},
	{9007199254740991.0, "9007199254740991"},
	{DBL_MAX, "1.7976931348623157e+308"},
	{5e-324, "5e-324"},
	{NAN, "0"},
	{INFINITY, "0"},
};

static void test_numbers(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_u64(&b, 0);
	buf_char(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_char(&b, ' ');
	buf_i64(&b, INT64_MIN);
	buf_char(&b, ' ');
	buf_i64(&b, INT64_MAX);
	buf_char(&b, ' ');
	buf_hex(&b, 0xbeef, 8);
	buf_char(&b, ' ');
	buf_hex(&b, 0xbeef, 2);
	buf_hex(&b, UINT64_MAX, 99);
	buf_hex(&b, 1, 0);
	assert_string_equal(buf_cstr(&b),
			    "0 18446744073709551615 -9223372036854775808 "
			    "9223372036854775807 0000beef efffffffffffffffff1");
	for (size_t i = 0; i < ARRAY_LEN(FIXED_ROWS); i++) {
		buf_reset(&b);
		buf_fixed(&b, FIXED_ROWS[i].value, FIXED_ROWS[i].decimals);
		if (strcmp(buf_cstr(&b), FIXED_ROWS[i].want) != 0)
			fail_msg("%s: %s", FIXED_ROWS[i].rule, buf_cstr(&b));
	}
	for (size_t i = 0; i < ARRAY_LEN(DOUBLE_ROWS); i++) {
		buf_reset(&b);
		buf_double(&b, DOUBLE_ROWS[i].value);
		assert_string_equal(buf_cstr(&b), DOUBLE_ROWS[i].want);
	}
	buf_fini(&b);
}

static void test_doubles_read_back(void **state)
{
	struct rng rng;
	struct buf b;

	(void)state;
	rng_seed(&rng, 7);
	buf_init(&b, 1000);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rng_u64(&rng);
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		buf_reset(&b);
		buf_double(&b, value);
		assert_true(strtod(buf_cstr(&b), NULL) == value);
	}
	buf_fini(&b);
}

static void test_printf(void **state)
{
	char storage[8];
	struct buf b;

	(void)state;
	buf_init(&b, 300);
	buf_printf(&b, "%s=%d", "a", 1);
	buf_printf(&b, "%s", "");
	buf_printf(&b, " %0100d", 7);
	assert_int_equal(b.len, 104);
	assert_memory_equal(b.data, "a=1 000", 7);
	buf_printf(&b, "%0300d", 7);
	assert_true(b.failed);
	assert_int_equal(b.len, 104);
	buf_fini(&b);
	buf_init(&b, 5);
	buf_printf(&b, "%s", "12345");
	assert_false(b.failed);
	assert_string_equal(buf_cstr(&b), "12345");
	buf_fini(&b);
	buf_init_fixed(&b, storage, sizeof(storage));
	buf_printf(&b, "%s", "1234567");
	assert_false(b.failed);
	buf_printf(&b, "%s", "8");
	assert_true(b.failed); /* its NUL has no room */
	assert_string_equal(buf_cstr(&b), "1234567");
}

#define BAD "\xef\xbf\xbd"
static const struct json_row {
	const char *rule, *text, *want;
} JSON_ROWS[] = {
	{"plain", "abc", "\"abc\""},
	{"nothing", "", "\"\""},
	{"quotes and backslashes", "a\"b\\c", "\"a\\\"b\\\\c\""},
	{"named control bytes", "\n\r\t", "\"\\n\\r\\t\""},
	{"other control bytes", "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
	{"a slash stays", "a/b", "\"a/b\""},
	{"two bytes", "\xc3\xa4", "\"\xc3\xa4\""},
	{"three bytes", "\xe4\xbd\xa0", "\"\xe4\xbd\xa0\""},
	{"four bytes", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	{"the last code point", "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},
	{"one above it", "\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\""},
	{"stray continuation", "a\x80z", "\"a" BAD "z\""},
	{"cut at the end", "a\xe4\xbd", "\"a" BAD BAD "\""},
	{"third byte is none", "\xe4\xbdz", "\"" BAD BAD "z\""},
	{"cut in the middle", "\xc3z", "\"" BAD "z\""},
	{"overlong slash", "\xc0\xaf", "\"" BAD BAD "\""},
	{"overlong three bytes", "\xe0\x80\xaf", "\"" BAD BAD BAD "\""},
	{"overlong four bytes", "\xf0\x80\x80\xaf", "\"" BAD BAD BAD BAD "\""},
	{"surrogate", "\xed\xa0\x80", "\"" BAD BAD BAD "\""},
	{"right before the surrogates", "\xed\x9f\xbf", "\"\xed\x9f\xbf\""},
	{"never in UTF-8", "\xff\xfe", "\"" BAD BAD "\""},
};

static void test_json_strings(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_LEN(JSON_ROWS); i++) {
		buf_reset(&b);
		buf_json_str(&b, sv_str(JSON_ROWS[i].text));
		if (strcmp(buf_cstr(&b), JSON_ROWS[i].want) != 0)
			fail_msg("%s: %s", JSON_ROWS[i].rule, buf_cstr(&b));
	}
	buf_reset(&b);
	buf_json_str(&b, sv_of("a\0b", 3));
	assert_string_equal(buf_cstr(&b), "\"a\\u0000b\"");
	buf_reset(&b);
	buf_json_str(&b, sv_of(NULL, 0));
	assert_string_equal(buf_cstr(&b), "\"\"");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_to_its_limit),
		cmocka_unit_test(test_failure_is_sticky_and_whole),
		cmocka_unit_test(test_fixed_without_room_for_the_nul),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_doubles_read_back),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_json_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
