/*
 * test_httpd.c - raw bytes in, answers and counters out, over real sockets on
 * one loop. Every request is sent whole and byte by byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/net/httpd_ahead.h"
#include "tests/unit/lib-net/net_helper.h"

#define BODY_MAX 1000

struct world {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	struct httpd_later *laters[64];
	unsigned later_count;
	struct httpd_stream *stream;
	unsigned stream_closed;
	const struct httpd_request *seen[HTTPD_BATCH]; /* by the last step */
	char big[300000];
};

static void on_stream_closed(struct httpd_stream *stream, void *arg)
{
	struct world *world = arg;

	assert_ptr_equal(world->stream, stream);
	world->stream = NULL;
	world->stream_closed++;
}

static void answer_fast(struct httpd_request *req)
{
	struct buf *out = httpd_reply_begin(req, 200, SV("X-Fast: yes\r\n"));

	buf_str(out, "fast ");
	buf_sv(out, req->head->query);
	httpd_reply_end(req);
}

static void answer_stream(struct httpd_request *req, struct world *world)
{
	world->stream = httpd_stream(req, "text/plain", SV(""),
				     on_stream_closed, world);
	httpd_stream_send(world->stream, SV("first"));
	if (sv_eq(req->head->query, SV("end"))) {
		httpd_stream_end(world->stream);
		world->stream = NULL;
	}
}

/* Method, path, query and body, for all to see. */
static void answer_echo(struct httpd_request *req)
{
	char text[4096];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_printf(&b, "%d " SV_FMT " " SV_FMT " [" SV_FMT "]",
		   req->head->method, SV_ARG(req->head->path),
		   SV_ARG(req->head->query), SV_ARG(req->body));
	httpd_reply(req, 200, "text/plain", SV("X-Echo: yes\r\n"),
		    buf_view(&b));
}

/* Each request goes through both steps, and then to the handler. */
static void on_ahead(struct httpd_request *req, unsigned step, void *arg)
{
	struct world *world = arg;
	const struct httpd_request **seen = &world->seen[req->slot];

	assert_true(step < 2);
	assert_true(step == 0 || *seen == req);
	*seen = req;
}

static void on_request(struct httpd_request *req, void *arg)
{
	struct world *world = arg;
	struct sv path = req->head->path;

	assert_ptr_equal(world->seen[req->slot], req);
	world->seen[req->slot] = NULL;
	assert_int_equal(req->peer.family, ADDR_V4);
	assert_true(req->peer_port > 0);
	if (sv_eq(path, SV("/fast")))
		answer_fast(req);
	else if (sv_eq(path, SV("/later")))
		world->laters[world->later_count++] = httpd_defer(req);
	else if (sv_eq(path, SV("/now")))
		httpd_later_reply(httpd_defer(req), 200, "text/plain", SV(""),
				  SV("now"));
	else if (sv_eq(path, SV("/stream")))
		answer_stream(req, world);
	else if (sv_eq(path, SV("/big")))
		httpd_reply(req, 200, "text/plain", SV(""),
			    sv_of(world->big, sizeof(world->big)));
	else if (sv_eq(path, SV("/none")))
		return;
	else if (sv_eq(path, SV("/half")))
		(void)httpd_reply_begin(req, 200, SV(""));
	else if (sv_eq(path, SV("/empty")))
		httpd_reply(req, 204, NULL, SV(""), SV(""));
	else if (sv_eq(path, SV("/drain")))
		httpd_drain(world->server), answer_echo(req);
	else
		answer_echo(req);
}

static struct httpd_limits short_limits(void)
{
	struct httpd_limits limits = httpd_default_limits();

	limits.body_max_bytes = BODY_MAX;
	return limits;
}

static struct world *open_world(struct httpd_limits limits)
{
	struct world *world = calloc(1, sizeof(*world));

	memset(world->big, 'b', sizeof(world->big));
	assert_int_equal(loop_new(&world->loop), 0);
	world->server = httpd_new(world->loop, &limits, on_request, world);
	httpd_look_ahead(world->server, on_ahead, 2);
	assert_int_equal(
		httpd_listen(world->server, &helper_local, 0, &world->port), 0);
	return world;
}

static void close_world(struct world *world)
{
	httpd_free(&world->server);
	loop_free(&world->loop);
	free(world);
}

static const struct httpd_counters *counters(const struct world *world)
{
	return httpd_counters(world->server);
}

static bool is_empty(void *arg)
{
	const struct world *world = arg;

	return httpd_open_conns(world->server) == 0;
}

