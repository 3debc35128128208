/*
 * test_httpc.c - calls and line streams against our own server and against a
 * scripted peer that answers anything.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/net/httpc.h"
#include "lib/net/httpd.h"
#include "lib/net/listener.h"
#include "tests/unit/lib-net/net_helper.h"

#define BODY_MAX 65536

/* ---- what came back ---- */

struct result {
	unsigned calls;
	int rc;
	unsigned status;
	struct buf body;
	struct httpc **free_inside;
};

static void on_answer(const struct httpc_answer *answer, void *arg)
{
	struct result *result = arg;

	result->calls++;
	result->rc = answer->rc;
	result->status = answer->status;
	buf_sv(&result->body, answer->body);
	if (result->free_inside)
		httpc_free(result->free_inside);
}

static bool is_answered(void *arg)
{
	const struct result *result = arg;

	return result->calls > 0;
}

static void result_init(struct result *result)
{
	*result = (struct result){0};
	buf_init(&result->body, BODY_MAX);
}

static void new_client(struct loop *loop, const char *host, uint16_t port,
		       struct httpc **client_r)
{
	char text[128];
	struct buf url;

	buf_init_fixed(&url, text, sizeof(text));
	buf_printf(&url, "http://%s:%u", host, port);
	assert_int_equal(httpc_new(loop, buf_view(&url), client_r), 0);
}

/* ---- a peer that says what the row says ---- */

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
	httpc_request(client, &call, on_answer, &result);
	helper_until(loop, is_answered, &result);
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
	httpc_request(client, &call, on_answer, &result);
	helper_until(loop, is_answered, &result);
	assert_int_equal(result.rc, ERR_SYNTAX);
	httpc_free(&client);
	buf_fini(&result.body);
	loop_free(&loop);
}

/* ---- with our own server ---- */

struct pair {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	struct httpd_stream *stream;
	unsigned stream_closed;
};

static void on_stream_closed(struct httpd_stream *stream, void *arg)
{
	struct pair *pair = arg;

	assert_ptr_equal(stream, pair->stream);
	pair->stream = NULL;
	pair->stream_closed++;
}

static void on_request(struct httpd_request *req, void *arg)
{
	struct pair *pair = arg;

	if (sv_eq(req->head->path, SV("/stream")))
		pair->stream = httpd_stream(req, "application/jsonl", SV(""),
					    on_stream_closed, pair);
	else if (sv_eq(req->head->path, SV("/silent")))
		httpd_later_reply(httpd_defer(req), 204, NULL, SV(""), SV(""));
	else if (sv_eq(req->head->path, SV("/who")))
		httpd_reply(req, 200, "text/plain", SV(""),
			    httpd_header(req, SV("authorization")));
	else if (sv_eq(req->head->path, SV("/missing")))
		httpd_problem_simple(req, 404, "x", "X", NULL);
	else
		httpd_reply(req, 200, "text/plain", SV(""), req->body);
}

static void pair_open(struct pair *pair)
{
	struct httpd_limits limits = httpd_default_limits();

	*pair = (struct pair){0};
	limits.body_max_bytes = 1u << 20;
	assert_int_equal(loop_new(&pair->loop), 0);
	pair->server = httpd_new(pair->loop, &limits, on_request, pair);
	assert_int_equal(
		httpd_listen(pair->server, &helper_local, 0, &pair->port), 0);
}

static void pair_close(struct pair *pair)
{
	httpd_free(&pair->server);
	loop_free(&pair->loop);
}

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
	httpc_request(client, &call, on_answer, &result);
	helper_until(pair->loop, is_answered, &result);
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
	httpc_request(client, &call, on_answer, &result);
	helper_until(pair.loop, is_answered, &result);
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
	httpc_request(client, &call, on_answer, &result);
	helper_until(pair.loop, is_answered, &result);
	/* The server restarts on the same port. */
	httpd_free(&pair.server);
	pair.server = httpd_new(pair.loop, &limits, on_request, &pair);
	assert_int_equal(
		httpd_listen(pair.server, &helper_local, pair.port, &port), 0);
	result.calls = 0;
	result.rc = 1;
	httpc_request(client, &call, on_answer, &result);
	helper_until(pair.loop, is_answered, &result);
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
	httpc_request(client, &call, on_answer, &result);
	helper_until(pair.loop, is_answered, &result);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 200);
	buf_fini(&result.body);
	httpc_free(&client);
	helper_turn(pair.loop);
	pair_close(&pair);
}

/* ---- streams ---- */

struct reader {
	struct httpc_stream *stream;
	unsigned opens, lines, ends;
	struct buf text;
	int rc;
	unsigned status;
	bool close_inside;
};

static void on_open(void *arg)
{
	((struct reader *)arg)->opens++;
}

static void on_line(struct sv line, void *arg)
{
	struct reader *reader = arg;

	reader->lines++;
	if (reader->close_inside)
		httpc_stream_close(&reader->stream);
	buf_sv(&reader->text, line);
	buf_char(&reader->text, '|');
}

