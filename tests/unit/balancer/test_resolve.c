/*
 * test_resolve.c - what a request has for an answer does not depend on the
 * others that are looked ahead for together with it.
 */
#include "balancer/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/balancer/resolve_world.h"

#define OUT_BYTES  (1U << 20)
#define TURNS_MAX  100
#define CONNS_MAX  40
#define PEER	   "10.0.0.1" /* is believed */
#define TO(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LIST	   "/resolve?host=im.example.com"

/* Each of them has one answer, whatever happens. */
static const struct row {
	const char *rule, *request, *answer;
} rows[] = {
	{"a device", TO(LIST "&device=a&ip=198.51.100.1"), "HTTP/1.1 200"},
	{"another service", TO("/resolve?device=a&n=16&host=down.example.com"),
	 "HTTP/1.1 200"},
	{"a parameter that is unknown", TO("/resolve?nn=1&device=a"),
	 "HTTP/1.1 400"},
	{"a device elsewhere", TO(LIST "&device=b&ip=203.0.113.8&n=16"),
	 "HTTP/1.1 200"},
	{"a family", TO(LIST "&device=c&family=6&ip=2001:db8::1"),
	 "HTTP/1.1 200"},
	{"nobody's service", TO("/resolve?host=nobody&device=a"),
	 "HTTP/1.1 404"},
	{"health", TO("/healthz"), "HTTP/1.1 200"},
	{"a head",
	 "HEAD " LIST "&device=a HTTP/1.1\r\nHost: h\r\n"
	 "X-Forwarded-For: 198.51.100.9\r\n\r\n",
	 "HTTP/1.1 200"},
	{"a forwarded address that is none",
	 "GET " LIST "&device=a HTTP/1.1\r\nHost: h\r\n"
	 "X-Forwarded-For: x\r\n\r\n",
	 "HTTP/1.1 400"},
	{"a list that the device has",
	 "GET " LIST "&device=a HTTP/1.1\r\nHost: h\r\n"
	 "If-None-Match: *\r\n\r\n",
	 "HTTP/1.1 304"},
	{"a question of a browser",
	 "OPTIONS " LIST " HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204"},
	{"a path that is none", TO("/nowhere?device=a"), "HTTP/1.1 404"},
	{"a body",
	 "GET " LIST "&device=d HTTP/1.1\r\nHost: h\r\n"
	 "Content-Length: 3\r\n\r\nabc",
	 "HTTP/1.1 200"},
};

static struct resolve_world world;

static int set_up(void **state)
{
	(void)state;
	resolve_world_init(&world);
	resolve_world_begin(&world, WORLD_PROXIES, resolve_handle);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	resolve_world_end(&world);
	resolve_world_fini(&world);
	return 0;
}

static void say(int fd, struct sv text)
{
	assert_int_equal(send(fd, text.ptr, text.len, 0), text.len);
}

/* What comes until @want_bytes are there; 0: in a turn. */
static struct buf hear(int fd, size_t want_bytes)
{
	struct buf out;

	buf_init(&out, OUT_BYTES);
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		resolve_world_turn(&world);
		resolve_world_take(fd, &out);
		if (out.len >= want_bytes)
			break;
	}
	return out;
}

/* The answer to a row whose request comes alone. */
static struct buf answer_alone(const struct row *row)
{
	int fd = resolve_world_connect(&world, PEER, 0);
	struct buf out;

	say(fd, sv_str(row->request));
	out = hear(fd, 0);
	if (!sv_starts(buf_view(&out), sv_str(row->answer)))
		fail_msg("%s: %s", row->rule, buf_cstr(&out));
	close(fd);
	return out;
}

static void answers_alone(struct buf alone[static ARRAY_LEN(rows)])
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		alone[i] = answer_alone(&rows[i]);
}

static void forget(struct buf alone[static ARRAY_LEN(rows)])
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_fini(&alone[i]);
}

/* @depth requests in one write, from row @first on. */
static void check_pipeline(const struct buf *alone, size_t first, size_t depth)
{
	int fd = resolve_world_connect(&world, PEER, 0);
	struct buf text, want, got;

	buf_init(&text, OUT_BYTES);
	buf_init(&want, OUT_BYTES);
	for (size_t i = first; i < first + depth; i++) {
		buf_str(&text, rows[i % ARRAY_LEN(rows)].request);
		buf_sv(&want, buf_view(&alone[i % ARRAY_LEN(rows)]));
	}
	say(fd, buf_view(&text));
	got = hear(fd, want.len);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	buf_fini(&text);
	buf_fini(&want);
	buf_fini(&got);
	close(fd);
}

static void test_in_a_pipeline(void **state)
{
	static const size_t depths[] = {2, HTTPD_BATCH - 1, HTTPD_BATCH,
					HTTPD_BATCH + 1, 40};
	struct buf alone[ARRAY_LEN(rows)];

	(void)state;
	answers_alone(alone);
	for (size_t i = 0; i < ARRAY_LEN(depths); i++)
		for (size_t first = 0; first < ARRAY_LEN(rows); first++)
			check_pipeline(alone, first, depths[i]);
	forget(alone);
}

