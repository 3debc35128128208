/*
 * test_httpd__stream.c - answers without a known end: sent, closed by either
 * side, too slow.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/lib-net/httpd_world.h"

static bool is_stream_closed(void *arg)
{
	return ((struct world *)arg)->stream_closed == 1;
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
	ask(world, &c, SV("HEAD /stream HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_end(&c);
	assert_int_equal(helper_count(&c, "first"), 0);
	assert_int_equal(world->stream_closed, 1);
	helper_close(&c);
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_reader_leaves),
		cmocka_unit_test(test_stream_reader_is_too_slow),
		cmocka_unit_test(test_stream_ends_with_the_server),
		cmocka_unit_test(test_stream_for_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
