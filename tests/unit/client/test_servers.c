/*
 * test_servers.c - what is a balancer's URL, and whose turn it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/servers.h"
#include "lib/base/err.h"

static const struct url_row {
	const char *url;
	int want;
	uint16_t port;
	int is_name;
} url_rows[] = {
	{"http://192.0.2.1:8053", 0, 8053, 0},
	{"http://192.0.2.1", 0, 80, 0},
	{"http://192.0.2.1:8053/", 0, 8053, 0},
	{"http://[2001:db8::1]:8053", 0, 8053, 0},
	{"http://b.example:1", 0, 1, 1},
	{"https://192.0.2.1", ERR_UNSUPPORTED, 0, 0},
	{"http://192.0.2.1:8053/resolve", ERR_SYNTAX, 0, 0},
	{"192.0.2.1:8053", ERR_SYNTAX, 0, 0},
	{"", ERR_SYNTAX, 0, 0},
	{"http://", ERR_SYNTAX, 0, 0},
	{"http://u:p@h", ERR_SYNTAX, 0, 0},
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(url_rows) / sizeof(*url_rows); i++) {
		const struct url_row *row = &url_rows[i];
		struct servers s = {.count = 0};
		int rc = servers_add(&s, sv_str(row->url));

		if (rc != row->want)
			fail_msg("%s: %d", row->url, rc);
		assert_int_equal(s.count, rc == 0);
		if (rc != 0)
			continue;
		assert_int_equal(s.list[0].port, row->port);
		assert_int_equal(s.list[0].is_name, row->is_name);
		assert_int_equal(s.list[0].addr_count, !row->is_name);
	}
}

static void test_limit(void **state)
{
	struct servers s = {.count = 0};

	(void)state;
	for (int i = 0; i < SERVERS_MAX; i++)
		assert_int_equal(servers_add(&s, SV("http://192.0.2.1")), 0);
	assert_int_equal(servers_add(&s, SV("http://192.0.2.1")), ERR_LIMIT);
	assert_int_equal(s.count, SERVERS_MAX);
}

static void test_names_are_looked_up_again(void **state)
{
	struct servers s = {.count = 0};
	struct addr addrs[1000] = {addr_from_v4_host(1), addr_from_v4_host(2)};
	struct server *server = &s.list[0];

	(void)state;
	assert_int_equal(servers_add(&s, SV("http://b.example")), 0);
	servers_learn(server, addrs, 2);
	servers_failed(server);
	assert_int_equal(server->addr_next, 1);
	servers_failed(server);
	assert_int_equal(server->addr_count, 0);
	servers_learn(server, addrs, 1000); /* more than there is room for */
	assert_int_equal(server->addr_count, LOOKUP_ADDRS_MAX);
}

static void test_addresses_stay(void **state)
{
	struct servers s = {.count = 0};

	(void)state;
	assert_int_equal(servers_add(&s, SV("http://192.0.2.1")), 0);
	servers_failed(&s.list[0]);
	assert_int_equal(s.list[0].addr_count, 1);
	assert_int_equal(s.list[0].addr_next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_names_are_looked_up_again),
		cmocka_unit_test(test_addresses_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
