/*
 * test_httpd__limits.c - sizes, times and connections: who goes beyond is told,
 * closed and counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "lib/net/httpd_conn.h"
#include "tests/unit/lib-net/httpd_world.h"

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
		ask(world, &c, sv_str(cases[i].start));
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
	ask(world, &c,
	    SV("PUT / HTTP/1.1\r\n" HOST "Content-Length: 300000\r\n\r\n"));
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

#define STEP_MS 20

static int real_clock(void **state)
{
	(void)state;
	clk_fake(-1);
	return 0;
}

static struct httpd_conn *only_conn(const struct world *world)
{
	return TAILQ_FIRST(&world->server->conns);
}

/* A client that has far more to read than all buffers hold; ours has
 * @buffer_bytes as has its own, 0 = as the kernel likes. */
static void ask_for_much(struct world *world, struct helper_client *c,
			 int buffer_bytes)
{
	helper_connect_small(c, world->loop, world->port, buffer_bytes);
	while (!only_conn(world))
		helper_turn(world->loop);
	if (buffer_bytes > 0)
		(void)setsockopt(only_conn(world)->fd, SOL_SOCKET, SO_SNDBUF,
				 &buffer_bytes, sizeof(buffer_bytes));
	for (unsigned n = 0; n < 40; n++)
		helper_write(c, SV("GET /big HTTP/1.1\r\n" HOST "\r\n"));
	while (!only_conn(world)->blocked)
		helper_turn(world->loop);
}

/* Reading slowly is not the same as not reading: what counts is what has
 * arrived, not what our end of the connection has room for. */
static void test_slow_readers(void **state)
{
	static const struct {
		const char *rule;
		int buffer_bytes;
		size_t bytes_a_step;
		uint64_t closed;
	} rows[] = {
		{"16 KiB in the time are asked for, and not half of that", 4096,
		 8192 / (500 / STEP_MS), 1},
		{"a little more than that is enough", 4096,
		 24000 / (500 / STEP_MS), 0},
		{"slow, and yet it gets on", 0, 16384, 0},
	};
	struct httpd_limits limits = short_limits();

	(void)state;
	limits.write_timeout_ms = 500;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t now_ms = 1000000, until_ms = now_ms + 4000;
		struct helper_client c;
		struct world *world;
		char bytes[16384];

		print_message("%s\n", rows[i].rule);
		clk_fake(now_ms);
		world = open_world(limits);
		ask_for_much(world, &c, rows[i].buffer_bytes);
		for (; only_conn(world) && now_ms < until_ms;
		     now_ms += STEP_MS) {
			clk_fake(now_ms);
			(void)!recv(c.fd, bytes, rows[i].bytes_a_step, 0);
			for (unsigned n = 0; n < 3; n++)
				helper_turn(world->loop);
			if (only_conn(world))
				httpd_sweep(only_conn(world), now_ms);
			helper_turn(world->loop);
		}
		assert_int_equal(counters(world)->closed_slow_write,
				 rows[i].closed);
		helper_close(&c);
		close_world(world);
	}
}

/* Each read ends in the middle of a request: the time for a head begins with
 * each head, not with the first that came in parts. */
static void test_a_pipeline_in_odd_parts(void **state)
{
	static const char request[] = "GET /a HTTP/1.1\r\n" HOST "\r\n";
	enum { HALF = 10, REQUESTS = 12, GAP_MS = 30 };
	struct httpd_limits limits = short_limits();
	struct helper_client c;
	struct world *world;
	char text[256];

	(void)state;
	limits.head_timeout_ms = 5 * GAP_MS;
	world = open_world(limits);
	(void)snprintf(text, sizeof(text), "%s%.*s", request + HALF, HALF,
		       request);
	ask(world, &c, sv_of(request, HALF));
	for (unsigned i = 1; i <= REQUESTS; i++) {
		int64_t until_ms = clk_mono_ms() + GAP_MS;

		while (clk_mono_ms() < until_ms)
			helper_turn(world->loop);
		helper_write(&c, sv_str(text));
		helper_read_text(&c, "0 /a", i);
	}
	assert_int_equal(counters(world)->refused_408, 0);
	helper_close(&c);
	close_world(world);
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
		ask(world, &c, sv_str(cases[i].bytes));
		helper_read_end(&c);
		assert_int_equal(counters(world)->closed_silent,
				 cases[i].silent);
		assert_int_equal(counters(world)->closed_idle, cases[i].idle);
		helper_close(&c);
		close_world(world);
	}
}

static void test_too_many_connections(void **state)
{
	struct httpd_limits limits = short_limits();
	struct helper_client c[3];
	struct world *world;

	(void)state;
	limits.conns_max = 2;
	world = open_world(limits);
	for (unsigned i = 0; i < 2; i++) {
		ask(world, &c[i], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
		helper_read_text(&c[i], "0 /a", 1);
	}
	ask(world, &c[2], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
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
	ask(world, &c[0], SV("GET /b HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c[0], "0 /b", 1);
	helper_close(&c[0]);
	helper_close(&c[1]);
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_of_size),
		cmocka_unit_test(test_refusal_is_readable),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test_teardown(test_slow_readers, real_clock),
		cmocka_unit_test(test_a_pipeline_in_odd_parts),
		cmocka_unit_test(test_silence_and_idleness),
		cmocka_unit_test(test_too_many_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
