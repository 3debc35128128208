/*
 * test_fetch.c - one HTTP exchange against scripted servers: whole, in pieces,
 * cut off at every byte, oversized, garbage, silent.
 */
#include "tests/unit/client/scripted.h"

#include "client/fetch.h"
#include "lib/base/err.h"

#define MAX_BYTES 64

struct bench {
	struct watched watched;
	struct interest interest;
	struct fetch *fetch;
	int listener, peer;
	int64_t now_ms;
};

static void begin_call(struct bench *b, struct fetch_call call)
{
	call.address = scripted_loopback();
	call.host = SV("127.0.0.1");
	call.target = SV("/x?y=1");
	call.timeout_ms = 1000;
	call.answer_max_bytes = MAX_BYTES;
	memset(b, 0, sizeof(*b));
	b->listener = scripted_listen(&call.port);
	b->interest = watched_interest(&b->watched);
	b->now_ms = 1000;
	b->fetch = fetch_start(&call, &b->interest, b->now_ms);
	b->peer = scripted_accept(b->listener);
}

static void begin(struct bench *b)
{
	begin_call(b, (struct fetch_call){.silence_ms = 0});
}

static void finish(struct bench *b)
{
	fetch_free(&b->fetch);
	assert_int_equal(b->watched.count, 0);
	close(b->listener);
	if (b->peer >= 0)
		close(b->peer);
}

/* Step until there is a result, or nothing more happens within @quiet_ms. */
static int run(struct bench *b, int quiet_ms)
{
	for (int i = 0; i < 1000; i++) {
		fetch_step(b->fetch, b->now_ms);
		if (fetch_result(b->fetch) != ERR_AGAIN)
			break;
		watched_wait(&b->watched, quiet_ms);
	}
	return fetch_result(b->fetch);
}

static void send_request(struct bench *b, char *request, size_t room)
{
	for (int i = 0; i < 100; i++) {
		fetch_step(b->fetch, b->now_ms);
		watched_wait(&b->watched, 0);
	}
	(void)scripted_read(b->peer, request, room);
}

static const struct row {
	const char *rule, *answer;
	int want;
	unsigned status;
	const char *body;
} rows[] = {
	{"a body with its length",
	 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, 200, "hello"},
	{"a body in chunks",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n3\r\nhel\r\n2;x=y"
	 "\r\nlo\r\n0\r\n\r\n",
	 0, 200, "hello"},
	{"a body until the end", "HTTP/1.1 200 OK\r\n\r\nhello", 0, 200,
	 "hello"},
	{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, ""},
	{"an informational answer goes before",
	 "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: "
	 "2\r\n\r\nno",
	 0, 404, "no"},
	{"bytes behind the body are nobody's",
	 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1", 0, 200,
	 "hi"},
	{"a body at the limit",
	 "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n"
	 "0123456789012345678901234567890123456789012345678901234567890123",
	 0, 200,
	 "0123456789012345678901234567890123456789012345678901234567890123"},
	{"a length above the limit",
	 "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", ERR_TOOBIG, 200,
	 NULL},
	{"an absurd length",
	 "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
	 ERR_TOOBIG, 200, NULL},
	{"chunks above the limit",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"
	 "01234567890123456789012345678901234567890123456789012345678901234"
	 "\r\n0\r\n\r\n",
	 ERR_TOOBIG, 200, NULL},
	{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ERR_SYNTAX, 0, NULL},
	{"chunks that lie",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	 ERR_SYNTAX, 200, NULL},
	{"informational answers without end",
	 "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
	 "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n",
	 ERR_SYNTAX, 0, NULL},
	{"nothing", "", ERR_CLOSED, 0, NULL},
};

static void test_answers(void **state)
{
	char request[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct bench b;
		int rc;

		begin(&b);
		send_request(&b, request, sizeof(request));
		scripted_write(b.peer, row->answer, strlen(row->answer));
		shutdown(b.peer, SHUT_WR);
		rc = run(&b, 1000);
		if (rc != row->want || fetch_status(b.fetch) != row->status)
			fail_msg("%s: %d, status %u", row->rule, rc,
				 fetch_status(b.fetch));
		if (rc == 0 && !sv_eq(fetch_body(b.fetch), sv_str(row->body)))
			fail_msg("%s: body", row->rule);
		finish(&b);
	}
}

static void test_request(void **state)
{
	char request[1024];
	struct bench b;

	(void)state;
	begin(&b);
	send_request(&b, request, sizeof(request));
	assert_memory_equal(request,
			    "GET /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:", 37);
	assert_non_null(strstr(request, "\r\nConnection: close\r\n"));
	assert_memory_equal(request + strlen(request) - 4, "\r\n\r\n", 4);
	finish(&b);
}