/* ---- one request, one answer ---- */

#define HOST	 "Host: a\r\n"
#define ANY	 SIZE_MAX /* no counter */
#define COUNT(c) offsetof(struct httpd_counters, refused_##c)
#define CHUNKED	 "PUT /b HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static const struct row {
	const char *rule;
	const char *bytes;
	unsigned status;
	const char *text; /* somewhere in the answer */
	size_t counter;	  /* that went from 0 to 1 */
	bool closes;
} rows[] = {
	{"a GET", "GET /a?b HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\n0 /a b []",
	 ANY, false},
	{"Date is sent", "GET / HTTP/1.1\r\n" HOST "\r\n", 200, " GMT\r\n", ANY,
	 false},
	{"the fast path", "GET /fast?xyz HTTP/1.1\r\n" HOST "\r\n", 200,
	 "X-Fast: yes\r\nContent-Length:     8\r\n\r\nfast xyz", ANY, false},
	{"HEAD has the length and no body",
	 "HEAD /fast?xyz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200,
	 "Content-Length:     8\r\n\r\n", ANY, true},
	{"a body by length",
	 "PUT /b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 200,
	 "3 /b  [hello]", ANY, false},
	{"an empty body",
	 "POST /b HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200,
	 "2 /b  []", ANY, false},
	{"a chunked body", CHUNKED "3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: b\r\n\r\n",
	 200, "3 /b  [hello]", ANY, false},
	{"204 has no length", "GET /empty HTTP/1.1\r\n" HOST "\r\n", 204,
	 " GMT\r\n\r\n", ANY, false},
	{"1.0 closes", "GET / HTTP/1.0\r\n\r\n", 200, "Connection: close\r\n",
	 ANY, true},
	{"1.0 may keep alive",
	 "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200,
	 "Connection: keep-alive\r\n", ANY, false},
	{"close is honoured",
	 "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200,
	 "Connection: close\r\n", ANY, true},
	{"a deferred answer within the handler",
	 "GET /now HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\nnow", ANY, false},
	{"a stream that ends at once",
	 "GET /stream?end HTTP/1.1\r\n" HOST "\r\n", 200,
	 "\r\n\r\n5\r\nfirst\r\n0\r\n\r\n", ANY, false},
	{"a stream to 1.0 is bare", "GET /stream?end HTTP/1.0\r\n\r\n", 200,
	 "\r\n\r\nfirst", ANY, true},
	{"no answer is 500", "GET /none HTTP/1.1\r\n" HOST "\r\n", 500,
	 "urn:perihelion:internal", ANY, false},
	{"half an answer is 500", "GET /half HTTP/1.1\r\n" HOST "\r\n", 500,
	 "urn:perihelion:internal", ANY, false},
	{"malformed", "GET /\r\n\r\n", 400, "urn:perihelion:bad-request",
	 COUNT(400), true},
	{"no Host", "GET / HTTP/1.1\r\n\r\n", 400, "application/problem+json",
	 COUNT(400), true},
	{"broken chunks", CHUNKED "zz\r\n", 400, "Connection: close\r\n",
	 COUNT(400), true},
	{"a length over the limit",
	 "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413,
	 "urn:perihelion:content-too-large", COUNT(413), true},
	{"a length beyond all numbers",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Content-Length: 99999999999999999999999\r\n\r\n",
	 413, "Connection: close\r\n", COUNT(413), true},
	{"an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501,
	 "urn:perihelion:not-implemented", COUNT(501), true},
	{"CONNECT", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501,
	 "Connection: close\r\n", COUNT(501), true},
	{"an unknown coding",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501,
	 "Connection: close\r\n", COUNT(501), true},
	{"HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505,
	 "urn:perihelion:http-version", COUNT(505), true},
};

static uint64_t counter_at(const struct world *world, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)counters(world) +
						 offset);
}

enum feed { FEED_WHOLE, FEED_BYTES };

static void run_row(const struct row *row, enum feed feed)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;
	struct sv bytes = sv_str(row->bytes);

	helper_connect(&c, world->loop, world->port);
	if (feed == FEED_WHOLE)
		helper_write(&c, bytes);
	for (size_t i = 0; feed == FEED_BYTES && i < bytes.len; i++) {
		helper_write(&c, sv_of(bytes.ptr + i, 1));
		helper_turn(world->loop);
	}
	if (row->closes)
		helper_read_end(&c);
	helper_read_text(&c, row->text, 1);
	assert_int_equal(helper_status(&c), row->status);
	assert_false(!row->closes && helper_has_ended(&c));
	assert_int_equal(counters(world)->status[row->status / 100], 1);
	if (row->counter != ANY)
		assert_int_equal(counter_at(world, row->counter), 1);
	assert_int_equal(counters(world)->bytes_out, c.in.len);
	helper_close(&c);
	helper_until(world->loop, is_empty, world);
	close_world(world);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		run_row(&rows[i], FEED_WHOLE);
		run_row(&rows[i], FEED_BYTES);
	}
}

