/*
 * test_answer_id.c - an id reads back as it was written, or not at all.
 */
#include "balancer/answer_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
	const char *rule, *text;
	bool good;
	struct answer_id want;
} rows[] = {
	{"an answer's id, whole",
	 "b3:18842:9f3ac1d27b04e865:02f1004",
	 true,
	 {.number = 18842,
	  .key = 0x9f3ac1d27b04e865,
	  .cell = 0x2f1,
	  .service = 0,
	  .want = 5,
	  .family = SNAPSHOT_V46}},
	{.rule = "the largest of everything",
	 .text = "b3:4294967295:ffffffffffffffff:ffffff2f"},
	{"the largest of everything that fits",
	 "b3:4294967295:ffffffffffffffff:fffff2f",
	 true,
	 {.number = UINT32_MAX,
	  .key = UINT64_MAX,
	  .cell = 0xffff,
	  .service = 15,
	  .want = 16,
	  .family = SNAPSHOT_V6}},
	{"the smallest", "b:0:0000000000000000:0000000", true, {.want = 1}},
	{.rule = "a family that there is not",
	 .text = "b3:1:9f3ac1d27b04e865:0000030"},
	{.rule = "a number that does not fit",
	 .text = "b3:4294967296:9f3ac1d27b04e865:0000000"},
	{.rule = "no balancer", .text = ":1:9f3ac1d27b04e865:0000000"},
	{.rule = "no number", .text = "b3::9f3ac1d27b04e865:0000000"},
	{.rule = "a short key", .text = "b3:1:9f3ac1d27b04e86:0000000"},
	{.rule = "no draw", .text = "b3:1:9f3ac1d27b04e865"},
	{.rule = "a short draw", .text = "b3:1:9f3ac1d27b04e865:000000"},
	{.rule = "no digits", .text = "b3:1:9f3ac1d27b04e865:00000x0"},
	{.rule = "a field too many", .text = "b3:1:9f3ac1d27b04e865:0000000:"},
	{.rule = "nothing", .text = ""},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer_id id;
		int rc = answer_id_parse(sv_str(rows[i].text), &id);

		if ((rc == 0) != rows[i].good)
			fail_msg("%s: %d", rows[i].rule, rc);
		if (!rows[i].good)
			continue;
		assert_ptr_equal(id.balancer.ptr, rows[i].text);
		assert_int_equal(id.number, rows[i].want.number);
		assert_int_equal(id.key, rows[i].want.key);
		assert_int_equal(id.cell, rows[i].want.cell);
		assert_int_equal(id.service, rows[i].want.service);
		assert_int_equal(id.want, rows[i].want.want);
		assert_int_equal(id.family, rows[i].want.family);
	}
}

static void test_fill_is_what_parse_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char tail[] = ANSWER_ID_TAIL;

		if (!rows[i].good)
			continue;
		answer_id_fill(tail, &rows[i].want);
		assert_string_equal(
			strchr(strchr(rows[i].text, ':') + 1, ':') + 1, tail);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_fill_is_what_parse_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
