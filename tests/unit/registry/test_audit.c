/* The audit in memory: numbers, the newest, and what goes when it is full. */
#include "registry/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void keep(struct audit *audit, uint64_t seq, const char *target)
{
	char storage[32];
	struct buf json;
	struct store_audit entry = {.seq = seq, .target = sv_str(target)};

	buf_init_fixed(&json, storage, sizeof(storage));
	buf_u64(&json, seq);
	entry.json = buf_view(&json);
	audit_keep(audit, &entry);
}

static bool reads(const struct audit *audit, struct audit_filter filter,
		  const char *want, uint64_t want_last)
{
	char storage[256];
	struct buf out;
	bool more;

	buf_init_fixed(&out, storage, sizeof(storage));
	assert_int_equal(audit_read(audit, &filter, &out, &more), want_last);
	assert_string_equal(buf_cstr(&out), want);
	return more;
}

#define ASK(...)                                                               \
	(struct audit_filter)                                                  \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

static void reads_the_newest_or_what_follows(void **state)
{
	struct audit *audit = audit_new();

	(void)state;
	reads(audit, ASK(.limit = 5), "", 0);
	for (uint64_t seq = 1; seq <= 5; seq++)
		keep(audit, seq, seq % 2 ? "node/a" : "node/b");
	reads(audit, ASK(.limit = 2), "4,5", 5);
	reads(audit, ASK(.limit = 9), "1,2,3,4,5", 5);
	reads(audit, ASK(.limit = 0), "", 0);
	reads(audit, ASK(.limit = 2, .after = 1), "2,3", 3);
	reads(audit, ASK(.limit = 2, .after = 5), "", 5);
	reads(audit, ASK(.limit = 2, .target = SV("node/a")), "3,5", 5);
	reads(audit, ASK(.limit = 1, .after = 1, .target = SV("node/a")), "3",
	      3);
	reads(audit, ASK(.limit = 9, .target = SV("node/c")), "", 0);
	audit_free(&audit);
	assert_null(audit);
}

static void pages_go_back_and_say_whether_there_is_more(void **state)
{
	struct audit *audit = audit_new();

	(void)state;
	assert_false(reads(audit, ASK(.limit = 2), "", 0));
	for (uint64_t seq = 1; seq <= 5; seq++)
		keep(audit, seq, seq % 2 ? "node/a" : "node/b");
	assert_true(reads(audit, ASK(.limit = 2), "4,5", 5));
	assert_true(reads(audit, ASK(.limit = 2, .below = 4), "2,3", 3));
	assert_false(reads(audit, ASK(.limit = 2, .below = 2), "1", 1));
	assert_false(reads(audit, ASK(.limit = 2, .below = 3), "1,2", 2));
	assert_false(reads(audit, ASK(.limit = 2, .below = 1), "", 0));
	assert_true(reads(audit,
			  ASK(.limit = 1, .below = 5, .target = SV("node/a")),
			  "3", 3));
	assert_false(reads(audit,
			   ASK(.limit = 2, .below = 5, .target = SV("node/a")),
			   "1,3", 3));
	assert_true(reads(audit, ASK(.limit = 2, .after = 1), "2,3", 3));
	assert_false(reads(audit, ASK(.limit = 2, .after = 3), "4,5", 5));
	audit_free(&audit);
}

static void each_comes_at_its_place(void **state)
{
	struct audit *audit = audit_new();

	(void)state;
	keep(audit, 1, "");
	keep(audit, 4, "");
	/* 2 and 3 are under way: who reads on from 1 must not pass them. */
	reads(audit, ASK(.limit = 9, .below = 2), "1", 1);
	reads(audit, ASK(.limit = 9, .after = 1, .below = 2), "", 1);
	keep(audit, 3, "");
	reads(audit, ASK(.limit = 9, .after = 1, .below = 2), "", 1);
	keep(audit, 2, "");
	reads(audit, ASK(.limit = 9, .after = 1), "2,3,4", 4);
	for (uint64_t seq = 5; seq <= STORE_AUDIT_KEPT + 3; seq++)
		keep(audit, seq, "");
	keep(audit, STORE_AUDIT_KEPT + 6, "");
	keep(audit, STORE_AUDIT_KEPT + 5, "");
	reads(audit, ASK(.limit = 3), "8195,8197,8198", 8198);
	reads(audit, ASK(.limit = 1, .after = 1), "6", 6);
	audit_free(&audit);
}

static void the_oldest_go(void **state)
{
	struct audit *audit = audit_new();

	(void)state;
	for (uint64_t seq = 1; seq <= STORE_AUDIT_KEPT + 2; seq++)
		keep(audit, seq, "");
	reads(audit, ASK(.limit = 2, .after = 1), "3,4", 4);
	reads(audit, ASK(.limit = 1), "8194", 8194);
	audit_free(&audit);
}

static void numbers_go_on_where_they_ended(void **state)
{
	struct audit *audit = audit_new();
	struct intent intent = {.id = "a"};
	struct audit_event event = {
		.actor = {"ann \"x\"", "admin", "::1"},
		.action = "intent.put",
		.target = "node/a",
		.reason = "r",
		.after = &intent,
		.wall_s = 9,
	};
	struct store_audit entry;
	struct buf json;

	(void)state;
	keep(audit, 41, "");
	buf_init(&json, AUDIT_JSON_MAX);
	audit_render(audit, &event, &json, &entry);
	assert_int_equal(entry.seq, 42);
	assert_true(sv_starts(entry.json,
			      SV("{\"seq\":42,\"wall_s\":9,\"by\":\"ann "
				 "\\\"x\\\"\",\"role\":\"admin\",\"from\":"
				 "\"::1\",\"action\":\"intent.put\","
				 "\"target\":\"node/a\",\"before\":null,"
				 "\"after\":{\"scope\":\"node\"")));
	buf_fini(&json);
	audit_free(&audit);
}

static void the_largest_entry_fits(void **state)
{
	struct audit *audit = audit_new();
	char text[INTENT_REASON_BYTES] = "";
	struct intent intent = {.has_bias = true, .bias_km = -0.1};
	struct audit_event event = {
		.actor = {text, text, text},
		.action = text,
		.target = "",
		.reason = text,
		.before = &intent,
		.after = &intent,
	};
	struct store_audit entry;
	struct buf json;

	(void)state;
	memset(text, 1, sizeof(text) - 1);
	memset(intent.reason, 1, sizeof(intent.reason) - 1);
	memset(intent.by, 1, sizeof(intent.by) - 1);
	memset(intent.id, 'a', sizeof(intent.id) - 1);
	event.action = event.actor.role = event.actor.from = "short";
	event.actor.by = intent.by;
	buf_init(&json, AUDIT_JSON_MAX);
	audit_render(audit, &event, &json, &entry);
	assert_false(json.failed);
	buf_fini(&json);
	audit_free(&audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_newest_or_what_follows),
		cmocka_unit_test(pages_go_back_and_say_whether_there_is_more),
		cmocka_unit_test(each_comes_at_its_place),
		cmocka_unit_test(the_oldest_go),
		cmocka_unit_test(numbers_go_on_where_they_ended),
		cmocka_unit_test(the_largest_entry_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
