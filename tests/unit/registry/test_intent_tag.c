/*
 * test_intent_tag.c - what a tag depends on, and which changes conditions let
 * through (RFC 9110 13.1.1 and 13.1.2).
 */
#include "registry/intent_tag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct intent drain = {.scope = INTENT_NODE,
				    .id = "a",
				    .state = INTENT_DRAIN,
				    .by = "ann",
				    .reason = "r",
				    .since_wall_s = 9};

static const char *tag_of(const struct intent *intent, char *storage)
{
	struct buf b;

	buf_init_fixed(&b, storage, INTENT_TAG_BYTES);
	intent_tag_put(&b, intent);
	assert_int_equal(b.len, INTENT_TAG_BYTES - 1);
	return buf_cstr(&b);
}

static void test_it_is_of_all_that_is_said(void **state)
{
	char first[INTENT_TAG_BYTES], second[INTENT_TAG_BYTES];
	struct intent other[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		other[i] = drain;
	assert_string_equal(tag_of(&drain, first), tag_of(&other[0], second));
	other[0].id[0] = 'b';
	other[1].state = INTENT_UP;
	other[2].has_weight = true;
	other[3].by[0] = 'b';
	other[4].reason[0] = 's';
	other[5].since_wall_s++;
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_string_not_equal(first, tag_of(&other[i], second));
}

static const struct row {
	const char *rule;
	const char *name, *value, *second; /* % is the tag of what holds */
	bool held, nothing; /* permitted while it holds, or not */
} rows[] = {
	{"no condition", "x", "%", NULL, true, true},
	{"what it is", "If-Match", "%", NULL, true, false},
	{"whatever its case", "if-match", "%", NULL, true, false},
	{"what it was", "If-Match", "\"0123456789abcdef\"", NULL, false, false},
	{"one of two", "If-Match", "\"a\", %", NULL, true, false},
	{"of two lines", "If-Match", "\"a\"", "%", true, false},
	{"a weak one is not strong", "If-Match", "W/%", NULL, false, false},
	{"whatever it is", "If-Match", "*", NULL, true, false},
	{"nothing that can be read", "If-Match", "a", NULL, false, false},
	{"nothing at all", "If-Match", "", NULL, false, false},
	{"only if there is none", "If-None-Match", "*", NULL, false, true},
	{"only if it is not this", "If-None-Match", "%", NULL, false, true},
	{"nor weakly", "If-None-Match", "W/%", NULL, false, true},
	{"only if it is not another", "If-None-Match", "\"a\"", NULL, true,
	 true},
};

static void put_value(struct buf *b, const char *value)
{
	for (; *value; value++) {
		if (*value == '%')
			intent_tag_put(b, &drain);
		else
			buf_char(b, *value);
	}
}

static void test_conditions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		static struct http1_request head;
		char first[64], second[64];
		struct buf a, b;

		buf_init_fixed(&a, first, sizeof(first));
		buf_init_fixed(&b, second, sizeof(second));
		put_value(&a, row->value);
		put_value(&b, row->second ? row->second : "");
		head.header_count = row->second ? 2 : 1;
		head.headers[0] =
			(struct http1_header){sv_str(row->name), buf_view(&a)};
		head.headers[1] =
			(struct http1_header){sv_str(row->name), buf_view(&b)};
		print_message("%s\n", row->rule);
		assert_int_equal(intent_tag_permits(&head, &drain), row->held);
		assert_int_equal(intent_tag_permits(&head, NULL), row->nothing);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_of_all_that_is_said),
		cmocka_unit_test(test_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
