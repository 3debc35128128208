/*
 * test_question.c - what /explain may be asked, and how the rest is refused.
 */
#include "balancer/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID  "id=b3:1:9f3ac1d27b04e865:02f1004"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define C4  "&without=a&without=b&without=c&without=d"
#define C8  C4 "&weight=e:1&weight=f:2&weight=g:3&weight=h:4"
#define C16                                                                    \
	C8 "&drained=a&drained=b&drained=c&drained=d&drained=e&drained=f"      \
	   "&drained=g&drained=h"

static const struct row {
	const char *rule, *text;
	const char *refusal; /* label; NULL = good */
	unsigned changes;
} rows[] = {
	{"a client's address", "ip=1.2.3.4", NULL, 0},
	{"an answer's id alone", ID, NULL, 0},
	{"an escaped id", "id=b3%3A1%3A9f3ac1d27b04e865%3A02f1004", NULL, 0},
	{"an id and the address for showing the place", ID "&ip=1.2.3.4", NULL,
	 0},
	{"neither", "", "no_client", 0},
	{"neither, with a change", "without=a", "no_client", 0},
	{"half an id", "id=b3:1", "bad_id", 0},
	{"two ids", ID "&" ID, "bad_id", 0},
	{"an id and what it says itself", ID "&n=5", "beside_id", 0},
	{"an id and a device", ID "&device=a", "beside_id", 0},
	{"the language of /resolve", "ip=1.2.3.4&n=16&family=6&device=x", NULL,
	 0},
	{"and its refusals", "ip=1.2.3.4&n=17", "bad_n", 0},
	{"what nobody knows", "ip=1.2.3.4&with=a", "unknown_parameter", 0},
	{"changes of each kind", ID "&without=a&drained=r&weight=b:50", NULL,
	 3},
	{"a region may be called as a node", ID "&without=a&drained=a", NULL,
	 2},
	{"as many as there may be", ID C16, NULL, 16},
	{"one more", ID C16 "&drained=i", "too_many", 0},
	{"a node twice", ID "&without=a&without=a", "same_again", 0},
	{"a node gone and weighed", ID "&without=a&weight=a:1", "same_again",
	 0},
	{"a region twice", ID "&drained=a&drained=a", "same_again", 0},
	{"no name", ID "&without=", "bad_change", 0},
	{"no name of a region", ID "&drained=A", "bad_change", 0},
	{"a bad escape", ID "&without=%zz", "bad_change", 0},
	{"the longest name", ID "&without=" A64, NULL, 1},
	{"a longer name", ID "&without=a" A64, "bad_change", 0},
	{"the longest name with a weight", ID "&weight=" A64 ":1000", NULL, 1},
	{"a weight of nothing", ID "&weight=a:0", NULL, 1},
	{"too much weight", ID "&weight=a:1001", "bad_weight", 0},
	{"no weight", ID "&weight=a", "bad_weight", 0},
	{"no number", ID "&weight=a:x", "bad_weight", 0},
	{"a weight for nobody", ID "&weight=:1", "bad_weight", 0},
	{"a bias", ID "&bias=r:300&bias=node/a:-12.5", NULL, 2},
	{"the most bias", ID "&bias=r:20000", NULL, 1},
	{"too much bias", ID "&bias=r:20000.5", "bad_bias", 0},
	{"no bias", ID "&bias=r", "bad_bias", 0},
	{"a bias of no number", ID "&bias=r:nan", "bad_bias", 0},
	{"several at once", ID "&weight=a:1,b:2%2Cc:3", NULL, 3},
	{"several with a bad one", ID "&weight=a:1,b", "bad_weight", 0},
	{"the same one in a list", ID "&weight=a:1,a:2", "same_again", 0},
	{"who is meant", ID "&drained=node/a&weight=region/a:5", NULL, 2},
	{"a node said twice, two ways", ID "&drained=node/a&without=a",
	 "same_again", 0},
	{"no such scope", ID "&drained=zone/a", "bad_change", 0},
	{"a region cannot be gone", ID "&without=region/a", "bad_change", 0},
	{"a scope and no name", ID "&drained=region/", "bad_change", 0},
	{"what an intent says goes together",
	 ID "&release=region/a&drained=a&weight=region/a:5&bias=a:1", NULL, 4},
	{"a release twice", ID "&release=a,a", "same_again", 0},
	{"a release of who is gone", ID "&without=a&release=a", "same_again",
	 0},
	{"no name to release", ID "&release=zone/a", "bad_change", 0},
	{"a colon too many", ID "&weight=a:1:2", "bad_weight", 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct query_refusal_row *why;
		static struct question q;

		why = question_parse(sv_str(rows[i].text), &q);
		if (why && (!rows[i].refusal ||
			    strcmp(why->label, rows[i].refusal) != 0))
			fail_msg("%s: %s", rows[i].rule, why->label);
		if (!why && rows[i].refusal)
			fail_msg("%s: good", rows[i].rule);
		if (!why && q.change_count != rows[i].changes)
			fail_msg("%s: %u", rows[i].rule, q.change_count);
	}
}

static void test_changes_alone(void **state)
{
	static const struct row alone[] = {
		{"one", "drained=r", NULL, 1},
		{"several", "weight=a:1&without=b&bias=r:-3", NULL, 3},
		{"a release", "release=a", NULL, 1},
		{"none", "", "no_change", 0},
		{"a client", "ip=1.2.3.4&drained=r", "beside_changes", 0},
		{"a bad one", "drained=R", "bad_change", 0},
		{"too many", &C16[1], NULL, 16},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
		static struct question q;
		const struct query_refusal_row *why =
			question_parse_changes(sv_str(alone[i].text), &q);

		if ((why ? !alone[i].refusal ||
				     strcmp(why->label, alone[i].refusal) != 0
			 : q.change_count != alone[i].changes ||
				     alone[i].refusal))
			fail_msg("%s: %s", alone[i].rule,
				 why ? why->label : "good");
	}
}

static void test_what_is_read(void **state)
{
	static struct question q;

	(void)state;
	assert_null(question_parse(
		SV(ID "&weight=b.1-x:50&ip=1.2.3.4&drained=eu-%77est"), &q));
	assert_true(q.has_id && q.query.has_ip);
	assert_int_equal(q.id.cell, 0x2f1);
	assert_int_equal(q.changes[0].kind, WHAT_IF_WEIGHT);
	assert_string_equal(q.changes[0].name, "b.1-x");
	assert_int_equal(q.changes[0].weight, 50);
	assert_int_equal(q.changes[1].kind, WHAT_IF_DRAINED);
	assert_string_equal(q.changes[1].name, "eu-west");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_changes_alone),
		cmocka_unit_test(test_what_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
