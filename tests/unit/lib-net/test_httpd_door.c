/*
 * test_httpd_door.c - who comes in: the PROXY protocol and limits per address,
 * over real sockets on one loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/log.h"
#include "lib/net/httpd.h"
#include "tests/unit/lib-net/net_helper.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define BAD "GET /bad HTTP/1.1\r\nHost: a\r\n\r\n"

struct world {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	enum httpd_admission local, source; /* what 127.0.0.1, others are */
};

/* The peer's address and port, for all to see. */
static void on_request(struct httpd_request *req, void *arg)
{
	char text[100], room[ADDR_TEXT_MAX];
	struct buf b;

	(void)arg;
	buf_init_fixed(&b, text, sizeof(text));
	buf_printf(&b, "<%s %u>", addr_text(&req->peer, room), req->peer_port);
	httpd_reply(req, sv_eq(req->head->path, SV("/bad")) ? 404 : 200,
		    "text/plain", SV(""), buf_view(&b));
}

static enum httpd_admission on_admit(const struct addr *peer, void *arg)
{
	const struct world *world = arg;

	return addr_eq(peer, &helper_local) ? world->local : world->source;
}

static void open_world(struct world *world, const struct httpd_limits *limits)
{
	assert_int_equal(loop_new(&world->loop), 0);
	world->server = httpd_new(world->loop, limits, on_request, world);
	httpd_set_admission(world->server, on_admit);
	assert_int_equal(
		httpd_listen(world->server, &helper_local, 0, &world->port), 0);
}

static void close_world(struct world *world)
{
	httpd_free(&world->server);
	loop_free(&world->loop);
}

static bool is_empty(void *arg)
{
	return httpd_open_conns(((struct world *)arg)->server) == 0;
}

/* ---- the PROXY protocol ---- */

#define BYTES(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
#define LINE  "PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n"
#define V2    "\r\n\r\n\0\r\nQUIT\n"
#define BLOCK "\xc0\0\2\7\xc6\x33\x64\1\x9c\x40\0\x50"

static const struct row {
	const char *rule;
	enum httpd_admission local;
	struct sv sent;
	unsigned status;  /* of the first answer */
	const char *text; /* in the answers */
	unsigned answers;
	unsigned errors; /* counted when it comes whole */
} rows[] = {
	{"version 1 says who asks", HTTPD_PROXY_HEADER, BYTES(LINE GET), 200,
	 "<192.0.2.7 40000>", 1, 0},
	{"also of the second request", HTTPD_PROXY_HEADER, BYTES(LINE GET GET),
	 200, "<192.0.2.7 40000>", 2, 0},
	{"version 2 too", HTTPD_PROXY_HEADER,
	 BYTES(V2 "\x21\x11\0\x0c" BLOCK GET), 200, "<192.0.2.7 40000>", 1, 0},
	{"LOCAL is the proxy itself", HTTPD_PROXY_HEADER,
	 BYTES(V2 "\x20\x00\0\0" GET), 200, "<127.0.0.1 ", 1, 0},
	{"UNKNOWN is the proxy itself", HTTPD_PROXY_HEADER,
	 BYTES("PROXY UNKNOWN\r\n" GET), 200, "<127.0.0.1 ", 1, 0},
	{"a proxy that does not say is refused", HTTPD_PROXY_HEADER, BYTES(GET),
	 400, "urn:perihelion:bad-request", 1, 1},
	{"a header that is wrong", HTTPD_PROXY_HEADER,
	 BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n" GET), 400,
	 "urn:perihelion:bad-request", 1, 1},
	{"a second header", HTTPD_PROXY_HEADER, BYTES(LINE LINE GET), 400,
	 "urn:perihelion:bad-request", 1, 1},
	{"AF_UNIX", HTTPD_PROXY_HEADER, BYTES(V2 "\x21\x31\0\1x" GET), 400,
	 "urn:perihelion:bad-request", 1, 1},
	{"a stranger's header, version 1", HTTPD_CLIENT, BYTES(LINE GET), 400,
	 "urn:perihelion:bad-request", 1, 1},
	{"a stranger's header, version 2", HTTPD_CLIENT,
	 BYTES(V2 "\x21\x11\0\x0c" BLOCK GET), 400,
	 "urn:perihelion:bad-request", 1, 1},
	{"one whose X-Forwarded-For is believed is no such proxy", HTTPD_PROXY,
	 BYTES(LINE GET), 400, "urn:perihelion:bad-request", 1, 1},
};

/* @step bytes in each write. */
static void run_row(const struct row *row, size_t step)
{
	struct httpd_limits limits = httpd_default_limits();
	struct world world = {.local = row->local};
	struct helper_client c;

	open_world(&world, &limits);
	helper_connect(&c, world.loop, world.port);
	for (size_t at = 0; at < row->sent.len; at += step) {
		size_t left = row->sent.len - at;

		helper_write(&c, sv_of(row->sent.ptr + at,
				       left < step ? left : step));
		helper_turn(world.loop);
	}
	helper_read_text(&c, row->text, row->answers);
	assert_int_equal(helper_status(&c), row->status);
	assert_int_equal(helper_count(&c, "HTTP/1.1 "), row->answers);
	/* The server may refuse before it can know what it was to be. */
	if (row->local == HTTPD_PROXY_HEADER || step >= row->sent.len)
		assert_int_equal(
			httpd_counters(world.server)->refused_proxy_header,
			row->errors);
	helper_close(&c);
	helper_until(world.loop, is_empty, &world);
	close_world(&world);
}

static void test_proxy_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		run_row(&rows[i], 1);
		run_row(&rows[i], 7);
		run_row(&rows[i], SIZE_MAX / 2);
	}
}