/* A chunked body over the limit counts decoded bytes; and long heads. */
static void test_limits_of_size(void **state)
{
	static const struct {
		const char *rule, *start, *repeat;
		unsigned times;
		const char *end;
		unsigned status;
	} cases[] = {
		{"chunked at the limit", CHUNKED, "4\r\nabcd\r\n", 250,
		 "0\r\n\r\n", 200},
		{"chunked over the limit", CHUNKED, "4\r\nabcd\r\n", 251, "",
		 413},
		{"a long target", "GET /", "0123456789", 420, "", 414},
		{"a long head", "GET / HTTP/1.1\r\n" HOST, "A: 0123456789\r\n",
		 40, "\r\n", 200},
		{"too many headers", "GET / HTTP/1.1\r\n" HOST,
		 "A: 0123456789\r\n", 50, "", 431},
		{"a header without end",
		 "GET / HTTP/1.1\r\n" HOST "A: ", "0123456789", 1640, "", 431},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world *world = open_world(short_limits());
		struct helper_client c;

		print_message("%s\n", cases[i].rule);
		helper_connect(&c, world->loop, world->port);
		helper_write(&c, sv_str(cases[i].start));
		for (unsigned n = 0; n < cases[i].times; n++) {
			helper_write(&c, sv_str(cases[i].repeat));
			if (n % 7 == 0)
				helper_turn(world->loop);
		}
		helper_write(&c, sv_str(cases[i].end));
		helper_read_text(&c, "\r\n\r\n", 1);
		assert_int_equal(helper_status(&c), cases[i].status);
		helper_close(&c);
		close_world(world);
	}
}

/* The peer goes on sending what was refused, and still reads the answer. */
static void test_refusal_is_readable(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("PUT / HTTP/1.1\r\n" HOST
			    "Content-Length: 300000\r\n\r\n"));
	for (unsigned i = 0; i < 100; i++) {
		helper_write(&c, sv_of(world->big, 3000));
		helper_turn(world->loop);
	}
	helper_read_end(&c);
	assert_int_equal(helper_status(&c), 413);
	assert_int_equal(helper_count(&c, "content-too-large"), 1);
	helper_close(&c);
	helper_until(world->loop, is_empty, world);
	close_world(world);
}

static void test_expect_continue(void **state)
{
	static const char head[] =
		"PUT /b HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 5\r\n\r\n";
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, sv_str(head));
	helper_read_text(&c, "HTTP/1.1 100 Continue\r\n\r\n", 1);
	helper_write(&c, SV("hello"));
	helper_read_text(&c, "3 /b  [hello]", 1);
	/* With the body at hand there is no interim answer. */
	helper_write(&c, sv_str(head));
	helper_write(&c, SV("again"));
	helper_read_text(&c, "3 /b  [again]", 1);
	helper_close(&c);
	close_world(world);
}

/* ---- pipelines ---- */

static void test_pipeline_in_order(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;
	struct buf b, want;

	(void)state;
	buf_init(&b, 1u << 20);
	buf_init(&want, 1000);
	for (unsigned i = 0; i < 50; i++) {
		if (i % 3 == 0)
			buf_printf(&b, "GET /fast?%u HTTP/1.1\r\n" HOST "\r\n",
				   i);
		else if (i % 3 == 1)
			buf_printf(&b,
				   "PUT /p?%u HTTP/1.1\r\n" HOST
				   "Content-Length: 3\r\n\r\nGET",
				   i);
		else
			buf_printf(&b,
				   "POST /p?%u HTTP/1.1\r\n" HOST
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "3\r\nPUT\r\n0\r\n\r\n",
				   i);
	}
	for (enum feed feed = FEED_WHOLE; feed <= FEED_BYTES; feed++) {
		size_t step = feed == FEED_WHOLE ? b.len : 11, at = 0;
		const char *from;

		helper_connect(&c, world->loop, world->port);
		while (at < b.len) {
			size_t take = b.len - at < step ? b.len - at : step;

			helper_write(&c, sv_of(b.data + at, take));
			helper_turn(world->loop);
			at += take;
		}
		helper_read_text(&c, "HTTP/1.1 200 OK\r\n", 50);
		helper_read_text(&c, "fast 48", 1);
		from = buf_cstr(&c.in);
		for (unsigned i = 0; i < 50; i++) {
			buf_reset(&want);
			if (i % 3 == 0)
				buf_printf(&want, "fast %u", i);
			else
				buf_printf(&want, "%d /p %u [%s]",
					   i % 3 == 1 ? 3 : 2, i,
					   i % 3 == 1 ? "GET" : "PUT");
			from = strstr(from, buf_cstr(&want));
			assert_non_null(from);
		}
		helper_close(&c);
	}
	buf_fini(&b);
	buf_fini(&want);
	close_world(world);
}

