/* What the registry answers, also when it is not a registry. */
#include "comet-agent/lease_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
	const char *rule, *text;
	int ok;
	uint32_t ttl_ms, renew_ms;
	enum lease_intent intent;
	uint32_t shed_per_min;
};

static const struct row rows[] = {
	{"a registration's answer",
	 "{\"lease\":{\"ttl_ms\":15000,\"renew_ms\":5000},\"revision\":7}", 1,
	 15000, 5000, LEASE_INTENT_UP, 0},
	{"a renewal's answer without intent",
	 "{\"ttl_ms\":9000,\"renew_ms\":3000}", 1, 9000, 3000, LEASE_INTENT_UP,
	 0},
	{"intent null", "{\"ttl_ms\":9000,\"renew_ms\":3000,\"intent\":null}",
	 1, 9000, 3000, LEASE_INTENT_UP, 0},
	{"drain", "{\"intent\":{\"state\":\"drain\",\"shed_per_min\":600}}", 1,
	 0, 0, LEASE_INTENT_DRAIN, 600},
	{"maintenance drains too",
	 "{\"intent\":{\"state\":\"maintenance\",\"weight\":null,"
	 "\"deadline_ms\":5}}",
	 1, 0, 0, LEASE_INTENT_DRAIN, 0},
	{"up", "{\"intent\":{\"state\":\"up\",\"weight\":100}}", 1, 0, 0,
	 LEASE_INTENT_UP, 0},
	{"nothing said", "{}", 1, 0, 0, LEASE_INTENT_UP, 0},
	{"a newer registry may say more", "{\"x\":1,\"intent\":{\"y\":[]}}", 1,
	 0, 0, LEASE_INTENT_UP, 0},
	{"an unknown state", "{\"intent\":{\"state\":\"gone\"}}", 0, 0, 0, 0,
	 0},
	{"a state of another type", "{\"intent\":{\"state\":1}}", 0, 0, 0, 0,
	 0},
	{"a TTL of 0", "{\"ttl_ms\":0}", 0, 0, 0, 0, 0},
	{"a negative TTL", "{\"lease\":{\"ttl_ms\":-1}}", 0, 0, 0, 0, 0},
	{"a TTL beyond an hour", "{\"ttl_ms\":3600001}", 0, 0, 0, 0, 0},
	{"a TTL as text", "{\"ttl_ms\":\"15000\"}", 0, 0, 0, 0, 0},
	{"nothing", "", 0, 0, 0, 0, 0},
	{"a web page", "<html>it works</html>", 0, 0, 0, 0, 0},
	{"an array", "[]", 0, 0, 0, 0, 0},
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct json_problem problem = {0};
		struct lease_reply reply;
		int rc =
			lease_reply_decode(sv_str(row->text), &reply, &problem);

		if ((rc == 0) != row->ok)
			fail_msg("%s: %d %s", row->rule, rc, problem.rule);
		if (rc)
			continue;
		if (reply.ttl_ms != row->ttl_ms ||
		    reply.renew_ms != row->renew_ms ||
		    reply.intent != row->intent ||
		    reply.shed_per_min != row->shed_per_min)
			fail_msg("%s: wrong values", row->rule);
	}
}

static void test_stale(void **state)
{
	static const struct {
		const char *rule, *text;
		bool want;
	} stale_rows[] = {
		{"a stale renewal",
		 "{\"type\":\"urn:perihelion:stale-seq\",\"status\":409}",
		 true},
		{"another holder",
		 "{\"type\":\"urn:perihelion:newer-boot-epoch\"}", false},
		{"no type", "{}", false},
		{"another type", "{\"type\":5}", false},
		{"no JSON", "conflict", false},
		{"nothing", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stale_rows); i++)
		if (lease_reply_is_stale(sv_str(stale_rows[i].text)) !=
		    stale_rows[i].want)
			fail_msg("%s", stale_rows[i].rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_decode),
					   cmocka_unit_test(test_stale)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
