/*
 * test_httpc.c - calls against a scripted peer that answers anything, or that
 * is not there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/net/listener.h"
#include "tests/unit/lib-net/httpc_pair.h"

struct script {
	struct loop *loop;
	struct listener *listener;
	const char *answer;
	int fds[16];
	unsigned count;
	bool keeps_open;
};

static void on_accept(int fd, const struct addr *peer, uint16_t port, void *arg)
{
	struct script *script = arg;

	(void)peer;
	(void)port;
	assert_true(script->count < 16);
	script->fds[script->count++] = fd;
	if (script->answer)
		assert_true(send(fd, script->answer, strlen(script->answer),
				 MSG_NOSIGNAL) >= 0);
	if (!script->keeps_open)
		shutdown(fd, SHUT_WR);
}

static void script_open(struct script *script, struct loop *loop)
{
	script->loop = loop;
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept, script,
				      &script->listener),
			 0);
}

static void script_close(struct script *script)
{
	listener_free(&script->listener);
	for (unsigned i = 0; i < script->count; i++)
		close(script->fds[i]);
}

#define HEAD_200 "HTTP/1.1 200 OK\r\n"

static const struct answer_row {
	const char *rule;
	const char *answer;
	bool keeps_open;
	int rc;
	unsigned status;
	const char *body;
} answer_rows[] = {
	{"a length frames the body", HEAD_200 "Content-Length: 5\r\n\r\nhello",
	 true, 0, 200, "hello"},
	{"chunks are decoded",
	 HEAD_200 "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo"
		  "\r\n0\r\nTrailer: x\r\n\r\n",
	 true, 0, 200, "hello"},
	{"without a frame the close ends the body", HEAD_200 "\r\nhello", false,
	 0, 200, "hello"},
	{"204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", true, 0, 204,
	 ""},
	{"interim answers are skipped",
	 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n"
	 "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
	 true, 0, 404, "no"},
	{"a close in the head", "HTTP/1.1 200 O", false, ERR_CLOSED, 0, ""},
	{"a close before any byte", "", false, ERR_CLOSED, 0, ""},
	{"a close within a length", HEAD_200 "Content-Length: 9\r\n\r\nhello",
	 false, ERR_CLOSED, 0, ""},
	{"a close within chunks",
	 HEAD_200 "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", false,
	 ERR_CLOSED, 0, ""},
	{"no HTTP at all", "SSH-2.0-OpenSSH\r\n", true, ERR_SYNTAX, 0, ""},
	{"broken chunks",
	 HEAD_200 "Transfer-Encoding: chunked\r\n\r\nzz\r\nhel\r\n", true,
	 ERR_SYNTAX, 0, ""},
	{"length and chunks at once",
	 HEAD_200 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
	 true, ERR_SYNTAX, 0, ""},
	{"a length over the limit", HEAD_200 "Content-Length: 65\r\n\r\n", true,
	 ERR_TOOBIG, 0, ""},
	{"more than the limit until the close",
	 HEAD_200 "\r\n"
		  "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789",
	 false, ERR_TOOBIG, 0, ""},
	{"silence", NULL, true, ERR_TIMEOUT, 0, ""},
	{"a head that never ends", HEAD_200 "A: b\r\n", true, ERR_TIMEOUT, 0,
	 ""},
};

static void run_answer_row(const struct answer_row *row)
{
	struct script script = {.answer = row->answer,
				.keeps_open = row->keeps_open};
	const struct httpc_call call = {
		.path = "/x", .timeout_ms = 100, .answer_max_bytes = 64};
	struct httpc *client;
	struct result result;
	struct loop *loop;

	print_message("%s\n", row->rule);
	assert_int_equal(loop_new(&loop), 0);
	script_open(&script, loop);
	new_client(loop, "127.0.0.1", listener_port(script.listener), &client);
	result_init(&result);
	httpc_request(client, &call, on_answer, &result);
	assert_int_equal(result.calls, 0); /* never from inside the call */
	helper_until(loop, is_answered, &result);
	assert_int_equal(result.rc, row->rc);
	assert_int_equal(result.status, row->status);
	assert_string_equal(buf_cstr(&result.body), row->body);
	httpc_free(&client);
	helper_turn(loop);
	assert_int_equal(result.calls, 1);
	buf_fini(&result.body);
	script_close(&script);
	loop_free(&loop);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answer_rows); i++)
		run_answer_row(&answer_rows[i]);
}

