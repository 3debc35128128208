/* test_client_addr.c - whom the balancer believes about an address. */
#include "balancer/client_addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static const struct row {
	const char *rule;
	bool trust_ip;
	const char *proxy, *peer, *ip;
	const char *forwarded[2]; /* X-Forwarded-For fields, in order */
	enum query_refusal want;
	const char *client;
} rows[] = {
	{"without anything the peer counts",
	 0,
	 "",
	 "9.9.9.9",
	 0,
	 {0, 0},
	 QUERY_OK,
	 "9.9.9.9"},
	{"ip from a stranger is refused",
	 0,
	 "",
	 "9.9.9.9",
	 "1.2.3.4",
	 {0, 0},
	 QUERY_IP_NOT_TRUSTED,
	 0},
	{"also when there are proxies",
	 0,
	 "10.0.0.0/8",
	 "9.9.9.9",
	 "1.2.3.4",
	 {0, 0},
	 QUERY_IP_NOT_TRUSTED,
	 0},
	{"ip is believed with trust_ip_parameter",
	 1,
	 "",
	 "9.9.9.9",
	 "1.2.3.4",
	 {0, 0},
	 QUERY_OK,
	 "1.2.3.4"},
	{"ip is believed from a proxy",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 "1.2.3.4",
	 {0, 0},
	 QUERY_OK,
	 "1.2.3.4"},
	{"ip wins over the header",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 "1.2.3.4",
	 {"5.5.5.5", 0},
	 QUERY_OK,
	 "1.2.3.4"},
	{"the header of a stranger is nothing",
	 0,
	 "10.0.0.0/8",
	 "9.9.9.9",
	 0,
	 {"5.5.5.5", 0},
	 QUERY_OK,
	 "9.9.9.9"},
	{"the header of a proxy counts",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"5.5.5.5", 0},
	 QUERY_OK,
	 "5.5.5.5"},
	{"the right-most one that is no proxy",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"6.6.6.6, 5.5.5.5 ,10.2.2.2", 0},
	 QUERY_OK,
	 "5.5.5.5"},
	{"what stands left of it may be anything",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"<script>, 5.5.5.5", 0},
	 QUERY_OK,
	 "5.5.5.5"},
	{"several fields are one list",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"5.5.5.5", "10.2.2.2"},
	 QUERY_OK,
	 "5.5.5.5"},
	{"the last field is the nearest",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"6.6.6.6", "5.5.5.5"},
	 QUERY_OK,
	 "5.5.5.5"},
	{"only proxies: the left-most of them",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"10.3.3.3, 10.2.2.2", 0},
	 QUERY_OK,
	 "10.3.3.3"},
	{"no header: the proxy itself",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {0, 0},
	 QUERY_OK,
	 "10.1.1.1"},
	{"an IPv6 client",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"2001:db8::7", 0},
	 QUERY_OK,
	 "2001:db8::7"},
	{"a proxy that forwards no address",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"unknown", 0},
	 QUERY_BAD_FORWARDED_FOR,
	 0},
	{"one with a port",
	 0,
	 "10.0.0.0/8",
	 "10.1.1.1",
	 0,
	 {"1.2.3.4:5", 0},
	 QUERY_BAD_FORWARDED_FOR,
	 0},
};

static void add_header(struct http1_request *head, const char *name,
		       const char *value)
{
	head->headers[head->header_count].name = sv_str(name);
	head->headers[head->header_count++].value = sv_str(value);
}

static void check(const struct policy *policy, const struct http1_request *head,
		  const struct row *row)
{
	struct addr peer = addr_of(row->peer), ip, client;
	enum query_refusal got;

	if (row->ip)
		ip = addr_of(row->ip);
	got = client_addr_find(policy, head, &peer, row->ip ? &ip : NULL,
			       &client);
	if (got != row->want)
		fail_msg("%s: got %u", row->rule, got);
	if (row->client) {
		struct addr want = addr_of(row->client);

		if (!addr_eq(&client, &want))
			fail_msg("%s", row->rule);
	}
}

static void trust(struct policy *policy, const char *prefix)
{
	assert_int_equal(
		addr_parse_prefix(sv_str(prefix),
				  &policy->proxies[policy->proxy_count++]),
		0);
}

