/* test_url.c - URLs, query pairs and percent-encoding. */
#include "lib/proto/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"

static const struct url_row {
	const char *rule, *text;
	int rc;
	const char *host;
	uint16_t port;
	const char *path;
} url_rows[] = {
	{"the default port of http is 80", "http://a.example", 0, "a.example",
	 80, "/"},
	{"the default port of https is 443", "https://a/x", 0, "a", 443, "/x"},
	{"the scheme has no case", "HTTP://a:1/", 0, "a", 1, "/"},
	{"the query belongs to the path", "http://a:65535/p?q=1&r", 0, "a",
	 65535, "/p?q=1&r"},
	{"an IPv6 address loses its brackets", "http://[::1]:7171/x", 0, "::1",
	 7171, "/x"},
	{"brackets without a port", "http://[2001:db8::1]", 0, "2001:db8::1",
	 80, "/"},
	{"another scheme is unsupported", "ftp://a/", ERR_UNSUPPORTED, 0, 0, 0},
	{"no scheme", "a.example:80", ERR_SYNTAX, 0, 0, 0},
	{"empty", "", ERR_SYNTAX, 0, 0, 0},
	{"no host", "http:///x", ERR_SYNTAX, 0, 0, 0},
	{"no host but a port", "http://:80/", ERR_SYNTAX, 0, 0, 0},
	{"port 0", "http://a:0/", ERR_SYNTAX, 0, 0, 0},
	{"port beyond 65535", "http://a:65536/", ERR_SYNTAX, 0, 0, 0},
	{"port with other characters", "http://a:8o/", ERR_SYNTAX, 0, 0, 0},
	{"an empty port", "http://a:/", ERR_SYNTAX, 0, 0, 0},
	{"user info is refused", "http://u:p@a/", ERR_SYNTAX, 0, 0, 0},
	{"a fragment is refused", "http://a/#f", ERR_SYNTAX, 0, 0, 0},
	{"a fragment after the host is refused", "http://a#f", ERR_SYNTAX, 0, 0,
	 0},
	{"a query without a path is refused", "http://a?x", ERR_SYNTAX, 0, 0,
	 0},
	{"a space is refused", "http://a/ b", ERR_SYNTAX, 0, 0, 0},
	{"a line end is refused", "http://a/\r\nX: y", ERR_SYNTAX, 0, 0, 0},
	{"a bracket without its other half", "http://[::1", ERR_SYNTAX, 0, 0,
	 0},
	{"a name in brackets", "http://[abc]/", ERR_SYNTAX, 0, 0, 0},
	{"IPv4 in brackets", "http://[1.2.3.4]/", ERR_SYNTAX, 0, 0, 0},
	{"text behind the bracket", "http://[::1]x/", ERR_SYNTAX, 0, 0, 0},
};

static void assert_view(struct sv got, const char *want, const char *rule)
{
	if (!sv_eq(got, sv_str(want)))
		fail_msg("%s: got " SV_FMT ", want %s", rule, SV_ARG(got),
			 want);
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(url_rows); i++) {
		const struct url_row *row = &url_rows[i];
		struct url url;
		int rc = url_parse(sv_str(row->text), &url);

		if (rc != row->rc)
			fail_msg("%s: got %d", row->rule, rc);
		if (rc != 0)
			continue;
		assert_view(url.host, row->host, row->rule);
		assert_view(url.path, row->path, row->rule);
		assert_int_equal(url.port, row->port);
	}
}

static void test_query(void **state)
{
	struct sv query = SV("&a=1&&b&c=&=d&e=f=g&");
	static const char *const want[][2] = {
		{"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
	struct sv name, value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_true(url_query_next(&query, &name, &value));
		assert_view(name, want[i][0], "name");
		assert_view(value, want[i][1], "value");
	}
	assert_false(url_query_next(&query, &name, &value));
	query = SV("");
	assert_false(url_query_next(&query, &name, &value));
}

static const struct decode_row {
	const char *rule, *in;
	int rc;
	const char *out;
} decode_rows[] = {
	{"plain text stays", "abc-._~", 0, "abc-._~"},
	{"plus is a space", "a+b", 0, "a b"},
	{"both cases of hex", "%2f%2F%c3%A9", 0, "//\xc3\xa9"},
	{"an escaped percent", "%25", 0, "%"},
	{"nothing", "", 0, ""},
	{"cut after the percent", "a%", ERR_SYNTAX, 0},
	{"cut after one digit", "a%2", ERR_SYNTAX, 0},
	{"no hex digit", "%2g", ERR_SYNTAX, 0},
	{"an encoded NUL", "a%00b", ERR_SYNTAX, 0},
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(decode_rows); i++) {
		const struct decode_row *row = &decode_rows[i];
		char out[64];
		size_t len = 0;
		int rc = url_decode(sv_str(row->in), out, &len);

		if (rc != row->rc)
			fail_msg("%s: got %d", row->rule, rc);
		if (rc == 0)
			assert_view(sv_of(out, len), row->out, row->rule);
	}
}

static void test_encode(void **state)
{
	char storage[64];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, storage, sizeof(storage));
	url_encode(&b, SV("a-Z_0.~ /&\xff"));
	assert_view(buf_view(&b), "a-Z_0.~%20%2F%26%FF", "escapes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
