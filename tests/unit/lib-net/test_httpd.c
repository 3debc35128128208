/*
 * test_httpd.c - raw bytes in, answers and counters out, over real sockets on
 * one loop. Every request is sent whole and byte by byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/lib-net/httpd_world.h"

#define ANY SIZE_MAX /* no counter */

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

static void test_expect_continue(void **state)
{
	static const char head[] =
		"PUT /b HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 5\r\n\r\n";
	struct world *world = open_world(short_limits());
	struct helper_client c;

	(void)state;
	ask(world, &c, sv_str(head));
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

		ask(world, &c, sv_str(parts[i]));
		shutdown(c.fd, SHUT_WR);
		helper_read_end(&c);
		assert_int_equal(helper_status(&c), 400);
		assert_int_equal(counters(world)->refused_400, 1);
		helper_close(&c);
		helper_until(world->loop, is_empty, world);
		close_world(world);
	}
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
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_half_a_request),
		cmocka_unit_test(test_counters_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
