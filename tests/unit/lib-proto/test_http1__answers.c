/*
 * test_http1__answers.c - response heads (RFC 9112), chunked bodies, and the
 * words for a status.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/proto/http1.h"

static void test_responses(void **state)
{
	static const struct {
		const char *rule, *bytes;
		int rc;
		unsigned status;
		enum http1_body body;
		bool keep_alive;
	} rows[] = {
		{"with a length",
		 "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 0, 200,
		 HTTP1_BODY_LENGTH, true},
		{"chunked",
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
		 200, HTTP1_BODY_CHUNKED, true},
		{"until the close", "HTTP/1.1 404 Not Found\r\n\r\n", 0, 404,
		 HTTP1_BODY_CLOSE, false},
		{"no reason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 0,
		 404, HTTP1_BODY_LENGTH, true},
		{"an empty reason",
		 "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 0, 404,
		 HTTP1_BODY_LENGTH, true},
		{"204 has none", "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n",
		 0, 204, HTTP1_BODY_NONE, true},
		{"304 has none",
		 "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", 0,
		 304, HTTP1_BODY_NONE, true},
		{"100 has none", "HTTP/1.1 100 Continue\r\n\r\n", 0, 100,
		 HTTP1_BODY_NONE, true},
		{"1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
		 0, 200, HTTP1_BODY_LENGTH, false},
		{"close",
		 "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		 "Content-Length: 1\r\n\r\n",
		 0, 200, HTTP1_BODY_LENGTH, false},
		{"both frames",
		 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
		 ERR_SYNTAX, 0, 0, false},
		{"an unknown coding",
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		 ERR_SYNTAX, 0, 0, false},
		{"another protocol", "HTTP/2.0 200 OK\r\n\r\n", ERR_SYNTAX, 0,
		 0, false},
		{"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", ERR_SYNTAX,
		 0, 0, false},
		{"a status of letters", "HTTP/1.1 2xx OK\r\n\r\n", ERR_SYNTAX,
		 0, 0, false},
		{"a bare LF", "HTTP/1.1 200 OK\nA: b\r\n\r\n", ERR_SYNTAX, 0, 0,
		 false},
	};
	static struct http1_response r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sv bytes = sv_str(rows[i].bytes);

		print_message("%s\n", rows[i].rule);
		assert_int_equal(http1_read_response(bytes, &r), rows[i].rc);
		if (rows[i].rc)
			continue;
		assert_int_equal(r.status, rows[i].status);
		assert_int_equal(r.body, rows[i].body);
		assert_int_equal(r.keep_alive, rows[i].keep_alive);
		assert_int_equal(r.head_bytes, bytes.len);
		for (size_t len = 0; len < bytes.len; len++)
			assert_int_equal(
				http1_read_response(sv_of(bytes.ptr, len), &r),
				ERR_AGAIN);
	}
}

/* Decode @bytes, at most @step at a time. Returns the last rc. */
static int decode(struct sv bytes, size_t step, struct buf *body, size_t *rest)
{
	struct http1_chunks chunks = {0};
	int rc = ERR_AGAIN;
	size_t done = 0;

	while (rc == ERR_AGAIN && done < bytes.len) {
		size_t take = bytes.len - done < step ? bytes.len - done : step;
		struct sv part = {bytes.ptr + done, take};
		struct sv data;

		while ((rc = http1_chunk_next(&chunks, &part, &data)) == 0)
			buf_sv(body, data);
		done += take - part.len;
	}
	*rest = bytes.len - done;
	return rc;
}

static void test_chunks(void **state)
{
	static const struct {
		const char *rule, *bytes;
		int rc;
		const char *body;
		size_t rest;
	} rows[] = {
		{"none", "0\r\n\r\n", 1, "", 0},
		{"two", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1, "abcde", 0},
		{"hexadecimal", "00A\r\n0123456789\r\n0\r\n\r\n", 1,
		 "0123456789", 0},
		{"extensions", "3;a=\"b\"\r\nabc\r\n0 ;x\r\n\r\n", 1, "abc", 0},
		{"trailers", "0\r\nA: b\r\nC: d\r\n\r\n", 1, "", 0},
		{"what follows is left", "0\r\n\r\nGET", 1, "", 3},
		{"not the end", "3\r\nabc\r\n", ERR_AGAIN, "abc", 0},
		{"no size", "\r\n\r\n", ERR_SYNTAX, "", 0},
		{"a sign", "-1\r\n", ERR_SYNTAX, "", 0},
		{"0x", "0x3\r\nabc\r\n", ERR_SYNTAX, "", 0},
		{"a bare LF", "3\nabc\r\n", ERR_SYNTAX, "", 0},
		{"data longer than its size", "3\r\nabcd\r\n", ERR_SYNTAX,
		 "abc", 0},
		{"a bare LF behind data", "3\r\nabc\n0\r\n\r\n", ERR_SYNTAX,
		 "abc", 0},
		{"a size beyond all numbers", "fffffffffffffffff\r\n",
		 ERR_SYNTAX, "", 0},
		{"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", ERR_SYNTAX, "",
		 0},
		{"a control in an extension", "3;\x01\r\nabc", ERR_SYNTAX, "",
		 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step < 60; step++) {
			struct buf body;
			size_t rest;
			int rc;

			buf_init(&body, 1000);
			rc = decode(sv_str(rows[i].bytes), step, &body, &rest);
			if (step == 1)
				print_message("%s\n", rows[i].rule);
			assert_int_equal(rc, rows[i].rc);
			assert_string_equal(buf_cstr(&body), rows[i].body);
			if (rc >= 0)
				assert_int_equal(rest, rows[i].rest);
			buf_fini(&body);
		}
	}
}

/* Endless extensions and trailers end. */
static void test_chunk_lines_are_limited(void **state)
{
	static const char *const starts[] = {"3;", "000", "0\r\nA: ", "0 "};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct buf b, body;
		size_t rest;

		buf_init(&b, 100000);
		buf_init(&body, 100000);
		buf_str(&b, starts[i]);
		while (b.len < 5000)
			buf_char(&b, '0');
		assert_int_equal(decode(buf_view(&b), 7, &body, &rest),
				 ERR_SYNTAX);
		buf_fini(&b);
		buf_fini(&body);
	}
}

static void test_status_texts(void **state)
{
	(void)state;
	assert_string_equal(http1_status_text(200), "OK");
	assert_string_equal(http1_status_text(431),
			    "Request Header Fields Too Large");
	assert_string_equal(http1_status_text(299), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_chunk_lines_are_limited),
		cmocka_unit_test(test_status_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
