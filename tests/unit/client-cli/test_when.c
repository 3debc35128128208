/*
 * test_when.c - times that people write and read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/when.h"
#include "lib/base/err.h"

#define NOON 1795521600 /* 2026-11-24 12:00:00Z */

static const struct row {
	const char *rule, *text;
	int rc;
	int64_t wall_s;
} rows[] = {
	{"a day and a time", "2026-11-24T12:00:00Z", 0, NOON},
	{"without seconds", "2026-11-24T12:00Z", 0, NOON},
	{"without Z it is UTC, too", "2026-11-24T12:00", 0, NOON},
	{"a space for the T", "2026-11-24 12:00", 0, NOON},
	{"a time later today", "12:01", 0, NOON + 60},
	{"the time that it is now is tomorrow's", "12:00", 0, NOON + 86400},
	{"an earlier one is tomorrow's", "11:59:59", 0, NOON + 86399},
	{"no such day", "2026-02-30T00:00Z", ERR_SYNTAX, 0},
	{"a leap day", "2028-02-29T00:00Z", 0, 1835395200},
	{"no such month", "2026-13-01T00:00Z", ERR_SYNTAX, 0},
	{"no such hour", "24:00", ERR_SYNTAX, 0},
	{"no such minute", "12:60", ERR_SYNTAX, 0},
	{"one digit", "1:00", ERR_SYNTAX, 0},
	{"a day alone", "2026-11-24", ERR_SYNTAX, 0},
	{"before 1970", "1969-01-01T00:00Z", ERR_SYNTAX, 0},
	{"words", "soon", ERR_SYNTAX, 0},
	{"nothing", "", ERR_SYNTAX, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t wall_s = 0;
		int rc = when_parse(sv_str(rows[i].text), NOON, &wall_s);

		print_message("%s\n", rows[i].rule);
		assert_int_equal(rc, rows[i].rc);
		if (rc == 0)
			assert_int_equal(wall_s, rows[i].wall_s);
	}
}

static void test_put(void **state)
{
	static const struct {
		int64_t age_s;
		const char *want;
	} ages[] = {{-1, "0s"},	    {0, "0s"},	   {59, "59s"},
		    {60, "1m"},	    {3599, "59m"}, {3600, "1h"},
		    {86399, "23h"}, {86400, "1d"}, {863999, "9d"}};
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	when_put(&b, NOON);
	assert_string_equal(buf_cstr(&b), "2026-11-24 12:00:00Z");
	for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
		buf_reset(&b);
		when_put_age(&b, ages[i].age_s);
		assert_string_equal(buf_cstr(&b), ages[i].want);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
