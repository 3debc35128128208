/* Operators' intents: what a person may ask for, what a registry wrote, and
 * how a node's and its region's come together. */
#include "lib/proto/intent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define NOW_S 1000
#define R     "\"reason\":\"r\""

static const struct body_row {
	const char *rule, *body;
	int rc;
	const char *path, *want; /* of a refusal; INTENT without target */
} body_rows[] = {
	{"a reason alone is an intent", "{" R "}", 0, NULL,
	 "{\"scope\":\"node\",\"id\":\"\",\"state\":\"up\",\"weight\":null,"
	 "\"bias_km\":null,\"shed_per_min\":null,\"deadline_s\":null,"
	 "\"by\":\"\",\"reason\":\"r\",\"since_wall_s\":1000,"
	 "\"until_wall_s\":null}"},
	{"all members at their ends",
	 "{\"state\":\"maintenance\",\"weight\":1000,\"bias_km\":-20000,"
	 "\"shed_per_min\":100,\"deadline_s\":604800,\"for_s\":1," R "}",
	 0, NULL,
	 "{\"scope\":\"node\",\"id\":\"\",\"state\":\"maintenance\","
	 "\"weight\":1000,\"bias_km\":-20000,\"shed_per_min\":100,"
	 "\"deadline_s\":604800,\"by\":\"\",\"reason\":\"r\","
	 "\"since_wall_s\":1000,\"until_wall_s\":1001}"},
	{"null is the same as absent",
	 "{\"state\":\"drain\",\"weight\":null,\"bias_km\":null,"
	 "\"shed_per_min\":null,\"deadline_s\":null,\"until_wall_s\":null," R
	 "}",
	 0, NULL,
	 "{\"scope\":\"node\",\"id\":\"\",\"state\":\"drain\",\"weight\":null,"
	 "\"bias_km\":null,\"shed_per_min\":null,\"deadline_s\":null,"
	 "\"by\":\"\",\"reason\":\"r\",\"since_wall_s\":1000,"
	 "\"until_wall_s\":null}"},
	{"weight and bias 0 are said",
	 "{\"weight\":0,\"bias_km\":0,\"until_wall_s\":1001," R "}", 0, NULL,
	 "{\"scope\":\"node\",\"id\":\"\",\"state\":\"up\",\"weight\":0,"
	 "\"bias_km\":0,\"shed_per_min\":null,\"deadline_s\":null,\"by\":\"\","
	 "\"reason\":\"r\",\"since_wall_s\":1000,\"until_wall_s\":1001}"},
	{"nothing", "", ERR_SYNTAX, "", NULL},
	{"no reason", "{\"state\":\"drain\"}", ERR_MISSING_FIELD, "/reason",
	 NULL},
	{"an empty reason", "{\"reason\":\"\"}", ERR_RANGE, "/reason", NULL},
	{"a reason of blanks", "{\"reason\":\"  \"}", ERR_RANGE, "/reason",
	 NULL},
	{"another state", "{\"state\":\"down\"," R "}", ERR_RANGE, "/state",
	 NULL},
	{"a state that is no text", "{\"state\":1," R "}", ERR_TYPE, "/state",
	 NULL},
	{"too much weight", "{\"weight\":1001," R "}", ERR_RANGE, "/weight",
	 NULL},
	{"a negative weight", "{\"weight\":-1," R "}", ERR_RANGE, "/weight",
	 NULL},
	{"further than half around the world", "{\"bias_km\":20000.5," R "}",
	 ERR_RANGE, "/bias_km", NULL},
	{"a pace of nothing", "{\"shed_per_min\":0," R "}", ERR_RANGE,
	 "/shed_per_min", NULL},
	{"a pace above all", "{\"shed_per_min\":101," R "}", ERR_RANGE,
	 "/shed_per_min", NULL},
	{"a deadline of nothing", "{\"deadline_s\":0," R "}", ERR_RANGE,
	 "/deadline_s", NULL},
	{"a deadline beyond a week", "{\"deadline_s\":604801," R "}", ERR_RANGE,
	 "/deadline_s", NULL},
	{"an end that is now", "{\"until_wall_s\":1000," R "}", ERR_RANGE,
	 "/until_wall_s", NULL},
	{"longer than a year", "{\"for_s\":31622401," R "}", ERR_RANGE,
	 "/for_s", NULL},
	{"two ends", "{\"for_s\":5,\"until_wall_s\":2000," R "}", ERR_RANGE,
	 "/for_s", NULL},
	{"who it is, is not the body's to say", "{\"by\":\"eve\"," R "}",
	 ERR_UNKNOWN_FIELD, "/by", NULL},
	{"when it began, neither", "{\"since_wall_s\":5," R "}",
	 ERR_UNKNOWN_FIELD, "/since_wall_s", NULL},
};