static void test_beside_other_connections(void **state)
{
	struct buf alone[ARRAY_LEN(rows)];
	int fds[CONNS_MAX];

	(void)state;
	answers_alone(alone);
	for (size_t i = 0; i < CONNS_MAX; i++)
		fds[i] = resolve_world_connect(&world, PEER, 0);
	for (size_t i = 0; i < CONNS_MAX; i++)
		say(fds[i], sv_str(rows[i % ARRAY_LEN(rows)].request));
	for (size_t i = 0; i < CONNS_MAX; i++) {
		const struct buf *want = &alone[i % ARRAY_LEN(rows)];
		struct buf got = hear(fds[i], want->len);

		assert_int_equal(got.len, want->len);
		assert_memory_equal(got.data, want->data, want->len);
		buf_fini(&got);
		close(fds[i]);
	}
	forget(alone);
}

/* Who asks behind his last request has been looked ahead for in vain. */
static void test_behind_the_last_request(void **state)
{
	static const char close_it[] =
		"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	int fd = resolve_world_connect(&world, PEER, 0);
	struct buf first = answer_alone(&rows[0]), got, again;

	(void)state;
	say(fd, sv_str(rows[0].request));
	say(fd, sv_str(close_it));
	say(fd, sv_str(rows[3].request));
	got = hear(fd, first.len + 1);
	assert_memory_equal(got.data, first.data, first.len);
	assert_true(sv_starts(sv_of(got.data + first.len, got.len - first.len),
			      SV("HTTP/1.1 200 OK\r\n")));
	assert_memory_equal(got.data + got.len - 7, "\r\n\r\nok\n", 7);
	again = answer_alone(&rows[0]);
	assert_memory_equal(again.data, first.data, first.len);
	buf_fini(&first);
	buf_fini(&got);
	buf_fini(&again);
	close(fd);
}

/* How many names goim's list has; each node has one. */
static unsigned goim_names(void)
{
	int fd = resolve_world_connect(&world, PEER, 0);
	unsigned quotes = 0;
	const char *at, *end;
	struct buf got;

	say(fd, SV(TO("/goim/nodes/weighted?platform=web")));
	got = hear(fd, 0);
	at = strstr(buf_cstr(&got), "\"nodes\":[");
	assert_non_null(at);
	at += 9;
	end = strchr(at, ']');
	assert_non_null(end);
	for (; at < end; at++)
		quotes += *at == '"';
	buf_fini(&got);
	close(fd);
	return quotes / 2;
}

static void test_goim_has_nothing_of_who_was_in_its_slot(void **state)
{
	struct buf list = answer_alone(&rows[3]); /* of 16 */

	(void)state;
	assert_int_equal(goim_names(), DRAW_DEFAULT);
	buf_fini(&list);
	list = answer_alone(&rows[3]);
	atomic_store(&world.slot.current, world.views[WORLD_STARTING]);
	assert_int_equal(goim_names(), 1); /* the domain */
	atomic_store(&world.slot.current, world.views[WORLD_PROXIES]);
	buf_fini(&list);
}

/* Without a device the list is by chance, and may be another client's: its id
 * gives it again all the same. */
static void test_lists_of_a_pipeline_come_from_their_ids(void **state)
{
	static const struct sv request = SV(TO(LIST "&ip=198.51.100.1"));
	int fd = resolve_world_connect(&world, PEER, 0);
	struct http1_response head;
	struct buf text, got;
	unsigned count = 0;
	struct sv rest;

	(void)state;
	buf_init(&text, OUT_BYTES);
	for (unsigned i = 0; i < 40; i++)
		buf_sv(&text, request);
	say(fd, buf_view(&text));
	got = hear(fd, 0);
	for (rest = buf_view(&got); rest.len > 0; count++) {
		struct sv body;

		assert_int_equal(http1_read_response(rest, &head), 0);
		body = sv_of(rest.ptr + head.head_bytes,
			     (size_t)head.content_bytes);
		resolve_world_check_list(world.views[WORLD_PROXIES], body);
		rest = sv_of(body.ptr + body.len,
			     rest.len - head.head_bytes - body.len);
	}
	assert_int_equal(count, 40);
	assert_true(counter_get(&world.resolver.counters.shared) > 0);
	buf_fini(&text);
	buf_fini(&got);
	close(fd);
}

/* 16 nodes with all that a registration may say, and all fallback names, stay
 * below what an answer may be (answer.h), and are given whole. */
static void test_the_largest_list(void **state)
{
	char text[256];
	struct http1_response head;
	struct buf request, got;
	int fd = resolve_world_connect(&world, PEER, 0);

	(void)state;
	atomic_store(&world.slot.current, world.views[WORLD_TRUST]);
	buf_init_fixed(&request, text, sizeof(text));
	buf_str(&request, "GET /resolve?n=16&ip=198.51.100.1&host=");
	for (unsigned i = 0; i < NODE_ID_BYTES - 1; i++)
		buf_char(&request, 's');
	buf_str(&request, " HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_false(request.failed);
	say(fd, buf_view(&request));
	got = hear(fd, 0);
	assert_int_equal(http1_read_response(buf_view(&got), &head), 0);
	assert_int_equal(head.status, 200);
	assert_true(head.content_bytes > 12000);
	assert_true(head.content_bytes <= HTTPD_FAST_BODY_MAX);
	resolve_world_check_list(
		world.views[WORLD_PROXIES],
		sv_of(got.data + head.head_bytes, (size_t)head.content_bytes));
	buf_fini(&got);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_a_pipeline),
		cmocka_unit_test(test_beside_other_connections),
		cmocka_unit_test(test_behind_the_last_request),
		cmocka_unit_test(test_goim_has_nothing_of_who_was_in_its_slot),
		cmocka_unit_test(test_lists_of_a_pipeline_come_from_their_ids),
		cmocka_unit_test(test_the_largest_list),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
