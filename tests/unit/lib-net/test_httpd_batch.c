/*
 * test_httpd_batch.c - requests that come at one time on several connections:
 * in which order they are looked ahead for and answered, and that whatever
 * comes beside a plain request disturbs nobody.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/net/httpd_ahead.h"
#include "tests/unit/lib-net/net_helper.h"

#define STEPS	2
#define CLIENTS 40
#define HOST	"Host: h\r\n\r\n"
#define GET(t)	"GET " t " HTTP/1.1\r\n" HOST
#define BIG	100000

struct world {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	struct httpd_later *later;
	struct httpd_stream *stream;
	struct buf trace; /* "<step><target's digit>", "!<digit>" handled */
	struct helper_client clients[CLIENTS];
	char big[BIG];
};

static void on_ahead(struct httpd_request *req, unsigned step, void *arg)
{
	struct world *world = arg;

	buf_u64(&world->trace, step);
	buf_sv(&world->trace, req->head->query);
	buf_char(&world->trace, ' ');
}

static void on_stream_closed(struct httpd_stream *stream, void *arg)
{
	struct world *world = arg;

	(void)stream;
	world->stream = NULL;
}

static void answer_stream(struct httpd_request *req, struct world *world)
{
	world->stream = httpd_stream(req, "text/plain", SV(""),
				     on_stream_closed, world);
	httpd_stream_send(world->stream, SV("first"));
}

static void on_request(struct httpd_request *req, void *arg)
{
	struct world *world = arg;
	struct sv path = req->head->path;

	buf_char(&world->trace, '!');
	buf_sv(&world->trace, req->head->query);
	buf_char(&world->trace, ' ');
	if (sv_eq(path, SV("/later")))
		world->later = httpd_defer(req);
	else if (sv_eq(path, SV("/stream")))
		answer_stream(req, world);
	else if (sv_eq(path, SV("/publish")) && world->stream)
		httpd_stream_send(world->stream, SV("second"));
	if (sv_eq(path, SV("/later")) || sv_eq(path, SV("/stream")))
		return;
	if (sv_eq(path, SV("/drain")))
		httpd_drain(world->server);
	if (sv_eq(path, SV("/none")))
		return;
	httpd_reply(req, 200, "text/plain", SV(""),
		    sv_eq(path, SV("/big")) ? sv_of(world->big, BIG)
		    : req->body.len > 0	    ? req->body
					    : req->head->query);
}

static struct world *open_world(unsigned clients)
{
	struct world *world = calloc(1, sizeof(*world));
	struct httpd_limits limits = httpd_default_limits();

	log_set_level(LOG_ERR);
	memset(world->big, 'b', sizeof(world->big));
	buf_init(&world->trace, 65536);
	assert_int_equal(loop_new(&world->loop), 0);
	world->server = httpd_new(world->loop, &limits, on_request, world);
	httpd_look_ahead(world->server, on_ahead, STEPS);
	assert_int_equal(
		httpd_listen(world->server, &helper_local, 0, &world->port), 0);
	for (unsigned i = 0; i < clients; i++)
		helper_connect(&world->clients[i], world->loop, world->port);
	while (httpd_open_conns(world->server) < clients)
		helper_turn(world->loop);
	return world;
}

static void close_world(struct world *world, unsigned clients)
{
	if (world->later)
		httpd_later_reply(world->later, 200, NULL, SV(""), SV(""));
	for (unsigned i = 0; i < clients; i++)
		helper_close(&world->clients[i]);
	httpd_free(&world->server);
	loop_free(&world->loop);
	buf_fini(&world->trace);
	free(world);
}

static void assert_trace(struct world *world, const char *want)
{
	assert_string_equal(buf_cstr(&world->trace), want);
}

/* Four requests that come at one time: every step for all of them before the
 * next step, and all of them answered. */
static void test_steps_go_together(void **state)
{
	struct world *world = open_world(4);

	(void)state;
	helper_write(&world->clients[0], SV(GET("/?a")));
	helper_write(&world->clients[1], SV(GET("/?b")));
	helper_write(&world->clients[2], SV(GET("/?c")));
	helper_write(&world->clients[3], SV(GET("/?d")));
	for (unsigned i = 0; i < 4; i++)
		helper_read_text(&world->clients[i], "\r\n\r\n", 1);
	/* In whichever order the kernel tells of them. */
	assert_int_equal(world->trace.len, 4 * 3 * 3);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(world->trace.data[3 * i], '0');
		assert_int_equal(world->trace.data[12 + 3 * i], '1');
		assert_int_equal(world->trace.data[24 + 3 * i], '!');
	}
	close_world(world, 4);
}