static void put_whole(struct buf *b, const struct intent *intent)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	intent_put(&w, intent);
	jsonw_object_end(&w);
}

static void takes_what_people_may_ask_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(body_rows); i++) {
		const struct body_row *row = &body_rows[i];
		struct json_problem p = {.rc = 0};
		struct intent intent;
		char storage[INTENT_JSON_MAX];
		struct buf b;
		int rc = intent_decode(sv_str(row->body), NOW_S, &intent, &p);

		if (rc != row->rc || (rc != 0 && strcmp(p.path, row->path)))
			fail_msg("%s: rc %d path '%s' rule '%s'", row->rule, rc,
				 p.path, p.rule);
		if (rc != 0)
			continue;
		buf_init_fixed(&b, storage, sizeof(storage));
		put_whole(&b, &intent);
		if (strcmp(buf_cstr(&b), row->want) != 0)
			fail_msg("%s: %s", row->rule, buf_cstr(&b));
	}
}

static void bounds_the_reason(void **state)
{
	char body[INTENT_REASON_BYTES + 32];
	struct json_problem p;
	struct intent intent;
	struct buf b;

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		buf_init_fixed(&b, body, sizeof(body));
		buf_str(&b, "{\"reason\":\"");
		for (size_t i = 0; i < INTENT_REASON_BYTES - 1 + extra; i++)
			buf_char(&b, 'r');
		buf_str(&b, "\"}");
		assert_int_equal(
			intent_decode(buf_view(&b), NOW_S, &intent, &p),
			extra ? ERR_TOOBIG : 0);
	}
}

/* The largest INTENT fits, and comes back as it was. */
static void comes_back_as_it_was(void **state)
{
	struct intent intent = {
		.scope = INTENT_REGION,
		.state = INTENT_MAINTENANCE,
		.has_weight = true,
		.has_bias = true,
		.weight = NODE_WEIGHT_MAX,
		.bias_km = -0.1,
		.shed_per_min = 100,
		.deadline_s = INTENT_DEADLINE_MAX_S,
		.since_wall_s = 1,
		.until_wall_s = 99999999999,
	};
	struct json_problem p;
	struct intent back;
	char storage[INTENT_JSON_MAX];
	struct json *root;
	struct buf b;

	(void)state;
	memset(intent.id, 'a', NODE_ID_BYTES - 1);
	memset(intent.by, 1, INTENT_BY_BYTES - 1);
	memset(intent.reason, 1, INTENT_REASON_BYTES - 1);
	buf_init_fixed(&b, storage, sizeof(storage));
	put_whole(&b, &intent);
	assert_false(b.failed);
	assert_int_equal(json_parse(buf_view(&b), &root, &p), 0);
	assert_int_equal(intent_decode_known(root, &back, &p), 0);
	json_free(&root);
	assert_int_equal(back.scope, intent.scope);
	assert_string_equal(back.id, intent.id);
	assert_int_equal(back.state, intent.state);
	assert_true(back.has_weight && back.has_bias);
	assert_int_equal(back.weight, intent.weight);
	assert_true(back.bias_km == intent.bias_km);
	assert_int_equal(back.shed_per_min, intent.shed_per_min);
	assert_int_equal(back.deadline_s, intent.deadline_s);
	assert_string_equal(back.by, intent.by);
	assert_string_equal(back.reason, intent.reason);
	assert_int_equal(back.since_wall_s, 1);
	assert_true(back.until_wall_s == 99999999999);
}

