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

static void fill_head(const struct row *row, struct http1_request *head)
{
	memset(head, 0, sizeof(*head));
	for (unsigned i = 0; i < 2 && row->forwarded[i]; i++) {
		head->headers[i].name = SV("X-forwarded-For");
		head->headers[i].value = sv_str(row->forwarded[i]);
		head->header_count++;
	}
	head->headers[head->header_count].name = SV("Accept");
	head->headers[head->header_count++].value = SV("*");
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct policy policy = {.trust_ip_parameter = row->trust_ip};
		struct addr peer = addr_of(row->peer), ip, client;
		struct http1_request head;
		enum query_refusal got;

		if (row->proxy[0])
			assert_int_equal(
				addr_parse_prefix(
					sv_str(row->proxy),
					&policy.proxies[policy.proxy_count++]),
				0);
		if (row->ip)
			ip = addr_of(row->ip);
		fill_head(row, &head);
		got = client_addr_find(&policy, &head, &peer,
				       row->ip ? &ip : NULL, &client);
		if (got != row->want)
			fail_msg("%s: got %u", row->rule, got);
		if (row->client) {
			struct addr want = addr_of(row->client);

			if (!addr_eq(&client, &want))
				fail_msg("%s", row->rule);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