/* More than fit: each has its own answer. */
static void test_more_than_a_batch(void **state)
{
	struct world *world = open_world(CLIENTS);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < CLIENTS; i++) {
			char text[64];
			struct buf b;

			buf_init_fixed(&b, text, sizeof(text));
			buf_printf(&b, "GET /?<%u-%u> HTTP/1.1\r\n" HOST, round,
				   i);
			helper_write(&world->clients[i], buf_view(&b));
		}
		for (unsigned i = 0; i < CLIENTS; i++) {
			char text[32];
			struct buf b;

			buf_init_fixed(&b, text, sizeof(text));
			buf_printf(&b, "<%u-%u>", round, i);
			helper_read_text(&world->clients[i], buf_cstr(&b), 1);
			assert_int_equal(
				helper_count(&world->clients[i], "HTTP/1.1 "),
				round + 1);
		}
	}
	close_world(world, CLIENTS);
}

/* What one connection sends while others send a plain request. */
static const struct row {
	const char *rule;
	const char *sent;
	const char *wanted; /* in what it gets; NULL: it has closed */
	unsigned times;
	bool ends; /* its connection does */
} rows[] = {
	{"a plain request", GET("/?x"), "\r\n\r\nx", 1, false},
	{"a body that came whole",
	 "POST / HTTP/1.1\r\nContent-Length: 4\r\n" HOST "body", "\r\n\r\nbody",
	 1, false},
	{"a body that is longer than what came",
	 "POST / HTTP/1.1\r\nContent-Length: 4\r\n" HOST "bo", "HTTP/1.1 ", 0,
	 false},
	{"chunks",
	 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST
	 "4\r\nbody\r\n0\r\n\r\n",
	 "\r\n\r\nbody", 1, false},
	{"a body that is too large",
	 "POST / HTTP/1.1\r\nContent-Length: 65537\r\n" HOST, "HTTP/1.1 413", 1,
	 true},
	{"two requests with bodies in one go",
	 "POST / HTTP/1.1\r\nContent-Length: 1\r\n" HOST "x"
	 "POST / HTTP/1.1\r\nContent-Length: 1\r\n" HOST "x",
	 "\r\n\r\nx", 2, false},
	{"pipelined", GET("/?x") GET("/?x") GET("/?x"), "\r\n\r\nx", 3, false},
	{"pipelined behind a close",
	 "GET /?x HTTP/1.1\r\nConnection: close\r\n" HOST GET("/?x"),
	 "\r\n\r\nx", 1, true},
	{"pipelined, the last one not whole",
	 GET("/?x") GET("/?x") "GET /?x HTTP/1.1\r\nHo", "\r\n\r\nx", 2, false},
	{"pipelined, with bodies, of many methods",
	 "POST / HTTP/1.1\r\ncOnTeNt-LeNgTh: 1\r\n" HOST "x"
	 "HEAD /?x HTTP/1.1\r\n" HOST "OPTIONS /?x HTTP/1.1\r\n" HOST
	 "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST
	 "1\r\nx\r\n0\r\n\r\nGET http://h/?x HTTP/1.1\r\n" HOST,
	 "Content-Length: 1\r\n\r\n", 5, false},
	{"pipelined, an answer comes later: the others wait for it",
	 GET("/?x") GET("/later?x") GET("/?x"), "\r\n\r\nx", 1, false},
	{"pipelined, a refusal in it is the last answer",
	 GET("/?x") "BREW / HTTP/1.1\r\n" HOST GET("/?x"), "HTTP/1.1 ", 2,
	 true},
	{"pipelined behind a stream", GET("/?x") GET("/stream") GET("/?x"),
	 "HTTP/1.1 200", 2, false},
	{"pipelined behind HTTP/1.0",
	 "GET /?x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET(
		 "/?x") "GET /?x HTTP/1.0\r\n\r\n" GET("/?x"),
	 "\r\n\r\nx", 3, true},
	{"pipelined, no answer from one", GET("/?x") GET("/none") GET("/?x"),
	 "HTTP/1.1 ", 3, false},
	{"half a head", "GET /?x HTTP/1.1\r\nHo", "HTTP/1.1 ", 0, false},
	{"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400", 1, true},
	{"a method that nobody knows", "BREW / HTTP/1.1\r\n" HOST,
	 "HTTP/1.1 501", 1, true},
	{"Connection: close", "GET /?x HTTP/1.1\r\nConnection: close\r\n" HOST,
	 "Connection: close\r\n", 1, true},
	{"HTTP/1.0", "GET /?x HTTP/1.0\r\n\r\n", "Connection: close\r\n", 1,
	 true},
	{"HTTP/1.0 that stays",
	 "GET /?x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	 "Connection: keep-alive\r\n", 1, false},
	{"HEAD", "HEAD /?x HTTP/1.1\r\n" HOST, "Content-Length: 1\r\n\r\n", 1,
	 false},
	{"absolute-form", "GET http://h/?x HTTP/1.1\r\n" HOST, "\r\n\r\nx", 1,
	 false},
	{"Expect with its body",
	 "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
	 "Expect: 100-continue\r\n" HOST "x",
	 "\r\n\r\nx", 1, false},
	{"Expect without its body",
	 "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
	 "Expect: 100-continue\r\n" HOST,
	 "HTTP/1.1 100 Continue\r\n\r\n", 1, false},
	{"an answer that comes later", GET("/later?x"), "HTTP/1.1 ", 0, false},
	{"a stream", GET("/stream"), "first", 1, false},
	{"an answer larger than a batch's", GET("/big"),
	 "Content-Length: 100000\r\n", 1, false},
	{"no answer", GET("/none"), "HTTP/1.1 500", 1, false},
	{"nothing, it closes", "", NULL, 0, true},
};

