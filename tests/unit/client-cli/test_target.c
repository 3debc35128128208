/*
 * test_target.c - which node or region a word means.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/target.h"
#include "lib/base/err.h"

static const char state_text[] =
	"{\"nodes\":[{\"id\":\"gru-1\"},{\"id\":\"both\"}],"
	"\"regions\":[{\"id\":\"eu\"},{\"id\":\"both\"}],"
	"\"intents\":[{\"scope\":\"region\",\"id\":\"gru-1\",\"state\":"
	"\"drain\",\"reason\":\"r\"},{\"scope\":\"node\",\"id\":\"gru-1\","
	"\"state\":\"up\",\"weight\":7,\"reason\":\"w\",\"etag\":\"\\\"t\\\"\"}"
	"]}";

static const struct row {
	const char *rule, *text;
	int rc;
	enum intent_scope scope;
	const char *id;
} rows[] = {
	{"a node by its ID", "gru-1", 0, INTENT_NODE, "gru-1"},
	{"a region by its ID", "eu", 0, INTENT_REGION, "eu"},
	{"said in full", "region/eu", 0, INTENT_REGION, "eu"},
	{"one that is to come", "node/new", 0, INTENT_NODE, "new"},
	{"one that is both must be said in full", "both", ERR_EXISTS,
	 INTENT_NODE, ""},
	{"in full it is clear", "region/both", 0, INTENT_REGION, "both"},
	{"nothing of that name", "nope", ERR_NOTFOUND, INTENT_NODE, ""},
	{"no such scope", "planet/eu", ERR_SYNTAX, INTENT_NODE, ""},
	{"no ID", "node/", ERR_SYNTAX, INTENT_NODE, ""},
	{"nothing at all", "", ERR_NOTFOUND, INTENT_NODE, ""},
	{"an ID that is too long",
	 "node/"
	 "01234567890123456789012345678901234567890123456789012345678901234",
	 ERR_SYNTAX, INTENT_NODE, ""},
};

static struct json *parse(void)
{
	struct json_problem p;
	struct json *root;

	assert_int_equal(json_parse(sv_str(state_text), &root, &p), 0);
	return root;
}

static void test_rows(void **state)
{
	struct json *root = parse();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target = {.id = ""};
		struct buf why;
		int rc;

		buf_init(&why, 512);
		rc = target_find(root, sv_str(rows[i].text), &target, &why);
		print_message("%s\n", rows[i].rule);
		assert_int_equal(rc, rows[i].rc);
		assert_int_equal(why.len > 0, rc != 0);
		if (rc == 0) {
			assert_int_equal(target.scope, rows[i].scope);
			assert_string_equal(target.id, rows[i].id);
		}
		buf_fini(&why);
	}
	json_free(&root);
}

static void test_what_is_wanted_now(void **state)
{
	struct target target = {INTENT_NODE, "gru-1"};
	struct json *root = parse();
	struct intent intent;

	(void)state;
	target_intent(root, &target, &intent);
	assert_true(intent.has_weight && intent.weight == 7);
	assert_true(sv_eq(target_tag(root, &target), SV("\"t\"")));
	target = (struct target){INTENT_REGION, "eu"};
	target_intent(root, &target, &intent);
	assert_false(intent.has_weight);
	assert_int_equal(intent.state, INTENT_UP);
	assert_int_equal(intent.scope, INTENT_REGION);
	assert_string_equal(intent.id, "eu");
	assert_int_equal(target_tag(root, &target).len, 0);
	json_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_what_is_wanted_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
