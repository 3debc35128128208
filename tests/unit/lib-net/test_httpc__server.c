/*
 * test_httpc__server.c - calls against our own server: kept connections, names,
 * tokens, large bodies.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/lib-net/httpc_pair.h"

static void test_many_calls_share_one_connection(void **state)
{
	struct result results[20];
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	for (unsigned i = 0; i < 20; i++) {
		char letter = (char)('a' + i);
		const struct httpc_call call = {
			.method = i % 2 ? HTTP1_POST : HTTP1_PUT,
			.path = i % 5 ? "/echo" : "/silent",
			.body = sv_of(&letter, 1),
			.timeout_ms = 5000};

		result_init(&results[i]);
		httpc_request(client, &call, on_answer, &results[i]);
	}
	helper_until(pair.loop, is_answered, &results[19]);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(results[i].calls, 1);
		assert_int_equal(results[i].rc, 0);
		assert_int_equal(results[i].status, i % 5 ? 200 : 204);
		assert_int_equal(results[i].body.len, i % 5 ? 1 : 0);
		if (i % 5)
			assert_int_equal(results[i].body.data[0], 'a' + i);
		buf_fini(&results[i].body);
	}
	assert_int_equal(httpd_counters(pair.server)->conns_accepted, 1);
	httpc_free(&client);
	pair_close(&pair);
}

static void expect_authorization(struct pair *pair, struct httpc *client,
				 const char *want)
{
	const struct httpc_call call = {.path = "/who", .timeout_ms = 5000};
	struct result result;

	result_init(&result);
	exchange(pair->loop, client, &call, &result);
	assert_string_equal(buf_cstr(&result.body), want);
	buf_fini(&result.body);
}

static void test_bearer(void **state)
{
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	expect_authorization(&pair, client, "");
	assert_int_equal(httpc_set_bearer(client, "a-._~+/9="), 0);
	expect_authorization(&pair, client, "Bearer a-._~+/9=");
	assert_int_equal(httpc_set_bearer(client, "a\r\nX: y"), ERR_SYNTAX);
	assert_int_equal(httpc_set_bearer(client, "a b"), ERR_SYNTAX);
	expect_authorization(&pair, client, "Bearer a-._~+/9=");
	assert_int_equal(httpc_set_bearer(client, ""), 0);
	expect_authorization(&pair, client, "");
	httpc_free(&client);
	pair_close(&pair);
}

static void test_large_bodies_both_ways(void **state)
{
	static char body[300000];
	struct httpc_call call = {.method = HTTP1_PUT,
				  .path = "/echo",
				  .body = {body, sizeof(body)},
				  .timeout_ms = 5000};
	struct httpc *client;
	struct result result;
	struct pair pair;

	(void)state;
	memset(body, 'z', sizeof(body));
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	result_init(&result);
	buf_fini(&result.body);
	buf_init(&result.body, 1u << 20);
	exchange(pair.loop, client, &call, &result);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.body.len, sizeof(body));
	assert_memory_equal(result.body.data, body, sizeof(body));
	buf_fini(&result.body);
	httpc_free(&client);
	pair_close(&pair);
}

static void test_a_dead_kept_connection_is_replaced(void **state)
{
	const struct httpc_call call = {.path = "/echo", .timeout_ms = 5000};
	struct httpc *client;
	struct result result;
	struct pair pair;
	struct httpd_limits limits = httpd_default_limits();
	uint16_t port;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	result_init(&result);
	exchange(pair.loop, client, &call, &result);
	/* The server restarts on the same port. */
	httpd_free(&pair.server);
	pair.server = httpd_new(pair.loop, &limits, on_request, &pair);
	assert_int_equal(
		httpd_listen(pair.server, &helper_local, pair.port, &port), 0);
	result.calls = 0;
	result.rc = 1;
	exchange(pair.loop, client, &call, &result);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 200);
	buf_fini(&result.body);
	httpc_free(&client);
	pair_close(&pair);
}

/* A name out of /etc/hosts. */
static void test_names_are_resolved(void **state)
{
	const struct httpc_call call = {.path = "/echo", .timeout_ms = 9000};
	struct httpc *client;
	struct result result;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "localhost", pair.port, &client);
	result_init(&result);
	exchange(pair.loop, client, &call, &result);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 200);
	buf_fini(&result.body);
	httpc_free(&client);
	helper_turn(pair.loop);
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_calls_share_one_connection),
		cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_large_bodies_both_ways),
		cmocka_unit_test(test_a_dead_kept_connection_is_replaced),
		cmocka_unit_test(test_names_are_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