static const struct known_row {
	const char *rule, *text;
	int rc;
} known_rows[] = {
	{"members of a newer registry are ignored",
	 "{\"scope\":\"node\",\"id\":\"a\",\"mood\":1," R "}", 0},
	{"a bad id", "{\"scope\":\"node\",\"id\":\"A\"," R "}", ERR_RANGE},
	{"no scope", "{\"id\":\"a\"," R "}", ERR_MISSING_FIELD},
	{"another scope", "{\"scope\":\"zone\",\"id\":\"a\"," R "}", ERR_RANGE},
	{"no object", "[]", ERR_TYPE},
};

static void checks_what_a_registry_wrote(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known_rows); i++) {
		const struct known_row *row = &known_rows[i];
		struct json_problem p;
		struct intent intent;
		struct json *root;
		int rc;

		assert_int_equal(json_parse(sv_str(row->text), &root, &p), 0);
		rc = intent_decode_known(root, &intent, &p);
		json_free(&root);
		if (rc != row->rc)
			fail_msg("%s: rc %d %s", row->rule, rc, p.rule);
	}
}

/* Short forms for the table below. */
#define WEIGHT(n) .has_weight = true, .weight = (n)
#define BIAS(km)  .has_bias = true, .bias_km = (km)

static const struct combine_row {
	const char *rule;
	bool own_on, region_on;
	struct intent own, region;
	struct intent_effect want;
} combine_rows[] = {
	{"nobody wants anything", false, false, {0}, {0}, {0}},
	{"the region's holds for its node",
	 false,
	 true,
	 {0},
	 {.state = INTENT_DRAIN,
	  .shed_per_min = 20,
	  .since_wall_s = 10,
	  .deadline_s = 5,
	  WEIGHT(7),
	  BIAS(3)},
	 {.state = INTENT_DRAIN,
	  .shed_per_min = 20,
	  .deadline_wall_s = 15,
	  WEIGHT(7),
	  BIAS(3)}},
	{"the node's own wins member by member",
	 true,
	 true,
	 {WEIGHT(0)},
	 {WEIGHT(7), BIAS(3)},
	 {WEIGHT(0), BIAS(3)}},
	{"a node with a weight drains with its region",
	 true,
	 true,
	 {.state = INTENT_UP, WEIGHT(50)},
	 {.state = INTENT_MAINTENANCE},
	 {.state = INTENT_MAINTENANCE, WEIGHT(50)}},
	{"the node's own drain wins over the region's maintenance",
	 true,
	 true,
	 {.state = INTENT_DRAIN, .shed_per_min = 1},
	 {.state = INTENT_MAINTENANCE, .shed_per_min = 2},
	 {.state = INTENT_DRAIN, .shed_per_min = 1}},
	{"the region's deadline is not the own drain's",
	 true,
	 true,
	 {.state = INTENT_DRAIN},
	 {.state = INTENT_DRAIN, .since_wall_s = 1, .deadline_s = 1},
	 {.state = INTENT_DRAIN}},
	{"a deadline without a drain is none",
	 true,
	 false,
	 {.since_wall_s = 1, .deadline_s = 1},
	 {0},
	 {0}},
};

static void combines_node_and_region(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(combine_rows); i++) {
		const struct combine_row *row = &combine_rows[i];
		const struct intent_effect *want = &row->want;
		struct intent_effect got;

		intent_combine(row->own_on ? &row->own : NULL,
			       row->region_on ? &row->region : NULL, &got);
		if (got.state != want->state ||
		    got.has_weight != want->has_weight ||
		    got.weight != want->weight ||
		    got.has_bias != want->has_bias ||
		    got.bias_km != want->bias_km ||
		    got.shed_per_min != want->shed_per_min ||
		    got.deadline_wall_s != want->deadline_wall_s)
			fail_msg("%s", row->rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_people_may_ask_for),
		cmocka_unit_test(bounds_the_reason),
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(checks_what_a_registry_wrote),
		cmocka_unit_test(combines_node_and_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
