/*
 * test_sse.c - events out of a stream, cut at every byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/sse.h"

static const struct row {
	const char *rule, *stream;
	const char *want; /* name=data; ... */
	const char *id;	  /* the last one */
} rows[] = {
	{"an event with all parts", "id: e:7\nevent: log\ndata: {}\n\n",
	 "log={};", "e:7"},
	{"without a name it is a message", "data: x\n\n", "message=x;", ""},
	{"data of several lines", "data: a\ndata: b\n\n", "message=a\nb;", ""},
	{"one space behind the colon is no data", "data:  a\n\n", "message= a;",
	 ""},
	{"none is needed", "data:a\n\n", "message=a;", ""},
	{"lines end with CR LF too", "event: x\r\ndata: y\r\n\r\n", "x=y;", ""},
	{"and with CR", "event: x\rdata: y\r\r", "x=y;", ""},
	{"a comment says nothing", ": here\n\ndata: x\n\n", "message=x;", ""},
	{"an event without data is none", "event: x\n\ndata: y\n\n",
	 "message=y;", ""},
	{"its id counts all the same", "id: 5\n\n", "", "5"},
	{"what is not ended is not there yet", "data: x\n", "", ""},
	{"unknown fields are skipped", "retry: 1000\nx\ndata: y\n\n",
	 "message=y;", ""},
	{"an id that is too long leaves the one before",
	 "id: 1\nid: "
	 "012345678901234567890123456789012345678901234567890123456789012345678"
	 "9"
	 "\n\n",
	 "", "1"},
};

static void on_event(const char *name, struct sv data, void *arg)
{
	buf_printf(arg, "%s=" SV_FMT ";", name, SV_ARG(data));
}

static void run(const struct row *row, size_t piece_bytes)
{
	struct sv rest = sv_str(row->stream);
	struct buf found;
	struct sse sse;

	buf_init(&found, 4096);
	sse_init(&sse);
	while (rest.len > 0) {
		size_t n = rest.len < piece_bytes ? rest.len : piece_bytes;

		sse_feed(&sse, sv_of(rest.ptr, n), on_event, &found);
		rest = sv_of(rest.ptr + n, rest.len - n);
	}
	assert_string_equal(buf_cstr(&found), row->want);
	assert_string_equal(sse.id, row->id);
	sse_fini(&sse);
	buf_fini(&found);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		for (size_t bytes = 1; bytes < 8; bytes++)
			run(&rows[i], bytes);
	}
}

static void test_too_long_is_left_out(void **state)
{
	static char text[SSE_LINE_MAX + 100];
	struct buf found;
	struct sse sse;

	(void)state;
	memset(text, 'x', sizeof(text));
	buf_init(&found, 4096);
	sse_init(&sse);
	sse_feed(&sse, SV("data: "), on_event, &found);
	sse_feed(&sse, sv_of(text, sizeof(text)), on_event, &found);
	sse_feed(&sse, SV("\n\ndata: next\n\n"), on_event, &found);
	assert_string_equal(buf_cstr(&found), "message=next;");
	sse_fini(&sse);
	buf_fini(&found);
}

static void test_a_new_stream_keeps_the_id_only(void **state)
{
	struct buf found;
	struct sse sse;

	(void)state;
	buf_init(&found, 4096);
	sse_init(&sse);
	sse_feed(&sse, SV("id: 9\ndata: lost\nevent: ab"), on_event, &found);
	sse_begin(&sse);
	sse_feed(&sse, SV("data: new\n\n"), on_event, &found);
	assert_string_equal(buf_cstr(&found), "message=new;");
	assert_string_equal(sse.id, "9");
	sse_fini(&sse);
	buf_fini(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_long_is_left_out),
		cmocka_unit_test(test_a_new_stream_keeps_the_id_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