static void on_end(int rc, unsigned status, void *arg)
{
	struct reader *reader = arg;

	reader->ends++;
	reader->rc = rc;
	reader->status = status;
	reader->stream = NULL;
}

static const struct httpc_stream_handler reading = {on_open, on_line, on_end};

static bool has_opened(void *arg)
{
	return ((struct reader *)arg)->opens > 0;
}

static bool has_line(void *arg)
{
	return ((struct reader *)arg)->lines > 0;
}

static bool has_ended(void *arg)
{
	return ((struct reader *)arg)->ends > 0;
}

static void test_stream_lines(void **state)
{
	static const struct {
		const char *rule;
		const char *pieces[4];
		const char *lines;
		int rc;
	} rows[] = {
		{"whole lines", {"one\ntwo\n"}, "one|two|", ERR_CLOSED},
		{"a line in pieces", {"o", "n", "e\n"}, "one|", ERR_CLOSED},
		{"CRLF and empty lines", {"a\r\n\n\r\n"}, "a|||", ERR_CLOSED},
		{"the longest line", {"01234567\n"}, "01234567|", ERR_CLOSED},
		{"one byte more", {"012345678\nx\n"}, "", ERR_TOOBIG},
		{"one byte more in pieces", {"0123", "456789"}, "", ERR_TOOBIG},
		{"an end within a line", {"a\nb"}, "a|", ERR_CLOSED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reader reader = {0};
		struct httpc *client;
		struct pair pair;

		print_message("%s\n", rows[i].rule);
		pair_open(&pair);
		buf_init(&reader.text, BODY_MAX);
		new_client(pair.loop, "127.0.0.1", pair.port, &client);
		reader.stream = httpc_stream_open(client, "/stream", 5000, 8,
						  &reading, &reader);
		helper_until(pair.loop, has_opened, &reader);
		for (size_t p = 0; p < 4 && rows[i].pieces[p]; p++) {
			if (pair.stream)
				httpd_stream_send(pair.stream,
						  sv_str(rows[i].pieces[p]));
			helper_turn(pair.loop);
			helper_turn(pair.loop);
		}
		if (pair.stream)
			httpd_stream_end(pair.stream);
		helper_until(pair.loop, has_ended, &reader);
		assert_string_equal(buf_cstr(&reader.text), rows[i].lines);
		assert_int_equal(reader.rc, rows[i].rc);
		assert_int_equal(reader.status, 200);
		assert_int_equal(reader.ends, 1);
		httpc_free(&client);
		buf_fini(&reader.text);
		pair_close(&pair);
	}
}

static bool is_stream_closed(void *arg)
{
	return ((struct pair *)arg)->stream_closed > 0;
}

static void test_stream_closed_in_its_line(void **state)
{
	struct reader reader = {.close_inside = true};
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	buf_init(&reader.text, BODY_MAX);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	reader.stream = httpc_stream_open(client, "/stream", 5000, 100,
					  &reading, &reader);
	helper_until(pair.loop, has_opened, &reader);
	httpd_stream_send(pair.stream, SV("on"));
	helper_turn(pair.loop);
	httpd_stream_send(pair.stream, SV("e\ntwo\n"));
	helper_until(pair.loop, has_line, &reader);
	/* The server learns that its reader has gone. */
	helper_until(pair.loop, is_stream_closed, &pair);
	assert_int_equal(reader.lines, 1);
	assert_int_equal(reader.ends, 0);
	assert_string_equal(buf_cstr(&reader.text), "one|");
	httpc_free(&client);
	buf_fini(&reader.text);
	pair_close(&pair);
}

static void test_stream_that_does_not_open(void **state)
{
	struct reader reader = {0};
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	reader.stream = httpc_stream_open(client, "/missing", 5000, 100,
					  &reading, &reader);
	helper_until(pair.loop, has_ended, &reader);
	assert_int_equal(reader.opens, 0);
	assert_int_equal(reader.rc, ERR_UNAVAILABLE);
	assert_int_equal(reader.status, 404);
	/* Silence after the head. */
	reader.stream = httpc_stream_open(client, "/stream", 50, 100, &reading,
					  &reader);
	reader.ends = 0;
	helper_until(pair.loop, has_ended, &reader);
	assert_int_equal(reader.rc, ERR_TIMEOUT);
	assert_int_equal(reader.status, 200);
	httpc_free(&client);
	pair_close(&pair);
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
		cmocka_unit_test(test_many_calls_share_one_connection),
		cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_large_bodies_both_ways),
		cmocka_unit_test(test_a_dead_kept_connection_is_replaced),
		cmocka_unit_test(test_names_are_resolved),
		cmocka_unit_test(test_stream_lines),
		cmocka_unit_test(test_stream_closed_in_its_line),
		cmocka_unit_test(test_stream_that_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
