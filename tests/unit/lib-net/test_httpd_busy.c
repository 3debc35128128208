/*
 * test_httpd_busy.c - a server that many connect to: what says nothing is held
 * back for a while, and a drain loses nobody all the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/net/httpd.h"
#include "tests/unit/lib-net/net_helper.h"

#define REQUEST SV("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
#define CROWD	128 /* that connect between two turns of the loop */

struct busy {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	unsigned open; /* that httpd_open_conns() shall say at least */
};

static void handle(struct httpd_request *req, void *arg)
{
	(void)arg;
	httpd_reply(req, 200, "text/plain", sv_of("", 0), SV("answer"));
}

static void open_server(struct busy *b)
{
	const struct httpd_limits limits = httpd_default_limits();

	assert_int_equal(loop_new(&b->loop), 0);
	b->server = httpd_new(b->loop, &limits, handle, NULL);
	assert_int_equal(httpd_listen(b->server, &helper_local, 0, &b->port),
			 0);
}

static bool has_open(void *arg)
{
	const struct busy *b = arg;

	return httpd_open_conns(b->server) >= b->open;
}

static bool is_drained(void *arg)
{
	return httpd_is_drained(((struct busy *)arg)->server);
}

static void ask(struct helper_client *c)
{
	helper_write(c, REQUEST);
	helper_read_end(c);
	assert_int_equal(helper_count(c, "answer"), 1);
	helper_close(c);
}

static void crowd(struct busy *b)
{
	struct helper_client clients[CROWD];

	for (unsigned i = 0; i < CROWD; i++)
		helper_connect(&clients[i], b->loop, b->port);
	for (unsigned i = 0; i < CROWD; i++)
		ask(&clients[i]);
}

/* Crowds come until one that says nothing is no longer accepted at once;
 * *@silent_r is that one. */
static void make_busy(struct busy *b, struct helper_client *silent_r)
{
	int64_t until_ms = clk_mono_ms() + HELPER_DEADLINE_MS;

	for (;;) {
		crowd(b);
		helper_connect(silent_r, b->loop, b->port);
		for (unsigned i = 0; i < 3; i++)
			helper_turn(b->loop);
		if (httpd_open_conns(b->server) == 0)
			return;
		helper_close(silent_r);
		assert_true(clk_mono_ms() < until_ms);
	}
}

static void close_server(struct busy *b)
{
	httpd_free(&b->server);
	loop_free(&b->loop);
}

static void test_a_silent_one_comes_later(void **state)
{
	struct busy b = {.open = 1};
	struct helper_client silent;

	(void)state;
	open_server(&b);
	make_busy(&b, &silent);
	helper_until(b.loop, has_open, &b);
	ask(&silent);
	close_server(&b);
}

/* The end, not a reset, which would be an error. */
static void read_end(struct busy *b, struct helper_client *c)
{
	int64_t until_ms = clk_mono_ms() + HELPER_DEADLINE_MS;
	char byte;
	ssize_t got;

	while ((got = recv(c->fd, &byte, 1, 0)) < 0 && errno == EAGAIN) {
		helper_turn(b->loop);
		assert_true(clk_mono_ms() < until_ms);
	}
	assert_int_equal(got, 0);
}

static void test_a_drain_loses_nobody(void **state)
{
	struct busy b = {0};
	struct helper_client silent, late;

	(void)state;
	open_server(&b);
	make_busy(&b, &silent);
	helper_connect(&late, b.loop, b.port);
	httpd_drain(b.server);
	helper_turn(b.loop);
	ask(&late);
	read_end(&b, &silent);
	helper_close(&silent);
	helper_until(b.loop, is_drained, &b);
	close_server(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_silent_one_comes_later),
		cmocka_unit_test(test_a_drain_loses_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
