/*
 * test_num.c - strict numbers: what is one, what is none, what is too much.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

static const struct u64_row {
	const char *text;
	uint64_t max;
	int want;
	uint64_t value;
} U64_ROWS[] = {
	{"0", 0, 0, 0},
	{"65535", 65535, 0, 65535},
	{"65536", 65535, ERR_RANGE, 0},
	{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
	{"18446744073709551616", UINT64_MAX, ERR_RANGE, 0},
	{"99999999999999999999999", UINT64_MAX, ERR_RANGE, 0},
	{"99999999999999999999999x", UINT64_MAX, ERR_SYNTAX, 0},
	{"007", 9, 0, 7},
	{"", 9, ERR_SYNTAX, 0},
	{"-1", 9, ERR_SYNTAX, 0},
	{"+1", 9, ERR_SYNTAX, 0},
	{" 1", 9, ERR_SYNTAX, 0},
	{"1 ", 9, ERR_SYNTAX, 0},
	{"0x1", 9, ERR_SYNTAX, 0},
	{"1.0", 9, ERR_SYNTAX, 0},
};

static void test_u64(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(U64_ROWS); i++) {
		const struct u64_row *row = &U64_ROWS[i];
		uint64_t value = 12345;
		int rc = num_u64(sv_str(row->text), row->max, &value);

		if (rc != row->want ||
		    value != (row->want ? 12345 : row->value))
			fail_msg("\"%s\": %d", row->text, rc);
	}
}

static const struct i64_row {
	const char *text;
	int64_t min, max;
	int want;
	int64_t value;
} I64_ROWS[] = {
	{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
	{"-9223372036854775809", INT64_MIN, INT64_MAX, ERR_RANGE, 0},
	{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
	{"9223372036854775808", INT64_MIN, INT64_MAX, ERR_RANGE, 0},
	{"-0", -1, 1, 0, 0},
	{"-1", -1, 1, 0, -1},
	{"-2", -1, 1, ERR_RANGE, 0},
	{"2", -1, 1, ERR_RANGE, 0},
	{"-", -1, 1, ERR_SYNTAX, 0},
	{"--1", -1, 1, ERR_SYNTAX, 0},
	{"", -1, 1, ERR_SYNTAX, 0},
};

static void test_i64(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(I64_ROWS); i++) {
		const struct i64_row *row = &I64_ROWS[i];
		int64_t value = 12345;
		int rc = num_i64(sv_str(row->text), row->min, row->max, &value);

		if (rc != row->want ||
		    value != (row->want ? 12345 : row->value))
			fail_msg("\"%s\": %d", row->text, rc);
	}
}

static void test_hex(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(num_hex(SV("0"), &value), 0);
	assert_int_equal(num_hex(SV("dEadBeef"), &value), 0);
	assert_int_equal(value, 0xdeadbeef);
	assert_int_equal(num_hex(SV("ffffffffffffffff"), &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(num_hex(SV("00000000000000000"), &value), ERR_SYNTAX);
	assert_int_equal(num_hex(SV(""), &value), ERR_SYNTAX);
	assert_int_equal(num_hex(SV("0x1"), &value), ERR_SYNTAX);
	assert_int_equal(num_hex(SV("fg"), &value), ERR_SYNTAX);
	assert_int_equal(num_hex(SV("@"), &value), ERR_SYNTAX);
}

static const struct double_row {
	const char *text;
	int want;
	double value;
} DOUBLE_ROWS[] = {
	{"0", 0, 0},
	{"-1.5", 0, -1.5},
	{"1e2", 0, 100},
	{"1E+2", 0, 100},
	{"1e-2", 0, 0.01},
	{"100.0", 0, 100},
	{"100.00001", ERR_RANGE, 0},
	{"-100.1", ERR_RANGE, 0},
	{"1e999", ERR_RANGE, 0},
	{"nan", ERR_SYNTAX, 0},
	{"inf", ERR_SYNTAX, 0},
	{"0x10", ERR_SYNTAX, 0},
	{"1.", ERR_SYNTAX, 0},
	{".5", ERR_SYNTAX, 0},
	{"1e", ERR_SYNTAX, 0},
	{"+1", ERR_SYNTAX, 0},
	{"1 ", ERR_SYNTAX, 0},
	{" 1", ERR_SYNTAX, 0},
	{"1,5", ERR_SYNTAX, 0},
	{"", ERR_SYNTAX, 0},
	{"-", ERR_SYNTAX, 0},
	{"10000000000000000000000000000000000000000000000000000000000000000",
	 ERR_SYNTAX, 0},
};

static void test_double(void **state)
{
	double value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(DOUBLE_ROWS); i++) {
		const struct double_row *row = &DOUBLE_ROWS[i];
		int rc;

		value = 12345;
		rc = num_double(sv_str(row->text), -100, 100, &value);
		if (rc != row->want ||
		    value != (row->want ? 12345 : row->value))
			fail_msg("\"%s\": %d", row->text, rc);
	}
	assert_int_equal(num_double(sv_of("1\0", 2), 0, 9, &value), ERR_SYNTAX);
}

static const struct duration_row {
	const char *text;
	int want;
	int64_t value_ms;
} DURATION_ROWS[] = {
	{"0s", 0, 0},
	{"250ms", 0, 250},
	{"5s", 0, 5000},
	{"2m", 0, 120000},
	{"1h", 0, 3600000},
	{"8784h", 0, 31622400000},
	{"8785h", ERR_RANGE, 0},
	{"31622400000ms", 0, 31622400000},
	{"31622400001ms", ERR_RANGE, 0},
	{"99999999999999999999s", ERR_RANGE, 0},
	{"5", ERR_SYNTAX, 0},
	{"s", ERR_SYNTAX, 0},
	{"", ERR_SYNTAX, 0},
	{"5 s", ERR_SYNTAX, 0},
	{"5S", ERR_SYNTAX, 0},
	{"-5s", ERR_SYNTAX, 0},
	{"1.5s", ERR_SYNTAX, 0},
	{"5sec", ERR_SYNTAX, 0},
	{"1d", ERR_SYNTAX, 0},
};

static void test_duration(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(DURATION_ROWS); i++) {
		const struct duration_row *row = &DURATION_ROWS[i];
		int64_t value_ms = 12345;
		int rc = num_duration_ms(sv_str(row->text), &value_ms);

		if (rc != row->want ||
		    value_ms != (row->want ? 12345 : row->value_ms))
			fail_msg("\"%s\": %d", row->text, rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),	 cmocka_unit_test(test_i64),
		cmocka_unit_test(test_hex),	 cmocka_unit_test(test_double),
		cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