/* @at sends the row's bytes, everybody else a plain request. */
static void run_row(const struct row *row, unsigned clients, unsigned at)
{
	struct world *world = open_world(clients);
	struct helper_client *odd = &world->clients[at];

	for (unsigned i = 0; i < clients; i++)
		if (i != at)
			helper_write(&world->clients[i], SV(GET("/?plain")));
		else if (row->wanted)
			helper_write(odd, sv_str(row->sent));
		else
			shutdown(odd->fd, SHUT_WR);
	for (unsigned i = 0; i < clients; i++)
		if (i != at)
			helper_read_text(&world->clients[i], "\r\n\r\nplain",
					 1);
	if (row->wanted && row->times > 0)
		helper_read_text(odd, row->wanted, row->times);
	if (row->ends)
		helper_read_end(odd);
	if (row->wanted)
		assert_int_equal(helper_count(odd, row->wanted), row->times);
	assert_int_equal(helper_has_ended(odd), row->ends);
	close_world(world, clients);
}

static void test_odd_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].rule);
		run_row(&rows[i], 3, 0);
		run_row(&rows[i], 3, 1);
		run_row(&rows[i], 3, 2);
		run_row(&rows[i], HTTPD_BATCH + 2, HTTPD_BATCH - 1);
		run_row(&rows[i], HTTPD_BATCH + 2, HTTPD_BATCH);
	}
}

/* Every row again, cut in two at every byte. */
static void test_odd_ones_in_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct world *world;

		if (!row->wanted || row->times == 0)
			continue;
		for (size_t cut = 1; cut < strlen(row->sent); cut++) {
			struct helper_client *odd;

			world = open_world(2);
			odd = &world->clients[0];
			helper_write(odd, sv_of(row->sent, cut));
			helper_write(&world->clients[1], SV(GET("/?plain")));
			helper_read_text(&world->clients[1], "plain", 1);
			helper_write(odd, sv_str(row->sent + cut));
			helper_write(&world->clients[1], SV(GET("/?plain")));
			helper_read_text(&world->clients[1], "plain", 2);
			helper_read_text(odd, row->wanted, row->times);
			if (row->ends)
				helper_read_end(odd);
			close_world(world, 2);
		}
	}
}

/* The stream's head goes out before what another request makes it send. */
static void test_stream_beside_its_publisher(void **state)
{
	struct world *world = open_world(2);

	(void)state;
	helper_write(&world->clients[0], SV(GET("/stream")));
	helper_write(&world->clients[1], SV(GET("/publish?p")));
	helper_read_text(&world->clients[1], "\r\n\r\np", 1);
	helper_read_text(&world->clients[0], "first", 1);
	assert_int_equal(helper_status(&world->clients[0]), 200);
	if (helper_count(&world->clients[0], "second") == 0) {
		/* The kernel told of the publisher first: once more. */
		helper_write(&world->clients[1], SV(GET("/publish?q")));
		helper_read_text(&world->clients[0], "second", 1);
	}
	close_world(world, 2);
}

/* From then on every answer says close, also of those in the batch. */
static void test_drain_in_a_batch(void **state)
{
	struct world *world = open_world(3);

	(void)state;
	helper_write(&world->clients[0], SV(GET("/drain?x")));
	helper_write(&world->clients[1], SV(GET("/?x")));
	helper_write(&world->clients[2], SV(GET("/?x")));
	for (unsigned i = 0; i < 3; i++)
		helper_read_text(&world->clients[i], "\r\n\r\nx", 1);
	helper_read_end(&world->clients[0]);
	close_world(world, 3);
}

/* The server goes while requests wait for the end of the turn. */
static void free_server(void *arg)
{
	struct world *world = arg;

	httpd_free(&world->server);
	loop_stop(world->loop);
}

