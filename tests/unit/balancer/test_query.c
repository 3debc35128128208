/* test_query.c - the parameters of /resolve, one rule a row. */
#include "balancer/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define E8  "%61%61%61%61%61%61%61%61"
#define E64 E8 E8 E8 E8 E8 E8 E8 E8

static const struct row {
	const char *rule, *text;
	enum query_refusal want;
	const char *culprit;
} rows[] = {
	{"nothing is fine here", "", QUERY_OK, ""},
	{"all of them", "host=a.b&ip=1.2.3.4&n=3&family=6&device=d&failed=::1",
	 QUERY_OK, ""},
	{"unknown parameters are refused by name", "host=a&hots=b",
	 QUERY_UNKNOWN_PARAMETER, "hots"},
	{"names have no escapes", "%68ost=a", QUERY_UNKNOWN_PARAMETER,
	 "%68ost"},
	{"names have case", "Host=a", QUERY_UNKNOWN_PARAMETER, "Host"},
	{"twice is refused", "n=1&n=1", QUERY_REPEATED_PARAMETER, "n"},
	{"host may end in a dot", "host=a.b.", QUERY_OK, ""},
	{"an empty host", "host=", QUERY_BAD_HOST, "host"},
	{"host without value", "host", QUERY_BAD_HOST, "host"},
	{"other characters in host", "host=a/b", QUERY_BAD_HOST, "host"},
	{"a quote in host", "host=a%22", QUERY_BAD_HOST, "host"},
	{"a broken escape", "host=a%2", QUERY_BAD_ESCAPE, "host"},
	{"an encoded NUL", "device=a%00", QUERY_BAD_ESCAPE, "device"},
	{"host of 253 bytes", "host=" X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxx",
	 QUERY_OK, ""},
	{"host of 254 bytes", "host=" X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxxx",
	 QUERY_BAD_HOST, "host"},
	{"ip may be IPv6", "ip=2001:db8::1", QUERY_OK, ""},
	{"ip may be escaped", "ip=2001%3Adb8%3A%3A1", QUERY_OK, ""},
	{"ip is an address", "ip=1.2.3", QUERY_BAD_IP, "ip"},
	{"an empty ip", "ip=", QUERY_BAD_IP, "ip"},
	{"ip with a port", "ip=1.2.3.4:80", QUERY_BAD_IP, "ip"},
	{"ip far too long", "ip=" X64 X64, QUERY_BAD_IP, "ip"},
	{"n is at least 1", "n=0", QUERY_BAD_N, "n"},
	{"n of 1", "n=1", QUERY_OK, ""},
	{"n of 16", "n=16", QUERY_OK, ""},
	{"n is at most 16", "n=17", QUERY_BAD_N, "n"},
	{"n is a number", "n=x", QUERY_BAD_N, "n"},
	{"n has no sign", "n=-1", QUERY_BAD_N, "n"},
	{"family 46", "family=46", QUERY_OK, ""},
	{"family 64", "family=64", QUERY_BAD_FAMILY, "family"},
	{"device of 64 bytes", "device=" X64, QUERY_OK, ""},
	{"device of 65 bytes", "device=" X64 "x", QUERY_BAD_DEVICE, "device"},
	{"device of 64 escapes", "device=" E64, QUERY_OK, ""},
	{"device of 65 escapes", "device=" E64 "%61", QUERY_BAD_DEVICE,
	 "device"},
	{"device of 64 with an escape", "device=%61" X16 X16 X16 X16,
	 QUERY_BAD_DEVICE, "device"},
	{"8 failed addresses",
	 "failed=1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
	 "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1",
	 QUERY_OK, ""},
	{"9 failed addresses",
	 "failed=1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
	 "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1",
	 QUERY_BAD_FAILED, "failed"},
	{"failed holds addresses", "failed=1.1.1.1,x", QUERY_BAD_FAILED,
	 "failed"},
	{"escaped commas", "failed=1.1.1.1%2C::1", QUERY_OK, ""},
	{"no failed address", "failed=", QUERY_OK, ""},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct query q;
		enum query_refusal got = query_parse(sv_str(rows[i].text), &q);

		if (got != rows[i].want)
			fail_msg("%s: got %s", rows[i].rule,
				 query_refusal_row(got)->label);
		if (!sv_eq(q.culprit, sv_str(rows[i].culprit)))
			fail_msg("%s: culprit " SV_FMT, rows[i].rule,
				 SV_ARG(q.culprit));
	}
}

static void test_values(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(query_parse(SV("host=IM.Example.Com.&ip=::1&n=16"
					"&family=4&device=a%20b+c"
					"&failed=1.2.3.4,::2"),
				     &q),
			 QUERY_OK);
	assert_true(sv_eq(q.host, SV("im.example.com")));
	assert_true(q.has_ip && q.ip.family == ADDR_V6);
	assert_int_equal(q.want, 16);
	assert_int_equal(q.family, SNAPSHOT_V4);
	assert_true(sv_eq(q.device, SV("a b c")));
	assert_int_equal(q.failed_count, 2);
	assert_int_equal(q.failed[1].family, ADDR_V6);
}

static void test_defaults(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(query_parse(SV("&&"), &q), QUERY_OK);
	assert_int_equal(q.want, DRAW_DEFAULT);
	assert_int_equal(q.family, SNAPSHOT_V46);
	assert_false(q.has_ip);
	assert_int_equal(q.host.len + q.device.len + q.failed_count, 0);
}

/* Every way to refuse has its own label and says something. */
static void test_refusals(void **state)
{
	(void)state;
	for (unsigned i = 1; i < QUERY_REFUSAL_COUNT; i++) {
		const struct query_refusal_row *row = query_refusal_row(i);

		assert_non_null(row->label);
		assert_true(row->status >= 400 && row->status < 600);
		assert_true(strlen(row->detail) > 5 && strlen(row->type) > 5);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(row->label,
						query_refusal_row(j)->label);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
