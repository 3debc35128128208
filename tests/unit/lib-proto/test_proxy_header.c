/* test_proxy_header.c - the PROXY protocol, whole, cut at every byte, and
 * followed by what belongs to the client. */
#include "lib/proto/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"

#define BYTES(text) text, sizeof(text) - 1
#define V2	    "\r\n\r\n\0\r\nQUIT\n"
#define V4_BLOCK    "\xc0\x00\x02\x07\xc6\x33\x64\x01\x9c\x40\x00\x50"
#define V6_BLOCK                                                               \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"                             \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x9c\x40\x00\x50"
#define MAPPED_BLOCK                                                           \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07"                         \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x01\x9c\x40\x00\x50"
#define LONGEST                                                                \
	"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "                  \
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"

static const struct row {
	const char *rule;
	const char *bytes;
	size_t len;
	int rc;
	const char *source; /* NULL: the connection's own */
	uint16_t port;
} rows[] = {
	{"v1 TCP4", BYTES("PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n"), 0,
	 "192.0.2.7", 40000},
	{"v1 TCP6", BYTES("PROXY TCP6 2001:db8::7 2001:db8::1 40000 80\r\n"), 0,
	 "2001:db8::7", 40000},
	{"v1 mapped IPv6 is IPv4",
	 BYTES("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"), 0, "192.0.2.7", 1},
	{"v1 UNKNOWN alone", BYTES("PROXY UNKNOWN\r\n"), 0, NULL, 0},
	{"v1 UNKNOWN with anything", BYTES("PROXY UNKNOWN a b  c d\r\n"), 0,
	 NULL, 0},
	{"v1 the ports' ends", BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 0 65535\r\n"),
	 0, "1.1.1.1", 0},
	{"v1 the longest that the specification knows", BYTES(LONGEST), 0,
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535},
	{"v1 107 bytes",
	 BYTES("PROXY UNKNOWN 0123456789012345678901234567890123456789"
	       "012345678901234567890123456789012345678901234567890\r\n"),
	 0, NULL, 0},
	{"v1 108 bytes",
	 BYTES("PROXY UNKNOWN 0123456789012345678901234567890123456789"
	       "0123456789012345678901234567890123456789012345678901\r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 another family's address",
	 BYTES("PROXY TCP4 ::1 198.51.100.1 40000 80\r\n"), ERR_SYNTAX, NULL,
	 0},
	{"v1 the other way round",
	 BYTES("PROXY TCP6 192.0.2.7 198.51.100.1 40000 80\r\n"), ERR_SYNTAX,
	 NULL, 0},
	{"v1 an unknown family", BYTES("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 no family", BYTES("PROXY \r\n"), ERR_SYNTAX, NULL, 0},
	{"v1 two spaces", BYTES("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 a space at the end", BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 a part missing", BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 a port beyond 65535",
	 BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n"), ERR_SYNTAX, NULL, 0},
	{"v1 a port with a leading zero",
	 BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n"), ERR_SYNTAX, NULL, 0},
	{"v1 CR without LF", BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rX"),
	 ERR_SYNTAX, NULL, 0},
	{"v1 in small letters", BYTES("proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
	 ERR_SYNTAX, NULL, 0},
	{"a request", BYTES("GET / HTTP/1.1\r\n"), ERR_SYNTAX, NULL, 0},
	{"POST begins like it", BYTES("POST / HTTP/1.1\r\n"), ERR_SYNTAX, NULL,
	 0},
	{"v2 TCP4", BYTES(V2 "\x21\x11\0\x0c" V4_BLOCK), 0, "192.0.2.7", 40000},
	{"v2 TCP6", BYTES(V2 "\x21\x21\0\x24" V6_BLOCK), 0, "2001:db8::7",
	 40000},
	{"v2 mapped IPv6 is IPv4", BYTES(V2 "\x21\x21\0\x24" MAPPED_BLOCK), 0,
	 "192.0.2.7", 40000},
	{"v2 extensions are skipped",
	 BYTES(V2 "\x21\x11\0\x14" V4_BLOCK "\x04\0\2xy\x05\0\0"), 0,
	 "192.0.2.7", 40000},
	{"v2 an extension longer than the header",
	 BYTES(V2 "\x21\x11\0\x11" V4_BLOCK "\x04\0\3xy"), ERR_SYNTAX, NULL, 0},
	{"v2 half an extension", BYTES(V2 "\x21\x11\0\x0e" V4_BLOCK "\x04\0"),
	 ERR_SYNTAX, NULL, 0},
	{"v2 a byte too few for TCP4",
	 BYTES(V2 "\x21\x11\0\x0b\xc0\0\2\7\xc6\x33\x64\1\x9c\x40\0"),
	 ERR_SYNTAX, NULL, 0},
	{"v2 TCP4 that says TCP6", BYTES(V2 "\x21\x21\0\x0c" V4_BLOCK),
	 ERR_SYNTAX, NULL, 0},
	{"v2 LOCAL without addresses", BYTES(V2 "\x20\x00\0\0"), 0, NULL, 0},
	{"v2 LOCAL with addresses", BYTES(V2 "\x20\x11\0\x0c" V4_BLOCK), 0,
	 NULL, 0},
	{"v2 the family is unspecified", BYTES(V2 "\x21\x00\0\3abc"), 0, NULL,
	 0},
	{"v2 AF_UNIX", BYTES(V2 "\x21\x31\0\1x"), ERR_UNSUPPORTED, NULL, 0},
	{"v2 datagrams", BYTES(V2 "\x21\x12\0\x0c" V4_BLOCK), ERR_UNSUPPORTED,
	 NULL, 0},
	{"v2 an unknown family", BYTES(V2 "\x21\x41\0\1x"), ERR_SYNTAX, NULL,
	 0},
	{"v2 an unknown command", BYTES(V2 "\x22\x11\0\x0c" V4_BLOCK),
	 ERR_SYNTAX, NULL, 0},
	{"version 3", BYTES(V2 "\x31\x11\0\x0c" V4_BLOCK), ERR_SYNTAX, NULL, 0},
	{"v2 longer than anybody needs", BYTES(V2 "\x21\x11\x10\x00"),
	 ERR_TOOBIG, NULL, 0},
};

/* In memory of its own length, so that a sanitizer sees one byte too far. */
static int read_copy(const char *bytes, size_t len, struct proxy_header *got_r)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, bytes, len);
	rc = proxy_header_read(sv_of(copy, len), got_r);
	free(copy);
	return rc;
}

static void check_found(const struct row *row, const struct proxy_header *got)
{
	char text[ADDR_TEXT_MAX];

	assert_int_equal(got->bytes, row->len);
	if (!row->source) {
		assert_int_equal(got->source.family, ADDR_NONE);
		return;
	}
	assert_string_equal(addr_text(&got->source, text), row->source);
	assert_int_equal(got->source_port, row->port);
}

/* Every beginning of a good header wants more; a bad one may say so early and
 * never takes it back. */
static void check_row(const struct row *row)
{
	struct proxy_header got = {.bytes = 0};
	char longer[256];

	for (size_t cut = 0; cut < row->len; cut++) {
		int rc = read_copy(row->bytes, cut, &got);

		if (rc != ERR_AGAIN && rc != row->rc)
			fail_msg("%s, cut at %zu: %d", row->rule, cut, rc);
		if (row->rc == 0 && rc == 0)
			fail_msg("%s, whole at %zu", row->rule, cut);
	}
	if (read_copy(row->bytes, row->len, &got) != row->rc)
		fail_msg("%s", row->rule);
	if (row->rc != 0)
		return;
	check_found(row, &got);
	memcpy(longer, row->bytes, row->len);
	memcpy(longer + row->len, "GET", 3);
	assert_int_equal(read_copy(longer, row->len + 3, &got), 0);
	check_found(row, &got);
	assert_true(proxy_header_is_one(sv_of(row->bytes, row->len)));
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void test_a_request_is_no_header(void **state)
{
	(void)state;
	assert_false(proxy_header_is_one(SV("GET / HTTP/1.1\r\n")));
	assert_false(proxy_header_is_one(SV("PROXY")));
	assert_false(proxy_header_is_one(SV("\r\n\r\nGET / HTTP/1.1\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_a_request_is_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