static void test_server_ends_before_the_batch(void **state)
{
	struct world *world = open_world(2);
	struct loop_timer *timer = NULL;

	(void)state;
	timer = loop_timer_new(world->loop, free_server, world);
	loop_timer_once(timer, 0);
	helper_write(&world->clients[0], SV(GET("/?x")));
	helper_write(&world->clients[1], SV(GET("/?x")));
	assert_int_equal(loop_run(world->loop), 0);
	assert_null(world->server);
	loop_timer_free(&timer);
	helper_read_end(&world->clients[0]);
	close_world(world, 2);
}

/* A request alone takes the same steps; those of a pipeline take them side by
 * side, and are answered in order. */
static void test_alone(void **state)
{
	struct world *world = open_world(1);

	(void)state;
	helper_write(&world->clients[0], SV(GET("/?a")));
	helper_read_text(&world->clients[0], "\r\n\r\na", 1);
	assert_trace(world, "0a 1a !a ");
	helper_write(&world->clients[0], SV(GET("/?b") GET("/?c")));
	helper_read_text(&world->clients[0], "\r\n\r\nc", 1);
	assert_trace(world, "0a 1a !a 0b 0c 1b 1c !b !c ");
	close_world(world, 1);
}

/* What is behind a request that closes is not looked at. */
static void test_pipeline_behind_a_close(void **state)
{
	struct world *world = open_world(1);

	(void)state;
	helper_write(
		&world->clients[0],
		SV(GET("/?a") "GET /?b HTTP/1.1\r\nConnection: close\r\n" HOST
			   GET("/?c")));
	helper_read_end(&world->clients[0]);
	assert_trace(world, "0a 0b 1a 1b !a !b ");
	close_world(world, 1);
}

/* Pipelines on several connections at a time, longer than a batch: none is
 * mixed up with another, whatever is in them. */
static void test_long_pipelines(void **state)
{
	enum { PIPELINES = 3, DEPTH = 2 * HTTPD_BATCH + 5 };
	struct world *world = open_world(PIPELINES + 1);

	(void)state;
	for (unsigned i = 0; i < PIPELINES; i++) {
		char text[8192];
		struct buf b;

		buf_init_fixed(&b, text, sizeof(text));
		for (unsigned k = 0; k < DEPTH; k++)
			if (k % 3 == i)
				buf_printf(&b,
					   "POST / HTTP/1.1\r\n"
					   "Content-Length: 7\r\n" HOST
					   "<%u-%03u>",
					   i, k);
			else
				buf_printf(&b,
					   "GET /?<%u-%03u> HTTP/1.1\r\n" HOST,
					   i, k);
		helper_write(&world->clients[i], buf_view(&b));
	}
	helper_write(&world->clients[PIPELINES], SV(GET("/?plain")));
	helper_read_text(&world->clients[PIPELINES], "plain", 1);
	for (unsigned i = 0; i < PIPELINES; i++) {
		const char *at;

		helper_read_text(&world->clients[i], "HTTP/1.1 200", DEPTH);
		at = buf_cstr(&world->clients[i].in);
		for (unsigned k = 0; k < DEPTH; k++) {
			char want[32];

			snprintf(want, sizeof(want), "\r\n\r\n<%u-%03u>", i, k);
			at = strstr(at, want);
			assert_non_null(at);
		}
	}
	close_world(world, PIPELINES + 1);
}

/* A request of exactly the slot's size, one byte less, one more. */
static void test_edges_of_the_slot(void **state)
{
	struct world *world = open_world(1);

	(void)state;
	for (size_t size = 4095; size <= 4097; size++) {
		char text[5000];
		struct buf b;

		buf_init_fixed(&b, text, sizeof(text));
		buf_str(&b, "POST / HTTP/1.1\r\nContent-Length: ");
		buf_u64(&b, size - 50);
		buf_str(&b, "\r\nHost: h\r\n\r\n");
		while (b.len < size)
			buf_char(&b, 'x');
		assert_int_equal(b.len, size);
		helper_write(&world->clients[0], buf_view(&b));
		helper_read_text(&world->clients[0], "HTTP/1.1 200",
				 (unsigned)(size - 4094));
	}
	close_world(world, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_go_together),
		cmocka_unit_test(test_more_than_a_batch),
		cmocka_unit_test(test_odd_ones),
		cmocka_unit_test(test_odd_ones_in_two),
		cmocka_unit_test(test_stream_beside_its_publisher),
		cmocka_unit_test(test_drain_in_a_batch),
		cmocka_unit_test(test_server_ends_before_the_batch),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_pipeline_behind_a_close),
		cmocka_unit_test(test_long_pipelines),
		cmocka_unit_test(test_edges_of_the_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