/* The other header is there as well, and would change the answer. */
static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct policy policy = {.trust_ip_parameter = row->trust_ip};
		struct http1_request head = {.header_count = 0};

		if (row->proxy[0])
			trust(&policy, row->proxy);
		add_header(&head, "Forwarded", "for=7.7.7.7");
		for (unsigned f = 0; f < 2 && row->forwarded[f]; f++)
			add_header(&head, "X-forwarded-For", row->forwarded[f]);
		add_header(&head, "Accept", "*");
		check(&policy, &head, row);
	}
}

#define PEER "10.1.1.1"

static const struct {
	const char *rule;
	const char *fields[2]; /* Forwarded, in order */
	enum query_refusal want;
	const char *client;
} forwarded_rows[] = {
	{"no field: the proxy itself", {0, 0}, QUERY_OK, PEER},
	{"the header of a proxy counts",
	 {"for=5.5.5.5;proto=https", 0},
	 QUERY_OK,
	 "5.5.5.5"},
	{"the right-most one that is no proxy",
	 {"for=6.6.6.6, for=5.5.5.5, for=\"10.2.2.2:80\"", 0},
	 QUERY_OK,
	 "5.5.5.5"},
	{"an IPv6 client",
	 {"for=\"[2001:db8::7]:443\"", 0},
	 QUERY_OK,
	 "2001:db8::7"},
	{"several fields are one list",
	 {"for=5.5.5.5", "for=10.2.2.2"},
	 QUERY_OK,
	 "5.5.5.5"},
	{"what stands in a field further left may be anything",
	 {"<script>", "for=5.5.5.5"},
	 QUERY_OK,
	 "5.5.5.5"},
	{"only proxies: the left-most of them",
	 {"for=10.3.3.3, for=10.2.2.2", 0},
	 QUERY_OK,
	 "10.3.3.3"},
	{"unknown: the proxy that says so", {"for=unknown", 0}, QUERY_OK, PEER},
	{"left of unknown nothing is believed",
	 {"for=6.6.6.6, for=unknown", 0},
	 QUERY_OK,
	 PEER},
	{"a hidden client of a further proxy is that proxy",
	 {"for=6.6.6.6, for=_a, for=10.3.3.3, for=10.2.2.2", 0},
	 QUERY_OK,
	 "10.3.3.3"},
	{"hidden in its own field, the proxy in the next",
	 {"for=6.6.6.6, for=_a", "for=10.3.3.3"},
	 QUERY_OK,
	 "10.3.3.3"},
	{"an element that names nobody hides the client",
	 {"for=6.6.6.6, proto=http", 0},
	 QUERY_OK,
	 PEER},
	{"broken", {"for=5.5.5.5:80", 0}, QUERY_BAD_FORWARDED_FOR, 0},
	{"a quotation that a client opened",
	 {"for=6.6.6.6;by=\", for=5.5.5.5", 0},
	 QUERY_BAD_FORWARDED_FOR,
	 0},
};

static void test_forwarded(void **state)
{
	struct policy policy = {.forwarded_header = POLICY_FORWARDED};

	(void)state;
	trust(&policy, "10.0.0.0/8");
	for (size_t i = 0; i < ARRAY_LEN(forwarded_rows); i++) {
		const struct row row = {.rule = forwarded_rows[i].rule,
					.peer = PEER,
					.want = forwarded_rows[i].want,
					.client = forwarded_rows[i].client};
		struct http1_request head = {.header_count = 0};

		add_header(&head, "X-Forwarded-For", "7.7.7.7");
		for (unsigned f = 0; f < 2 && forwarded_rows[i].fields[f]; f++)
			add_header(&head, "forwarded",
				   forwarded_rows[i].fields[f]);
		check(&policy, &head, &row);
	}
}

/* Whose network the rate limit counts. */
static void test_payer(void **state)
{
	static const struct {
		const char *rule, *peer;
		bool with_ip;
		bool client;
	} cases[] = {
		{"a client pays for himself", "9.9.9.9", false, true},
		{"whom a proxy names pays", PEER, true, true},
		{"whom somebody else names does not", "9.9.9.9", true, false},
	};
	struct policy policy = {.trust_ip_parameter = true};
	const struct addr client = addr_of("1.2.3.4");

	(void)state;
	trust(&policy, "10.0.0.0/8");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct addr peer = addr_of(cases[i].peer);
		const struct addr *got = client_addr_payer(
			&policy, &peer, cases[i].with_ip ? &client : NULL,
			&client);

		if (got != (cases[i].client ? &client : &peer))
			fail_msg("%s", cases[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_payer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