static void test_oversized_length_is_refused_at_its_head(void **state)
{
	/* The body would come later: the limit must not wait for it. */
	static const struct answer_row row = {
		"a huge length is refused without its body",
		HEAD_200 "Content-Length: 99999999999\r\n\r\n",
		true,
		ERR_TOOBIG,
		0,
		"",
	};

	(void)state;
	run_answer_row(&row);
}

static void test_refused_connection(void **state)
{
	const struct httpc_call call = {.path = "/", .timeout_ms = 1000};
	struct script script = {.keeps_open = true};
	struct result result;
	struct httpc *client;
	struct loop *loop;
	uint16_t port;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	script_open(&script, loop);
	port = listener_port(script.listener);
	script_close(&script); /* a port where nobody listens */
	new_client(loop, "127.0.0.1", port, &client);
	result_init(&result);
	exchange(loop, client, &call, &result);
	assert_int_equal(result.rc, -ECONNREFUSED);
	httpc_free(&client);
	buf_fini(&result.body);
	loop_free(&loop);
}

static void test_free_ends_all_calls(void **state)
{
	const struct httpc_call call = {.path = "/", .timeout_ms = 1000};
	struct script script = {.keeps_open = true};
	struct result results[3];
	struct httpc *client;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	script_open(&script, loop);
	new_client(loop, "127.0.0.1", listener_port(script.listener), &client);
	for (unsigned i = 0; i < 3; i++) {
		result_init(&results[i]);
		httpc_request(client, &call, on_answer, &results[i]);
		helper_turn(loop);
	}
	httpc_free(&client);
	assert_null(client);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(results[i].calls, 1);
		assert_int_equal(results[i].rc, ERR_CLOSED);
		buf_fini(&results[i].body);
	}
	script_close(&script);
	loop_free(&loop);
}

static void test_free_inside_the_callback(void **state)
{
	const struct httpc_call call = {.path = "/", .timeout_ms = 50};
	struct script script = {.keeps_open = true};
	struct result first, second;
	struct httpc *client;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	script_open(&script, loop);
	new_client(loop, "127.0.0.1", listener_port(script.listener), &client);
	result_init(&first);
	result_init(&second);
	first.free_inside = &client;
	httpc_request(client, &call, on_answer, &first);
	httpc_request(client, &call, on_answer, &second);
	helper_until(loop, is_answered, &first);
	assert_int_equal(first.rc, ERR_TIMEOUT);
	assert_int_equal(second.rc, ERR_CLOSED);
	assert_int_equal(second.calls, 1);
	helper_turn(loop);
	buf_fini(&first.body);
	buf_fini(&second.body);
	script_close(&script);
	loop_free(&loop);
}

static void test_what_cannot_be_asked(void **state)
{
	const struct httpc_call call = {.path = "/a b\r\n", .timeout_ms = 1000};
	struct httpc *client;
	struct result result;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(httpc_new(loop, SV("https://a/"), &client),
			 ERR_UNSUPPORTED);
	assert_int_equal(httpc_new(loop, SV("http://a/path"), &client),
			 ERR_UNSUPPORTED);
	assert_true(httpc_new(loop, SV("127.0.0.1:80"), &client) < 0);
	new_client(loop, "127.0.0.1", 1, &client);
	result_init(&result);
	exchange(loop, client, &call, &result);
	assert_int_equal(result.rc, ERR_SYNTAX);
	httpc_free(&client);
	buf_fini(&result.body);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_oversized_length_is_refused_at_its_head),
		cmocka_unit_test(test_refused_connection),
		cmocka_unit_test(test_free_ends_all_calls),
		cmocka_unit_test(test_free_inside_the_callback),
		cmocka_unit_test(test_what_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
