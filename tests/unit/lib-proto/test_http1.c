/*
 * test_http1.c - request heads (RFC 9112). Each row is also cut short at every
 * byte: a part must never be refused or taken.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/http1.h"

/* Bytes at the end of their heap block, so that a read beyond is noticed. */
static int read_request(struct sv bytes, struct http1_request *request_r)
{
	char *copy = mem_dup(bytes.ptr, bytes.len);
	int rc = http1_read_request(sv_of(copy, bytes.len), request_r);

	mem_free(copy);
	return rc;
}

#define HOST "Host: a\r\n"

static const struct request_row {
	const char *rule;
	const char *bytes;
	int rc;
} request_rows[] = {
	{"the smallest 1.1 request", "GET / HTTP/1.1\r\n" HOST "\r\n", 0},
	{"1.0 needs no Host", "GET / HTTP/1.0\r\n\r\n", 0},
	{"a later minor version", "GET / HTTP/1.9\r\n" HOST "\r\n", 0},
	{"one empty line in front", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0},
	{"two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
	 400},
	{"an unknown method is a method", "GEX / HTTP/1.1\r\n" HOST "\r\n", 0},
	{"a method of 33 bytes",
	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" HOST "\r\n", 501},
	{"a space before the method", " GET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"no method", "/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a tab for a space", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"HTTP/0.9", "GET /\r\n\r\n", 400},
	{"a space in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a control in the target", "GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"DEL in the target, far in",
	 "GET /0123456789abcdef0123\x7f HTTP/1.1\r\n" HOST "\r\n", 400},
	{"raw UTF-8 in the target",
	 "GET /0123456789abcdef\xe5\x8c\x97 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a target without slash", "GET a HTTP/1.1\r\n" HOST "\r\n", 400},
	{"absolute-form", "GET http://h/a HTTP/1.1\r\n" HOST "\r\n", 0},
	{"absolute-form without host", "GET http:///a HTTP/1.1\r\n" HOST "\r\n",
	 400},
	{"absolute-form with a user",
	 "GET http://u@h/a HTTP/1.1\r\n" HOST "\r\n", 400},
	{"absolute-form of another scheme",
	 "GET ftp://h/a HTTP/1.1\r\n" HOST "\r\n", 400},
	{"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0},
	{"asterisk for GET", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
	{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"HTTP/3.0", "GET / HTTP/3.0\r\n" HOST "\r\n", 505},
	{"no HTTP", "GET / HTCPCP/1.0\r\n\r\n", 400},
	{"lower-case http", "GET / http/1.1\r\n" HOST "\r\n", 400},
	{"a version of two digits", "GET / HTTP/1.11\r\n" HOST "\r\n", 400},
	{"a space behind the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"a bare LF behind the line", "GET / HTTP/1.1\n" HOST "\r\n", 400},
	{"no Host in 1.1", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
	{"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
	{"two Hosts in 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
	{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
	{"a Host with port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
	{"a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"a space before the colon", "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
	 400},
	{"a header without name", "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
	{"a header without colon", "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400},
	{"a folded header", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
	 400},
	{"white space before the first header",
	 "GET / HTTP/1.1\r\n " HOST "\r\n", 400},
	{"a bare CR in a value", "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n",
	 400},
	{"a bare LF behind a value",
	 "GET / HTTP/1.1\r\n" HOST "A: b\nB: c\r\n\r\n", 400},
	{"a control far in a value",
	 "GET / HTTP/1.1\r\n" HOST "A: 0123456789abcdef0123\x02z\r\n\r\n", 400},
	{"obs-text and tabs in a value",
	 "GET / HTTP/1.1\r\n" HOST "A: \t0123456789abcdef\t\xff\x80 \r\n\r\n",
	 0},
	{"a bare CR for the empty line",
	 "GET / HTTP/1.1\r\n" HOST "\rA: b\r\n\r\n", 400},
	{"a length", "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0},
	{"two lengths that differ",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
	 400},
	{"two equal lengths",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
	 400},
	{"a list of lengths",
	 "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400},
	{"an empty length", "PUT / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
	 400},
	{"a signed length",
	 "PUT / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400},
	{"a hexadecimal length",
	 "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", 400},
	{"a length beyond all numbers",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Content-Length: 99999999999999999999999\r\n\r\n",
	 0},
	{"chunked",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 0},
	{"length and chunked",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	 400},
	{"chunked and length",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
	 400},
	{"chunked in 1.0",
	 "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"another coding",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501},
	{"another coding before chunked",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
	 501},
	{"chunked not last",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n",
	 400},
	{"chunked not last over two lines",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
	 400},
	{"chunked twice",
	 "PUT / HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked, chunked\r\n\r\n",
	 400},
	{"an empty coding",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,\r\n\r\n", 400},
	{"a coding that only begins like chunked",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunkedx\r\n\r\n", 501},
	{"a vertical tab before chunked",
	 "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n", 400},
};

/* Every part of @bytes is either incomplete or refused as the whole is. */
static void check_parts(struct sv bytes, int whole)
{
	static struct http1_request request;
	bool refused = false;

	for (size_t len = 0; len < bytes.len; len++) {
		int rc = read_request(sv_of(bytes.ptr, len), &request);

		if (whole == 0 || !refused)
			refused = rc != ERR_AGAIN;
		if (whole == 0)
			assert_int_equal(rc, ERR_AGAIN);
		else if (refused)
			assert_int_equal(rc, whole);
	}
}

static void test_requests(void **state)
{
	static struct http1_request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(request_rows); i++) {
		const struct request_row *row = &request_rows[i];
		struct sv bytes = sv_str(row->bytes);

		print_message("%s\n", row->rule);
		assert_int_equal(read_request(bytes, &request), row->rc);
		if (row->rc == 0)
			assert_int_equal(request.head_bytes, bytes.len);
		check_parts(bytes, row->rc);
	}
}

/* What comes behind a head, the next one of a pipeline or anything else, does
 * not change how it is read. */
static void test_what_follows(void **state)
{
	static const char *const tails[] = {
		"GET /next HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\n", " ", "\x01",
		"Content-Length: 1\r\n\r\n"};
	static struct http1_request alone, followed;
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 20);
	for (size_t i = 0; i < ARRAY_LEN(request_rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(tails); k++) {
			struct sv bytes = sv_str(request_rows[i].bytes);

			if (request_rows[i].rc != 0)
				continue;
			buf_reset(&b);
			buf_sv(&b, bytes);
			buf_str(&b, tails[k]);
			assert_int_equal(http1_read_request(bytes, &alone), 0);
			assert_int_equal(
				http1_read_request(buf_view(&b), &followed), 0);
			assert_int_equal(followed.head_bytes, bytes.len);
			assert_int_equal(followed.header_count,
					 alone.header_count);
			assert_int_equal(followed.method, alone.method);
			assert_int_equal(followed.keep_alive, alone.keep_alive);
			assert_int_equal(followed.body, alone.body);
			assert_int_equal(followed.content_bytes,
					 alone.content_bytes);
			assert_true(sv_eq(followed.path, alone.path));
			assert_true(sv_eq(followed.query, alone.query));
		}
	buf_fini(&b);
}

/* Turns the letters of each header's name to the other case. */
static void flip_names(char *text, size_t len)
{
	bool name = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n')
			name = true;
		else if (c == ':')
			name = false;
		else if (name &&
			 ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			text[i] = (char)(c ^ 0x20);
	}
}

static void test_names_in_any_case(void **state)
{
	static struct http1_request request, flipped;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(request_rows); i++) {
		const struct request_row *row = &request_rows[i];
		size_t len = strlen(row->bytes);
		char *copy = strdup(row->bytes);

		assert_non_null(copy);
		if (strncmp(copy, "\r\n", 2) != 0) /* a line before the first */
			flip_names(copy, len);
		print_message("%s\n", row->rule);
		assert_int_equal(http1_read_request(sv_of(copy, len), &flipped),
				 row->rc);
		if (row->rc == 0) {
			assert_int_equal(
				http1_read_request(sv_of(row->bytes, len),
						   &request),
				0);
			assert_int_equal(flipped.body, request.body);
			assert_int_equal(flipped.content_bytes,
					 request.content_bytes);
			assert_int_equal(flipped.keep_alive,
					 request.keep_alive);
		}
		free(copy);
	}
}

static void assert_sv(struct sv got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

static void test_targets(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} rows[] = {
		{"/", "/", ""},
		{"/a/b", "/a/b", ""},
		{"/a?", "/a", ""},
		{"/a?x=1&y=?", "/a", "x=1&y=?"},
		{"//a", "//a", ""},
		{"/%20a", "/%20a", ""},
		{"http://h", "/", ""},
		{"http://h:80/", "/", ""},
		{"HTTP://[::1]:80/p?q", "/p", "q"},
		{"https://h?q=1", "/", "q=1"},
		{"/0123456789abcdef0123456789abcdef?0123456789abcdef",
		 "/0123456789abcdef0123456789abcdef", "0123456789abcdef"},
	};
	static struct http1_request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		struct buf b;

		buf_init_fixed(&b, text, sizeof(text));
		buf_printf(&b, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
			   rows[i].target);
		assert_int_equal(http1_read_request(buf_view(&b), &request), 0);
		assert_sv(request.path, rows[i].path);
		assert_sv(request.query, rows[i].query);
	}
}

static void test_meaning(void **state)
{
	static const struct {
		const char *rule, *bytes;
		enum http1_method method;
		bool keep_alive, expect;
		enum http1_body body;
		uint64_t content_bytes;
	} rows[] = {
		{"1.1 keeps alive", "GET / HTTP/1.1\r\n" HOST "\r\n", HTTP1_GET,
		 true, false, HTTP1_BODY_NONE, 0},
		{"unless it says close",
		 "HEAD / HTTP/1.1\r\n" HOST "connection: Close\r\n\r\n",
		 HTTP1_HEAD, false, false, HTTP1_BODY_NONE, 0},
		{"close among others",
		 "POST / HTTP/1.1\r\n" HOST
		 "Connection: keep-alive , close,\r\n\r\n",
		 HTTP1_POST, false, false, HTTP1_BODY_NONE, 0},
		{"1.0 closes", "PUT / HTTP/1.0\r\n\r\n", HTTP1_PUT, false,
		 false, HTTP1_BODY_NONE, 0},
		{"1.0 with keep-alive",
		 "DELETE / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		 HTTP1_DELETE, true, false, HTTP1_BODY_NONE, 0},
		{"a length",
		 "PATCH / HTTP/1.1\r\n" HOST "content-LENGTH: 0017\r\n\r\n",
		 HTTP1_PATCH, true, false, HTTP1_BODY_LENGTH, 17},
		{"100-continue",
		 "OPTIONS / HTTP/1.1\r\n" HOST
		 "Expect: 100-Continue\r\nTransfer-Encoding:chunked\r\n\r\n",
		 HTTP1_OPTIONS, true, true, HTTP1_BODY_CHUNKED, 0},
		{"100-continue in 1.0 is not meant",
		 "PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", HTTP1_PUT,
		 false, false, HTTP1_BODY_NONE, 0},
		{"get is not GET", "get / HTTP/1.1\r\n" HOST "\r\n",
		 HTTP1_OTHER, true, false, HTTP1_BODY_NONE, 0},
	};
	static struct http1_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		assert_int_equal(http1_read_request(sv_str(rows[i].bytes), &r),
				 0);
		assert_int_equal(r.method, rows[i].method);
		assert_int_equal(r.keep_alive, rows[i].keep_alive);
		assert_int_equal(r.expect_continue, rows[i].expect);
		assert_int_equal(r.body, rows[i].body);
		assert_int_equal(r.content_bytes, rows[i].content_bytes);
	}
}

static void test_headers_are_found(void **state)
{
	static struct http1_request r;
	struct sv value;

	(void)state;
	assert_int_equal(
		http1_read_request(SV("GET / HTTP/1.1\r\nHost: a\r\n"
				      "X-One:  first \t\r\nx-one: second\r\n"
				      "X-None:\r\n\r\n"),
				   &r),
		0);
	assert_int_equal(r.header_count, 4);
	assert_sv(http1_header_find(r.headers, r.header_count, SV("x-ONE")),
		  "first");
	value = http1_header_find(r.headers, r.header_count, SV("x-none"));
	assert_non_null(value.ptr);
	assert_int_equal(value.len, 0);
	value = http1_header_find(r.headers, r.header_count, SV("x-two"));
	assert_null(value.ptr);
}

/* A request with a target of @target bytes, @count headers and @pad bytes in
 * one more. */
static int read_sized(size_t target, unsigned count, size_t pad, size_t cut)
{
	static struct http1_request r;
	struct buf b;
	int rc;

	buf_init(&b, 1u << 20);
	buf_str(&b, "GET /");
	for (size_t i = 1; i < target; i++)
		buf_char(&b, 'x');
	buf_str(&b, " HTTP/1.1\r\nHost: a\r\n");
	for (unsigned i = 1; i < count; i++)
		buf_str(&b, "A: b\r\n");
	if (pad) {
		buf_str(&b, "P: ");
		while (b.len + 4 < pad)
			buf_char(&b, 'p');
		buf_str(&b, "\r\n");
	}
	buf_str(&b, "\r\n");
	rc = read_request(sv_of(b.data, b.len - cut), &r);
	buf_fini(&b);
	return rc;
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(read_sized(HTTP1_TARGET_MAX, 1, 0, 0), 0);
	assert_int_equal(read_sized(HTTP1_TARGET_MAX + 1, 1, 0, 0), 414);
	/* Also when the target has not ended yet. */
	assert_int_equal(read_sized(HTTP1_TARGET_MAX + 1, 1, 0, 22), 414);
	assert_int_equal(read_sized(1, HTTP1_HEADERS_MAX, 0, 0), 0);
	assert_int_equal(read_sized(1, HTTP1_HEADERS_MAX + 1, 0, 0), 431);
	assert_int_equal(read_sized(1, 1, HTTP1_HEAD_MAX, 0), 0);
	assert_int_equal(read_sized(1, 1, HTTP1_HEAD_MAX + 1, 0), 431);
	/* Not whole, but already too long. */
	assert_int_equal(read_sized(1, 1, HTTP1_HEAD_MAX, 1), ERR_AGAIN);
	assert_int_equal(read_sized(1, 1, HTTP1_HEAD_MAX + 1, 1), 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_what_follows),
		cmocka_unit_test(test_names_in_any_case),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_headers_are_found),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