static void test_a_change(void **state)
{
	const struct fetch_call call = {
		.method = SV("PUT"),
		.headers = SV("Authorization: Bearer t\r\n"),
		.body = SV("{\"a\":1}"),
	};
	char request[1024];
	struct bench b;

	(void)state;
	begin_call(&b, call);
	send_request(&b, request, sizeof(request));
	assert_memory_equal(request, "PUT /x?y=1 HTTP/1.1\r\n", 21);
	assert_non_null(strstr(request, "\r\nAuthorization: Bearer t\r\n"));
	assert_non_null(strstr(request, "\r\nContent-Length: 7\r\n"));
	assert_non_null(
		strstr(request, "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(request + strlen(request) - 11,
			    "\r\n\r\n{\"a\":1}");
	finish(&b);
}

/* Ten bodies' worth go through, each within the limit; then silence. */
static void test_a_stream(void **state)
{
	const struct fetch_call call = {.silence_ms = 5000};
	const char *head =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	char request[1024];
	struct bench b;
	struct buf all;

	(void)state;
	begin_call(&b, call);
	buf_init(&all, 4096);
	send_request(&b, request, sizeof(request));
	scripted_write(b.peer, head, strlen(head));
	for (int i = 0; i < 10; i++) {
		scripted_write(b.peer,
			       "20\r\n01234567890123456789012345678901"
			       "\r\n",
			       38);
		watched_wait(&b.watched, 1000);
		b.now_ms += 4999;
		fetch_step(b.fetch, b.now_ms);
		fetch_take_body(b.fetch, &all);
		assert_int_equal(fetch_result(b.fetch), ERR_AGAIN);
	}
	assert_int_equal(all.len, 320);
	fetch_step(b.fetch, b.now_ms + 4999);
	assert_int_equal(fetch_result(b.fetch), ERR_AGAIN);
	fetch_step(b.fetch, b.now_ms + 5000);
	assert_int_equal(fetch_result(b.fetch), ERR_TIMEOUT);
	buf_fini(&all);
	finish(&b);
}

static void test_byte_by_byte(void **state)
{
	const char *answer = rows[1].answer;
	char request[1024];
	struct bench b;

	(void)state;
	begin(&b);
	send_request(&b, request, sizeof(request));
	for (size_t i = 0; answer[i]; i++) {
		assert_int_equal(fetch_result(b.fetch), ERR_AGAIN);
		scripted_write(b.peer, answer + i, 1);
		watched_wait(&b.watched, 1000);
		fetch_step(b.fetch, b.now_ms);
	}
	assert_int_equal(run(&b, 100), 0);
	assert_true(sv_eq(fetch_body(b.fetch), SV("hello")));
	finish(&b);
}

static void test_closed_at_every_byte(void **state)
{
	(void)state;
	for (size_t r = 0; r < 2; r++) {
		const char *answer = rows[r].answer;

		for (size_t cut = 0; answer[cut]; cut++) {
			char request[1024];
			struct bench b;

			begin(&b);
			send_request(&b, request, sizeof(request));
			scripted_write(b.peer, answer, cut);
			close(b.peer);
			b.peer = -1;
			if (run(&b, 1000) != ERR_CLOSED)
				fail_msg("answer %zu cut at %zu: %d", r, cut,
					 fetch_result(b.fetch));
			finish(&b);
		}
	}
}

static void test_timeout(void **state)
{
	char request[1024];
	struct bench b;

	(void)state;
	begin(&b);
	send_request(&b, request, sizeof(request));
	assert_int_equal(fetch_due_ms(b.fetch), 2000);
	fetch_step(b.fetch, 1999);
	assert_int_equal(fetch_result(b.fetch), ERR_AGAIN);
	fetch_step(b.fetch, 2000);
	assert_int_equal(fetch_result(b.fetch), ERR_TIMEOUT);
	assert_int_equal(b.watched.count, 0);
	finish(&b);
}

static void test_refused(void **state)
{
	struct fetch_call call = {.address = scripted_loopback(),
				  .host = SV("h"),
				  .target = SV("/"),
				  .timeout_ms = 1000,
				  .answer_max_bytes = 10};
	struct bench b;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.interest = watched_interest(&b.watched);
	close(scripted_listen(&call.port));
	b.fetch = fetch_start(&call, &b.interest, 0);
	assert_int_equal(run(&b, 1000), -ECONNREFUSED);
	fetch_free(&b.fetch);
	assert_int_equal(b.watched.count, 0);
}

static void test_headers(void **state)
{
	static const char answer[] = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
				     "Content-Length: 0\r\n\r\n";
	char request[1024];
	struct bench b;

	(void)state;
	begin(&b);
	assert_null(fetch_header(b.fetch, SV("Retry-After")).ptr);
	send_request(&b, request, sizeof(request));
	scripted_write(b.peer, answer, sizeof(answer) - 1);
	assert_int_equal(run(&b, 1000), 0);
	assert_true(sv_eq(fetch_header(b.fetch, SV("retry-after")), SV("7")));
	assert_null(fetch_header(b.fetch, SV("X")).ptr);
	finish(&b);
}

/* A head that never ends must not grow without end. */
static void test_endless_head(void **state)
{
	static char line[1024];
	char request[1024];
	struct bench b;
	int rc = ERR_AGAIN;

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	line[1] = ':';
	begin(&b);
	send_request(&b, request, sizeof(request));
	scripted_write(b.peer, "HTTP/1.1 200 OK\r\n", 17);
	for (int i = 0; i < 64 && rc == ERR_AGAIN; i++) {
		scripted_write(b.peer, line, sizeof(line));
		watched_wait(&b.watched, 100);
		fetch_step(b.fetch, b.now_ms);
		rc = fetch_result(b.fetch);
	}
	assert_int_equal(rc, ERR_TOOBIG);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_a_change),
		cmocka_unit_test(test_a_stream),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_closed_at_every_byte),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_endless_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