/* More than one read takes: the rest makes no edge of its own. */
static void test_body_of_several_reads(void **state)
{
	struct httpd_limits limits = short_limits();
	struct helper_client c;
	struct world *world;
	struct buf b;

	(void)state;
	limits.body_max_bytes = 2 * LOOP_SCRATCH_BYTES;
	world = open_world(limits);
	buf_init(&b, 1u << 20);
	buf_printf(&b,
		   "PUT /body HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
		   LOOP_SCRATCH_BYTES);
	for (unsigned i = 0; i < LOOP_SCRATCH_BYTES; i++)
		buf_char(&b, 'x');
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, buf_view(&b));
	helper_read_text(&c, "HTTP/1.1 200 OK\r\n", 1);
	helper_close(&c);
	buf_fini(&b);
	close_world(world);
}

/* What stands behind a request that closes is not answered. */
static void test_nothing_behind_the_last(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("GET /1 HTTP/1.1\r\n" HOST "\r\n"
			    "GET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n"
			    "\r\nGET /3 HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_count(&c, "HTTP/1.1 200"), 2);
	assert_int_equal(helper_count(&c, "/3"), 0);
	helper_close(&c);
	close_world(world);
}

static bool has_two_laters(void *arg)
{
	return ((struct world *)arg)->later_count == 2;
}

static void test_deferred_keeps_the_order(void **state)
{
	struct world *world = open_world(short_limits());
	const struct problem problem = {
		.status = 409, .type = "conflict", .title = "Conflict"};
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("GET /1 HTTP/1.1\r\n" HOST "\r\n"
			    "GET /later HTTP/1.1\r\n" HOST "\r\n"
			    "GET /2 HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c, "0 /1", 1);
	helper_write(&c, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"
			    "GET /3 HTTP/1.1\r\n" HOST "\r\n"));
	for (unsigned i = 0; i < 5; i++)
		helper_turn(world->loop);
	assert_int_equal(world->later_count, 1);
	assert_false(helper_has_ended(&c));
	assert_int_equal(helper_count(&c, "0 /2"), 0);
	httpd_later_reply(world->laters[0], 200, "text/plain", SV("X: y\r\n"),
			  SV("late"));
	helper_until(world->loop, has_two_laters, world);
	helper_read_text(&c, "0 /2", 1);
	assert_int_equal(helper_count(&c, "\r\n\r\nlate"), 1);
	httpd_later_problem(world->laters[1], &problem);
	helper_read_text(&c, "0 /3", 1);
	assert_int_equal(helper_count(&c, "urn:perihelion:conflict"), 1);
	assert_int_equal(counters(world)->requests, 5);
	helper_close(&c);
	close_world(world);
}

static bool has_later(void *arg)
{
	return ((struct world *)arg)->later_count == 1;
}

static void test_deferred_to_one_who_left(void **state)
{
	static const struct {
		const char *rule;
		bool half; /* it only says that it sends no more */
	} cases[] = {{"the peer has closed", false},
		     {"the peer has shut down its side", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world *world = open_world(short_limits());
		struct helper_client c;

		print_message("%s\n", cases[i].rule);
		helper_connect(&c, world->loop, world->port);
		helper_write(&c, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
		helper_until(world->loop, has_later, world);
		if (cases[i].half)
			shutdown(c.fd, SHUT_WR);
		else
			helper_close(&c);
		for (unsigned n = 0; n < 5; n++)
			helper_turn(world->loop);
		httpd_later_reply(world->laters[0], 200, NULL, SV(""), SV(""));
		if (cases[i].half) {
			helper_read_end(&c);
			assert_int_equal(helper_status(&c), 200);
		}
		helper_until(world->loop, is_empty, world);
		helper_close(&c);
		close_world(world);
	}
}

static void test_deferred_beyond_the_server(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_later, world);
	httpd_free(&world->server);
	httpd_later_reply(world->laters[0], 200, NULL, SV(""), SV("x"));
	helper_close(&c);
	close_world(world);
}

/* ---- streams ---- */

static bool has_stream(void *arg)
{
	return ((struct world *)arg)->stream != NULL;
}

static bool is_stream_closed(void *arg)
{
	return ((struct world *)arg)->stream_closed == 1;
}

static void open_stream(struct world *world, struct helper_client *c)
{
	helper_connect(c, world->loop, world->port);
	helper_write(c, SV("GET /stream HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_stream, world);
}

static void test_stream(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	open_stream(world, &c);
	httpd_stream_send(world->stream, SV("0123456789abcdef0"));
	httpd_stream_send(world->stream, SV(""));
	httpd_stream_send(world->stream, SV("x"));
	helper_read_text(&c,
			 "\r\n\r\n5\r\nfirst\r\n11\r\n0123456789abcdef0\r\n"
			 "1\r\nx\r\n",
			 1);
	httpd_stream_end(world->stream);
	helper_read_text(&c, "0\r\n\r\n", 1);
	/* The connection serves on. */
	helper_write(&c, SV("GET /next HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c, "0 /next", 1);
	assert_int_equal(world->stream_closed, 0);
	helper_close(&c);
	close_world(world);
}

static void test_stream_reader_leaves(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	open_stream(world, &c);
	helper_close(&c);
	helper_until(world->loop, is_stream_closed, world);
	assert_int_equal(httpd_open_conns(world->server), 0);
	close_world(world);
}

static void test_stream_reader_is_too_slow(void **state)
{
	struct httpd_limits limits = short_limits();
	struct helper_client c;
	struct world *world;

	(void)state;
	limits.stream_queue_bytes = 1u << 20;
	world = open_world(limits);
	open_stream(world, &c);
	/* Never from inside the call: the owner walks its list of streams. */
	for (unsigned i = 0;
	     i < 1000 && counters(world)->closed_slow_write == 0; i++) {
		httpd_stream_send(world->stream,
				  sv_of(world->big, sizeof(world->big)));
		assert_int_equal(world->stream_closed, 0);
	}
	httpd_stream_send(world->stream, SV("into the void"));
	helper_until(world->loop, is_stream_closed, world);
	assert_int_equal(counters(world)->closed_slow_write, 1);
	helper_close(&c);
	close_world(world);
}

static void test_stream_ends_with_the_server(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	open_stream(world, &c);
	httpd_free(&world->server);
	assert_int_equal(world->stream_closed, 1);
	helper_close(&c);
	close_world(world);
}

static void test_stream_for_head(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("HEAD /stream HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_count(&c, "first"), 0);
	assert_int_equal(world->stream_closed, 1);
	helper_close(&c);
	close_world(world);
}

/* ---- slow ones ---- */

/* A reader that does not read stops its own pipeline, and gets all of it when
 * it does. */
static void test_backpressure(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;
	uint64_t before;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	for (unsigned i = 0; i < 100; i++)
		helper_write(&c, SV("GET /big HTTP/1.1\r\n" HOST "\r\n"));
	for (unsigned i = 0; i < 20; i++)
		helper_turn(world->loop);
	before = counters(world)->requests;
	assert_true(before < 100);
	helper_read_text(&c, "HTTP/1.1 200 OK\r\n", 100);
	helper_write(&c, SV("GET /last HTTP/1.1\r\n" HOST
			    "Connection: close\r\n\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_count(&c, "0 /last"), 1);
	assert_int_equal(counters(world)->requests, 101);
	assert_true(c.in.len > 100 * sizeof(world->big));
	helper_close(&c);
	close_world(world);
}

static const struct timeout_row {
	const char *rule, *bytes;
	unsigned status;
	size_t counter;
} timeout_rows[] = {
	{"silent from the beginning", "", 0,
	 offsetof(struct httpd_counters, closed_silent)},
	{"idle between requests", "GET / HTTP/1.1\r\n" HOST "\r\n", 200,
	 offsetof(struct httpd_counters, closed_idle)},
	{"a head that does not end", "GET / HTTP/1.1\r\n", 408,
	 offsetof(struct httpd_counters, refused_408)},
	{"a body that does not end",
	 "PUT / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell", 408,
	 offsetof(struct httpd_counters, refused_408)},
	{"chunks that do not end", CHUNKED "5\r\nhell", 408,
	 offsetof(struct httpd_counters, refused_408)},
	{"a reader that does not read", "GET /big HTTP/1.1\r\n" HOST "\r\n",
	 200, offsetof(struct httpd_counters, closed_slow_write)},
};

static bool is_counted(void *arg)
{
	const struct world *world = arg;

	return counters(world)->closed_idle || counters(world)->closed_silent ||
	       counters(world)->refused_408 ||
	       counters(world)->closed_slow_write;
}

static void test_timeouts(void **state)
{
	struct httpd_limits limits = short_limits();

	(void)state;
	limits.head_timeout_ms = 20;
	limits.body_timeout_ms = 20;
	limits.idle_timeout_ms = 20;
	limits.write_timeout_ms = 20;
	for (size_t i = 0; i < ARRAY_LEN(timeout_rows); i++) {
		const struct timeout_row *row = &timeout_rows[i];
		struct world *world = open_world(limits);
		struct helper_client c;

		print_message("%s\n", row->rule);
		helper_connect(&c, world->loop, world->port);
		/* More than the sockets hold. */
		for (unsigned n = 0; strstr(row->bytes, "/big") && n < 40; n++)
			helper_write(&c, sv_str(row->bytes));
		helper_write(&c, sv_str(row->bytes));
		helper_until(world->loop, is_counted, world);
		helper_read_end(&c);
		assert_int_equal(helper_status(&c), row->status);
		assert_int_equal(counter_at(world, row->counter), 1);
		helper_close(&c);
		helper_until(world->loop, is_empty, world);
		close_world(world);
	}
}

/* Who has said nothing yet is not given the time of one between requests. */
static void test_silence_and_idleness(void **state)
{
	static const struct {
		const char *rule, *bytes;
		int64_t head_ms, idle_ms;
		uint64_t silent, idle;
	} cases[] = {
		{"silence has the time of a head", "", 20, 60000, 1, 0},
		{"idleness has its own", "GET / HTTP/1.1\r\n" HOST "\r\n",
		 60000, 20, 0, 1},
	};
	struct httpd_limits limits = short_limits();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct helper_client c;
		struct world *world;

		print_message("%s\n", cases[i].rule);
		limits.head_timeout_ms = cases[i].head_ms;
		limits.idle_timeout_ms = cases[i].idle_ms;
		world = open_world(limits);
		helper_connect(&c, world->loop, world->port);
		helper_write(&c, sv_str(cases[i].bytes));
		helper_read_end(&c);
		assert_int_equal(counters(world)->closed_silent,
				 cases[i].silent);
		assert_int_equal(counters(world)->closed_idle, cases[i].idle);
		helper_close(&c);
		close_world(world);
	}
}

/* A request that the peer cuts off gets an answer, if it still reads. */
static void test_half_a_request(void **state)
{
	static const char *const parts[] = {"GET / HT",
					    "PUT / HTTP/1.1\r\n" HOST
					    "Content-Length: 2\r\n\r\nx",
					    CHUNKED "1\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct world *world = open_world(short_limits());
		struct helper_client c;

		helper_connect(&c, world->loop, world->port);
		helper_write(&c, sv_str(parts[i]));
		shutdown(c.fd, SHUT_WR);
		helper_read_end(&c);
		assert_int_equal(helper_status(&c), 400);
		assert_int_equal(counters(world)->refused_400, 1);
		helper_close(&c);
		helper_until(world->loop, is_empty, world);
		close_world(world);
	}
}

/* ---- many, and the end ---- */

static void test_too_many_connections(void **state)
{
	struct httpd_limits limits = short_limits();
	struct helper_client c[3];
	struct world *world;

	(void)state;
	limits.conns_max = 2;
	world = open_world(limits);
	for (unsigned i = 0; i < 2; i++) {
		helper_connect(&c[i], world->loop, world->port);
		helper_write(&c[i], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
		helper_read_text(&c[i], "0 /a", 1);
	}
	helper_connect(&c[2], world->loop, world->port);
	helper_write(&c[2], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c[2]);
	assert_int_equal(helper_status(&c[2]), 503);
	assert_int_equal(helper_count(&c[2], "Retry-After: 1\r\n"), 1);
	assert_int_equal(counters(world)->refused_503, 1);
	assert_int_equal(counters(world)->conns_refused, 1);
	helper_close(&c[2]);
	/* Room again. */
	helper_close(&c[0]);
	for (unsigned i = 0; i < 3; i++)
		helper_turn(world->loop);
	helper_connect(&c[0], world->loop, world->port);
	helper_write(&c[0], SV("GET /b HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c[0], "0 /b", 1);
	helper_close(&c[0]);
	helper_close(&c[1]);
	close_world(world);
}

/* What is there with the connection needs no event of its own. */
static void test_read_with_accept(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;
	char answer[1024];

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	helper_turn(world->loop);
	assert_true(recv(c.fd, answer, sizeof(answer), MSG_DONTWAIT) > 0);
	/* The next one has its event. */
	helper_write(&c, SV("GET /b HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c, "0 /b", 1);
	helper_close(&c);
	close_world(world);
}

static bool is_drained(void *arg)
{
	return httpd_is_drained(((struct world *)arg)->server);
}

/* What a client has in hand when the server begins to drain, and after. */
static const struct drain_row {
	const char *rule;
	const char *before; /* sent and answered */
	const char *sent;   /* on its way, unread, when it begins */
	const char *after;  /* sent when it has begun */
	unsigned answers;
	const char *last; /* in the answers; NULL = nothing but the end */
} drain_rows[] = {
	{"a request in the socket is answered, with close",
	 "GET /a HTTP/1.1\r\n" HOST "\r\n", "GET /b HTTP/1.1\r\n" HOST "\r\n",
	 "", 2, "0 /b"},
	{"the next request of a quiet connection too",
	 "GET /a HTTP/1.1\r\n" HOST "\r\n", "",
	 "GET /c HTTP/1.1\r\n" HOST "\r\n", 2, "0 /c"},
	{"a head that is begun may end", "", "GET /d HTT",
	 "P/1.1\r\n" HOST "\r\n", 1, "0 /d"},
	{"a body that is begun may end", "",
	 "PUT /e HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe", "llo", 1,
	 "3 /e  [hello]"},
	{"the first request of one that has only connected", "", "",
	 "GET /f HTTP/1.1\r\n" HOST "\r\n", 1, "0 /f"},
	{"HTTP/1.0 with keep-alive too", "", "",
	 "GET /g HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 1, "0 /g"},
	{"what is pipelined behind the answer that says close is read, not "
	 "answered, and resets nothing",
	 "", "GET /h HTTP/1.1\r\n" HOST "\r\nGET /i HTTP/1.1\r\n" HOST "\r\n",
	 "", 1, "0 /h"},
	{"a head that does not end has 408", "", "GET /j HTTP/1.1\r\n", "", 1,
	 "request-timeout"},
	{"one that asks nothing more gets the end only",
	 "GET /k HTTP/1.1\r\n" HOST "\r\n", "", "", 1, NULL},
	{"one that has never asked too", "", "", "", 0, NULL},
};

/* The socket's own word: a reset would be an error here. */
static void assert_no_reset(const struct helper_client *c)
{
	int error = 0;
	socklen_t len = sizeof(error);
	char byte;

	assert_int_equal(getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len),
			 0);
	assert_int_equal(error, 0);
	assert_int_equal(recv(c->fd, &byte, 1, 0), 0);
}

static void test_drain_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(drain_rows); i++) {
		const struct drain_row *row = &drain_rows[i];
		struct world *world = open_world(short_limits());
		struct helper_client c;

		print_message("%s\n", row->rule);
		helper_connect(&c, world->loop, world->port);
		if (row->before[0]) {
			helper_write(&c, sv_str(row->before));
			helper_read_text(&c, "HTTP/1.1 200 OK\r\n", 1);
			assert_int_equal(helper_count(&c, "close"), 0);
		}
		helper_write(&c, sv_str(row->sent));
		httpd_drain(world->server);
		helper_turn(world->loop);
		helper_write(&c, sv_str(row->after));
		helper_read_end(&c);
		/* What crosses the end is read and dropped, without reset. */
		helper_write(&c, SV("GET /late HTTP/1.1\r\n" HOST "\r\n"));
		for (unsigned n = 0; n < 5; n++)
			helper_turn(world->loop);
		assert_no_reset(&c);
		assert_int_equal(helper_count(&c, "HTTP/1.1 "), row->answers);
		assert_int_equal(helper_count(&c, "Connection: close\r\n"),
				 row->last ? 1 : 0);
		if (row->last)
			assert_int_equal(helper_count(&c, row->last), 1);
		helper_close(&c);
		helper_until(world->loop, is_drained, world);
		close_world(world);
	}
}

/* Who has connected when it begins is answered, also unaccepted. */
static void test_drain_takes_the_backlog(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c[100];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		helper_connect(&c[i], world->loop, world->port);
		helper_write(&c[i], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	}
	assert_int_equal(counters(world)->conns_accepted, 0);
	httpd_drain(world->server);
	assert_false(httpd_is_drained(world->server));
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		helper_read_end(&c[i]);
		assert_no_reset(&c[i]);
		assert_int_equal(helper_status(&c[i]), 200);
		assert_int_equal(helper_count(&c[i], "Connection: close\r\n"),
				 1);
		helper_close(&c[i]);
	}
	helper_until(world->loop, is_drained, world);
	assert_int_equal(counters(world)->requests, ARRAY_LEN(c));
	close_world(world);
}

/* A client that never closes its side does not hold the service up. */
static void test_drain_ends_by_itself(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client idle, head, slow;
	int64_t begin_ms = clk_mono_ms();

	(void)state;
	helper_connect(&idle, world->loop, world->port);
	helper_connect(&head, world->loop, world->port);
	helper_write(&head, SV("GET /a"));
	helper_connect(&slow, world->loop, world->port);
	for (unsigned i = 0; i < 40; i++)
		helper_write(&slow, SV("GET /big HTTP/1.1\r\n" HOST "\r\n"));
	for (unsigned i = 0; i < 5; i++)
		helper_turn(world->loop);
	httpd_drain(world->server);
	helper_until(world->loop, is_drained, world);
	assert_in_range(clk_mono_ms() - begin_ms, 2500, 7000);
	helper_close(&idle);
	helper_close(&head);
	helper_close(&slow);
	close_world(world);
}

static void test_drain(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client idle, busy, head, stream;

	(void)state;
	helper_connect(&idle, world->loop, world->port);
	helper_write(&idle, SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&idle, "0 /a", 1);
	helper_connect(&busy, world->loop, world->port);
	helper_write(&busy, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_later, world);
	helper_connect(&head, world->loop, world->port);
	helper_write(&head, SV("GET /late HTTP/1.1\r\n"));
	open_stream(world, &stream);
	for (unsigned i = 0; i < 3; i++)
		helper_turn(world->loop);
	httpd_drain(world->server);
	httpd_drain(world->server);
	assert_false(httpd_is_drained(world->server));
	helper_read_end(&idle);
	helper_read_end(&stream);
	assert_int_equal(helper_count(&stream, "\r\n0\r\n\r\n"), 1);
	assert_int_equal(world->stream_closed, 1);
	httpd_later_reply(world->laters[0], 200, NULL, SV(""), SV(""));
	helper_read_end(&busy);
	assert_int_equal(helper_count(&busy, "Connection: close\r\n"), 1);
	helper_write(&head, SV(HOST "\r\n"));
	helper_read_end(&head);
	assert_int_equal(helper_count(&head, "Connection: close\r\n"), 1);
	helper_close(&idle);
	helper_close(&busy);
	helper_close(&head);
	helper_close(&stream);
	helper_until(world->loop, is_drained, world);
	close_world(world);
}

static void test_drain_by_a_request(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	helper_connect(&c, world->loop, world->port);
	helper_write(&c, SV("GET /drain HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_status(&c), 200);
	helper_close(&c);
	helper_until(world->loop, is_empty, world);
	close_world(world);
}

static void test_counters_add_up(void **state)
{
	struct httpd_counters sum = {.requests = 1};
	const struct httpd_counters more = {.requests = 2,
					    .closed_slow_write = 3};

	(void)state;
	httpd_counters_add(&sum, &more);
	assert_int_equal(sum.requests, 3);
	assert_int_equal(sum.closed_slow_write, 3);
	assert_int_equal(sum.bytes_in, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits_of_size),
		cmocka_unit_test(test_refusal_is_readable),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_pipeline_in_order),
		cmocka_unit_test(test_body_of_several_reads),
		cmocka_unit_test(test_nothing_behind_the_last),
		cmocka_unit_test(test_deferred_keeps_the_order),
		cmocka_unit_test(test_deferred_to_one_who_left),
		cmocka_unit_test(test_deferred_beyond_the_server),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_reader_leaves),
		cmocka_unit_test(test_stream_reader_is_too_slow),
		cmocka_unit_test(test_stream_ends_with_the_server),
		cmocka_unit_test(test_stream_for_head),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_silence_and_idleness),
		cmocka_unit_test(test_half_a_request),
		cmocka_unit_test(test_too_many_connections),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_read_with_accept),
		cmocka_unit_test(test_drain_rows),
		cmocka_unit_test(test_drain_takes_the_backlog),
		cmocka_unit_test(test_drain_ends_by_itself),
		cmocka_unit_test(test_drain_by_a_request),
		cmocka_unit_test(test_counters_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
