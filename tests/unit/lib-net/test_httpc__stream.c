/*
 * test_httpc__stream.c - answers read line by line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/lib-net/httpc_pair.h"

struct reader {
	struct httpc_stream *stream;
	unsigned opens, lines, ends;
	struct buf text;
	int rc;
	unsigned status;
	bool close_inside;
};

static void on_open(void *arg)
{
	((struct reader *)arg)->opens++;
}

static void on_line(struct sv line, void *arg)
{
	struct reader *reader = arg;

	reader->lines++;
	if (reader->close_inside)
		httpc_stream_close(&reader->stream);
	buf_sv(&reader->text, line);
	buf_char(&reader->text, '|');
}

static void on_end(int rc, unsigned status, void *arg)
{
	struct reader *reader = arg;

	reader->ends++;
	reader->rc = rc;
	reader->status = status;
	reader->stream = NULL;
}

static const struct httpc_stream_handler reading = {on_open, on_line, on_end};

static bool has_opened(void *arg)
{
	return ((struct reader *)arg)->opens > 0;
}

static bool has_line(void *arg)
{
	return ((struct reader *)arg)->lines > 0;
}

static bool has_ended(void *arg)
{
	return ((struct reader *)arg)->ends > 0;
}

static void test_stream_lines(void **state)
{
	static const struct {
		const char *rule;
		const char *pieces[4];
		const char *lines;
		int rc;
	} rows[] = {
		{"whole lines", {"one\ntwo\n"}, "one|two|", ERR_CLOSED},
		{"a line in pieces", {"o", "n", "e\n"}, "one|", ERR_CLOSED},
		{"CRLF and empty lines", {"a\r\n\n\r\n"}, "a|||", ERR_CLOSED},
		{"the longest line", {"01234567\n"}, "01234567|", ERR_CLOSED},
		{"one byte more", {"012345678\nx\n"}, "", ERR_TOOBIG},
		{"one byte more in pieces", {"0123", "456789"}, "", ERR_TOOBIG},
		{"an end within a line", {"a\nb"}, "a|", ERR_CLOSED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reader reader = {0};
		struct httpc *client;
		struct pair pair;

		print_message("%s\n", rows[i].rule);
		pair_open(&pair);
		buf_init(&reader.text, BODY_MAX);
		new_client(pair.loop, "127.0.0.1", pair.port, &client);
		reader.stream = httpc_stream_open(client, "/stream", 5000, 8,
						  &reading, &reader);
		helper_until(pair.loop, has_opened, &reader);
		for (size_t p = 0; p < 4 && rows[i].pieces[p]; p++) {
			if (pair.stream)
				httpd_stream_send(pair.stream,
						  sv_str(rows[i].pieces[p]));
			helper_turn(pair.loop);
			helper_turn(pair.loop);
		}
		if (pair.stream)
			httpd_stream_end(pair.stream);
		helper_until(pair.loop, has_ended, &reader);
		assert_string_equal(buf_cstr(&reader.text), rows[i].lines);
		assert_int_equal(reader.rc, rows[i].rc);
		assert_int_equal(reader.status, 200);
		assert_int_equal(reader.ends, 1);
		httpc_free(&client);
		buf_fini(&reader.text);
		pair_close(&pair);
	}
}

static bool is_stream_closed(void *arg)
{
	return ((struct pair *)arg)->stream_closed > 0;
}

static void test_stream_closed_in_its_line(void **state)
{
	struct reader reader = {.close_inside = true};
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	buf_init(&reader.text, BODY_MAX);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	reader.stream = httpc_stream_open(client, "/stream", 5000, 100,
					  &reading, &reader);
	helper_until(pair.loop, has_opened, &reader);
	httpd_stream_send(pair.stream, SV("on"));
	helper_turn(pair.loop);
	httpd_stream_send(pair.stream, SV("e\ntwo\n"));
	helper_until(pair.loop, has_line, &reader);
	/* The server learns that its reader has gone. */
	helper_until(pair.loop, is_stream_closed, &pair);
	assert_int_equal(reader.lines, 1);
	assert_int_equal(reader.ends, 0);
	assert_string_equal(buf_cstr(&reader.text), "one|");
	httpc_free(&client);
	buf_fini(&reader.text);
	pair_close(&pair);
}

static void test_stream_that_does_not_open(void **state)
{
	struct reader reader = {0};
	struct httpc *client;
	struct pair pair;

	(void)state;
	pair_open(&pair);
	new_client(pair.loop, "127.0.0.1", pair.port, &client);
	reader.stream = httpc_stream_open(client, "/missing", 5000, 100,
					  &reading, &reader);
	helper_until(pair.loop, has_ended, &reader);
	assert_int_equal(reader.opens, 0);
	assert_int_equal(reader.rc, ERR_UNAVAILABLE);
	assert_int_equal(reader.status, 404);
	/* Silence after the head. */
	reader.stream = httpc_stream_open(client, "/stream", 50, 100, &reading,
					  &reader);
	reader.ends = 0;
	helper_until(pair.loop, has_ended, &reader);
	assert_int_equal(reader.rc, ERR_TIMEOUT);
	assert_int_equal(reader.status, 200);
	httpc_free(&client);
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_lines),
		cmocka_unit_test(test_stream_closed_in_its_line),
		cmocka_unit_test(test_stream_that_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
