/*
 * test_goodbye.c - the server's last word, well formed or not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/goodbye.h"

static const struct row {
	const char *rule, *body;
	int32_t code;
	const char *reason;
	int64_t retry_ms;
	unsigned target_count;
} rows[] = {
	{"all of it",
	 "{\"code\":3,\"reason\":\"drain\",\"retry_ms\":5000,\"nodes\":[{"
	 "\"id\":"
	 "\"x\",\"ipv4\":[\"192.0.2.1\"],\"tcp\":3101}]}",
	 3, "drain", 5000, 1},
	{"nothing at all", "", 0, "", 0, 0},
	{"no JSON", "bye", 0, "", 0, 0},
	{"an array", "[1]", 0, "", 0, 0},
	{"wrong types", "{\"code\":\"3\",\"reason\":3,\"retry_ms\":[]}", 0, "",
	 0, 0},
	{"a wait above an hour is an hour", "{\"retry_ms\":99999999999}", 0, "",
	 3600000, 0},
	{"a negative wait is none", "{\"retry_ms\":-5}", 0, "", 0, 0},
	{"control bytes and other alphabets are blanked",
	 "{\"reason\":\"a\\u0007b\\u00e9\"}", 0, "a b  ", 0, 0},
	{"nodes that make no sense are left out", "{\"nodes\":[{\"id\":7}]}", 0,
	 "", 0, 0},
	{"a code beyond 32 bits is cut", "{\"code\":99999999999}", INT32_MAX,
	 "", 0, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct goodbye g;

		goodbye_read(sv_str(row->body), TARGETS_V4_ONLY, &g);
		if (g.code != row->code || g.retry_ms != row->retry_ms ||
		    (g.targets ? g.targets->count : 0) != row->target_count)
			fail_msg("%s", row->rule);
		assert_string_equal(g.reason, row->reason);
		goodbye_fini(&g);
		goodbye_fini(&g);
	}
}

static void test_long_reasons_are_cut(void **state)
{
	char body[400] = "{\"reason\":\"";
	struct goodbye g;

	(void)state;
	memset(body + 11, 'r', 300);
	memcpy(body + 311, "\"}", 3);
	goodbye_read(sv_str(body), TARGETS_V4_ONLY, &g);
	assert_int_equal(strlen(g.reason), GOODBYE_REASON_BYTES - 1);
	goodbye_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
