/* test_forwarded.c - RFC 7239, element by element. */
#include "lib/proto/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"

#define HIDDEN "-"
#define WRONG  "!"

static const struct row {
	const char *rule;
	const char *value;
	const char *hops[4]; /* in order; HIDDEN; WRONG ends the list */
} rows[] = {
	{"one address", "for=192.0.2.43", {"192.0.2.43"}},
	{"names have no case", "For=192.0.2.43", {"192.0.2.43"}},
	{"quoted", "for=\"192.0.2.43\"", {"192.0.2.43"}},
	{"with a port", "for=\"192.0.2.43:47011\"", {"192.0.2.43"}},
	{"with a hidden port", "for=\"192.0.2.43:_web\"", {"192.0.2.43"}},
	{"IPv6 in brackets",
	 "for=\"[2001:db8:cafe::17]\"",
	 {"2001:db8:cafe::17"}},
	{"IPv6 with a port",
	 "for=\"[2001:db8:cafe::17]:4711\"",
	 {"2001:db8:cafe::17"}},
	{"the RFC's example",
	 "for=192.0.2.60;proto=http;by=203.0.113.43",
	 {"192.0.2.60"}},
	{"for is not the first",
	 "proto=https;by=\"[::1]\";for=192.0.2.60",
	 {"192.0.2.60"}},
	{"several",
	 "for=192.0.2.43, for=198.51.100.17;by=203.0.113.60",
	 {"192.0.2.43", "198.51.100.17"}},
	{"space around",
	 " for=1.1.1.1 ;proto=http ,\tfor=2.2.2.2 ",
	 {"1.1.1.1", "2.2.2.2"}},
	{"space behind the semicolon", "for=1.1.1.1; proto=http", {"1.1.1.1"}},
	{"unknown", "for=unknown", {HIDDEN}},
	{"unknown has no case", "for=Unknown", {HIDDEN}},
	{"obfuscated", "for=_gazonk", {HIDDEN}},
	{"obfuscated with a port", "for=\"_SEVKISEK:80\"", {HIDDEN}},
	{"nobody is named", "proto=http", {HIDDEN}},
	{"nothing but a semicolon", ";", {HIDDEN}},
	{"an unknown parameter", "for=1.1.1.1;x=y", {"1.1.1.1"}},
	{"a comma in a quotation",
	 "for=1.1.1.1;x=\"a,for=2.2.2.2\"",
	 {"1.1.1.1"}},
	{"an escaped quote in a quotation",
	 "x=\"a\\\",for=2.2.2.2\"",
	 {HIDDEN}},
	{"empty elements", ",, for=1.1.1.1 , ,", {"1.1.1.1"}},
	{"the empty value", "", {NULL}},
	{"a quotation without an end", "for=\"1.1.1.1", {WRONG}},
	{"a client's quotation cannot swallow what the proxy adds",
	 "for=6.6.6.6;by=\", for=\"[2001:db8::1]\"",
	 {WRONG}},
	{"nor when the proxy quotes nothing",
	 "for=6.6.6.6;by=\", for=1.2.3.4",
	 {WRONG}},
	{"what is right before the fault is still read",
	 "for=1.1.1.1, for",
	 {"1.1.1.1", WRONG}},
	{"IPv4 with a port must be quoted", "for=192.0.2.43:47011", {WRONG}},
	{"IPv6 must be in brackets", "for=\"2001:db8::17\"", {WRONG}},
	{"IPv6 must be quoted", "for=[2001:db8::17]", {WRONG}},
	{"IPv4 in brackets", "for=\"[192.0.2.1]\"", {WRONG}},
	{"no closing bracket", "for=\"[::1\"", {WRONG}},
	{"text behind the bracket", "for=\"[::1]x\"", {WRONG}},
	{"a port beyond 65535", "for=\"1.1.1.1:65536\"", {WRONG}},
	{"an empty port", "for=\"1.1.1.1:\"", {WRONG}},
	{"no value", "for=", {WRONG}},
	{"an empty quotation", "for=\"\"", {WRONG}},
	{"no name", "=1.1.1.1", {WRONG}},
	{"for twice", "for=1.1.1.1;for=2.2.2.2", {WRONG}},
	{"a name of a host", "for=example", {WRONG}},
	{"an underscore alone", "for=_", {WRONG}},
	{"an obfuscated name with other characters", "for=\"_a b\"", {WRONG}},
	{"an escape in an address", "for=\"1.1.1\\.1\"", {WRONG}},
	{"a control character in a quotation", "x=\"\1\"", {WRONG}},
	{"two values", "for=1.1.1.1 for=2.2.2.2", {WRONG}},
};

static const char *hop_text(const struct forwarded_hop *hop, char *room)
{
	return hop->kind == FORWARDED_HIDDEN ? HIDDEN
					     : addr_text(&hop->address, room);
}

static void check_row(const struct row *row)
{
	size_t len = strlen(row->value);
	char *copy = malloc(len ? len : 1), room[ADDR_TEXT_MAX];
	struct sv rest;
	unsigned at = 0;
	int rc;

	memcpy(copy, row->value, len);
	rest = sv_of(copy, len);
	for (;;) {
		struct forwarded_hop hop;
		const char *want = row->hops[at++];

		rc = forwarded_next(&rest, &hop);
		if (rc != 1)
			break;
		if (!want || strcmp(want, hop_text(&hop, room)) != 0)
			fail_msg("%s: got %s", row->rule, hop_text(&hop, room));
	}
	if (rc == 0 ? row->hops[at - 1] != NULL
		    : !row->hops[at - 1] ||
			      strcmp(row->hops[at - 1], WRONG) != 0)
		fail_msg("%s: ended with %d", row->rule, rc);
	free(copy);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
