/*
 * test_httpd__order.c - several requests of one connection: answers come in
 * their order, also those that are deferred or that nobody reads yet.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/lib-net/httpd_world.h"

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
	ask(world, &c, buf_view(&b));
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
	ask(world, &c,
	    SV("GET /1 HTTP/1.1\r\n" HOST "\r\n"
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
	ask(world, &c,
	    SV("GET /1 HTTP/1.1\r\n" HOST "\r\n"
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
		ask(world, &c, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
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
	ask(world, &c, SV("GET /later HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_later, world);
	httpd_free(&world->server);
	httpd_later_reply(world->laters[0], 200, NULL, SV(""), SV("x"));
	helper_close(&c);
	close_world(world);
}

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

/* What is there with the connection needs no event of its own. */
static void test_read_with_accept(void **state)
{
	struct world *world = open_world(short_limits());
	struct helper_client c;
	char answer[1024];

	(void)state;
	ask(world, &c, SV("GET /a HTTP/1.1\r\n" HOST "\r\n"));
	helper_turn(world->loop);
	assert_true(recv(c.fd, answer, sizeof(answer), MSG_DONTWAIT) > 0);
	/* The next one has its event. */
	helper_write(&c, SV("GET /b HTTP/1.1\r\n" HOST "\r\n"));
	helper_read_text(&c, "0 /b", 1);
	helper_close(&c);
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipeline_in_order),
		cmocka_unit_test(test_body_of_several_reads),
		cmocka_unit_test(test_nothing_behind_the_last),
		cmocka_unit_test(test_deferred_keeps_the_order),
		cmocka_unit_test(test_deferred_to_one_who_left),
		cmocka_unit_test(test_deferred_beyond_the_server),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_read_with_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