/* The client behind the proxy is as silent as one in front. */
static void test_silence_behind_the_header(void **state)
{
	struct httpd_limits limits = httpd_default_limits();
	struct world world = {.local = HTTPD_PROXY_HEADER};
	struct helper_client c;

	(void)state;
	limits.head_timeout_ms = 20;
	open_world(&world, &limits);
	helper_connect(&c, world.loop, world.port);
	helper_write(&c, SV(LINE));
	helper_read_end(&c);
	assert_int_equal(httpd_counters(world.server)->closed_silent, 1);
	helper_close(&c);
	helper_connect(&c, world.loop, world.port);
	helper_write(&c, SV("PROXY TCP4 192.0."));
	helper_read_end(&c);
	assert_int_equal(helper_status(&c), 408);
	helper_close(&c);
	close_world(&world);
}

/* ---- limits of an address ---- */

static struct httpd_limits strict(void)
{
	struct httpd_limits limits = httpd_default_limits();

	limits.per_peer = (struct peer_limits){
		.conns_max = 2, .bad_per_s = 1, .bad_burst = 3};
	return limits;
}

/* A connection that has been answered; @first is sent before the request. */
static void visit(struct world *world, struct helper_client *c,
		  const char *first)
{
	helper_connect(c, world->loop, world->port);
	helper_write(c, sv_str(first));
	helper_write(c, SV(GET));
	helper_read_text(c, "HTTP/1.1 200", 1);
}

static void test_connections_of_an_address(void **state)
{
	static const struct {
		const char *rule;
		enum httpd_admission local, source;
		const char *first;
		bool refused;
	} cases[] = {
		{"two of a client", HTTPD_CLIENT, HTTPD_CLIENT, "", true},
		{"any number of a proxy", HTTPD_PROXY, HTTPD_CLIENT, "", false},
		{"two of a client behind a proxy", HTTPD_PROXY_HEADER,
		 HTTPD_CLIENT, LINE, true},
		{"any number of a proxy behind a proxy", HTTPD_PROXY_HEADER,
		 HTTPD_PROXY, LINE, false},
		{"any number of a proxy for itself", HTTPD_PROXY_HEADER,
		 HTTPD_CLIENT, "PROXY UNKNOWN\r\n", false},
	};
	struct httpd_limits limits = strict();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world world = {.local = cases[i].local,
				      .source = cases[i].source};
		struct helper_client c[3];

		print_message("%s\n", cases[i].rule);
		open_world(&world, &limits);
		visit(&world, &c[0], cases[i].first);
		visit(&world, &c[1], cases[i].first);
		if (cases[i].refused) {
			helper_connect(&c[2], world.loop, world.port);
			helper_write(&c[2], sv_str(cases[i].first));
			helper_read_end(&c[2]);
			assert_int_equal(c[2].in.len, 0);
			helper_close(&c[2]);
			helper_close(&c[0]);
			for (unsigned n = 0; n < 4; n++)
				helper_turn(world.loop);
			visit(&world, &c[0], cases[i].first);
		} else {
			visit(&world, &c[2], cases[i].first);
			helper_close(&c[2]);
		}
		assert_int_equal(httpd_counters(world.server)->reset_many,
				 cases[i].refused);
		helper_close(&c[0]);
		helper_close(&c[1]);
		helper_until(world.loop, is_empty, &world);
		close_world(&world);
	}
}

static void test_bad_requests(void **state)
{
	struct httpd_limits limits = strict();
	struct world world = {.local = HTTPD_CLIENT};
	struct helper_client good, bad, more;

	(void)state;
	open_world(&world, &limits);
	visit(&world, &good, "");
	helper_connect(&bad, world.loop, world.port);
	helper_write(&bad, SV(BAD GET BAD));
	helper_read_text(&bad, "HTTP/1.1 ", 3);
	assert_int_equal(helper_count(&bad, "Connection: close"), 0);
	/* The third is the last, and nothing behind it is answered. */
	helper_write(&bad, SV(BAD GET));
	helper_read_end(&bad);
	assert_true(helper_count(&bad, "HTTP/1.1 200") == 1);
	assert_int_equal(httpd_counters(world.server)->closed_bad, 1);
	helper_connect(&more, world.loop, world.port);
	helper_read_end(&more);
	assert_int_equal(more.in.len, 0);
	assert_int_equal(httpd_counters(world.server)->reset_barred, 1);
	/* Another one of the same address has done nothing: it stays. */
	helper_write(&good, SV(GET));
	helper_read_text(&good, "HTTP/1.1 200", 2);
	helper_close(&good);
	helper_close(&bad);
	helper_close(&more);
	helper_until(world.loop, is_empty, &world);
	close_world(&world);
}

/* What the server refuses by itself counts too; and no courtesy is left: the
 * connection is not kept to read on. */
static void test_malformed_requests(void **state)
{
	struct httpd_limits limits = strict();
	struct world world = {.local = HTTPD_CLIENT};
	struct helper_client c;

	(void)state;
	open_world(&world, &limits);
	for (unsigned n = 0; n < 3; n++) {
		helper_connect(&c, world.loop, world.port);
		helper_write(&c, SV("GET /\r\n\r\n"));
		helper_read_end(&c);
		if (n < 2)
			helper_close(&c);
	}
	assert_int_equal(httpd_counters(world.server)->refused_400, 3);
	assert_int_equal(httpd_counters(world.server)->closed_bad, 1);
	helper_until(world.loop, is_empty, &world);
	helper_close(&c);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy_header),
		cmocka_unit_test(test_silence_behind_the_header),
		cmocka_unit_test(test_connections_of_an_address),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_malformed_requests),
	};

	log_set_level(LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
