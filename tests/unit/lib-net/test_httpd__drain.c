/*
 * test_httpd__drain.c - a server that goes: what is under way is answered, and
 * nothing is reset.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/lib-net/httpd_world.h"

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
		ask(world, &c[i], SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
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
	ask(world, &head, SV("GET /a"));
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
	ask(world, &idle, SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&idle, "0 /a", 1);
	ask(world, &busy, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_later, world);
	ask(world, &head, SV("GET /late HTTP/1.1\r\n"));
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
	ask(world, &c, SV("GET /drain HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_status(&c), 200);
	helper_close(&c);
	helper_until(world->loop, is_empty, world);
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_rows),
		cmocka_unit_test(test_drain_takes_the_backlog),
		cmocka_unit_test(test_drain_ends_by_itself),
		cmocka_unit_test(test_drain_by_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
