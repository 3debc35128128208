/*
 * test_addr.c - addresses: text both ways, prefixes, classes, socket names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"

static const struct parse_row {
	const char *rule, *text, *want; /* want: canonical, NULL = refused */
} PARSE_ROWS[] = {
	{"plain IPv4", "1.2.3.4", "1.2.3.4"},
	{"all zero", "0.0.0.0", "0.0.0.0"},
	{"all ones", "255.255.255.255", "255.255.255.255"},
	{"octet above 255", "1.2.3.256", NULL},
	{"octet of four digits", "1.2.3.1000", NULL},
	{"leading zero", "1.2.3.04", NULL},
	{"double zero", "1.2.3.00", NULL},
	{"three octets", "1.2.3", NULL},
	{"five octets", "1.2.3.4.5", NULL},
	{"empty octet", "1..3.4", NULL},
	{"dot at the end", "1.2.3.4.", NULL},
	{"dot in front", ".1.2.3.4", NULL},
	{"space in front", " 1.2.3.4", NULL},
	{"space behind", "1.2.3.4 ", NULL},
	{"hexadecimal octet", "0x1.2.3.4", NULL},
	{"sign", "+1.2.3.4", NULL},
	{"number", "16909060", NULL},
	{"nothing", "", NULL},
	{"a letter", "a", NULL},
	{"unspecified", "::", "::"},
	{"loopback", "::1", "::1"},
	{"gap at the end", "1::", "1::"},
	{"full form", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5"},
	{"upper case becomes lower", "2001:DB8::A", "2001:db8::a"},
	{"leading zeros go", "2001:0db8::0001", "2001:db8::1"},
	{"longest run is shortened", "1:0:0:2:0:0:0:3", "1:0:0:2::3"},
	{"first of equal runs", "1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
	{"one zero word is not shortened", "1:0:2:3:4:5:6:7",
	 "1:0:2:3:4:5:6:7"},
	{"gap of one word is read", "1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
	{"gap of one word at the end", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	{"gap of no word", "1:2:3:4::5:6:7:8", NULL},
	{"two gaps", "1::2::3", NULL},
	{"three colons", "1:::2", NULL},
	{"nine words", "1:2:3:4:5:6:7:8:9", NULL},
	{"seven words", "1:2:3:4:5:6:7", NULL},
	{"five digits", "12345::", NULL},
	{"five digits in a later word", "1:12345::", NULL},
	{"one colon in front", ":1::2", NULL},
	{"only a colon", ":", NULL},
	{"colon at the end", "1:2:3:4:5:6:7:8:", NULL},
	{"colon behind a gapless start", "1:", NULL},
	{"no hexadecimal", "::g", NULL},
	{"brackets", "[::1]", NULL},
	{"zone", "fe80::1%eth0", NULL},
	{"IPv4 tail", "64:ff9b::1.2.3.4", "64:ff9b::102:304"},
	{"IPv4 tail of the full form", "1:2:3:4:5:6:7.8.9.10",
	 "1:2:3:4:5:6:708:90a"},
	{"IPv4 tail too late", "1:2:3:4:5:6:7:1.2.3.4", NULL},
	{"IPv4 tail too early", "1:2:3:4:5:1.2.3.4", NULL},
	{"IPv4 tail and a gap that has no room", "1:2:3:4:5:6::1.2.3.4", NULL},
	{"IPv4 in the middle", "::1.2.3.4:5", NULL},
	{"bad IPv4 tail", "::1.2.3.256", NULL},
	{"tail of three octets", "::1.2.3", NULL},
	{"mapped becomes IPv4", "::ffff:1.2.3.4", "1.2.3.4"},
	{"mapped in hexadecimal too", "::FFFF:102:304", "1.2.3.4"},
	{"mapped in full", "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"},
	{"longest possible text",
	 "0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"},
	{"one longer", "0000:0000:0000:0000:0000:ffff:255.255.255.2555", NULL},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PARSE_ROWS); i++) {
		const struct parse_row *row = &PARSE_ROWS[i];
		char text[ADDR_TEXT_MAX];
		struct addr addr = {.family = 99};
		int rc = addr_parse(sv_str(row->text), &addr);

		if (rc != (row->want ? 0 : ERR_SYNTAX))
			fail_msg("%s: %s gives %d", row->rule, row->text, rc);
		if (!row->want)
			assert_int_equal(addr.family, 99);
		else if (strcmp(addr_text(&addr, text), row->want) != 0)
			fail_msg("%s: %s not %s", row->rule, text, row->want);
	}
}

/* libc is the judge of both directions. */
static void test_against_libc(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		struct addr addr = {.family = ADDR_V6}, again;
		char ours[ADDR_TEXT_MAX], theirs[ADDR_TEXT_MAX];
		uint64_t words = rng_u64(&rng), holes = rng_u64(&rng);

		for (int w = 0; w < 8; w++) {
			unsigned shift = 4 * (unsigned)(words >> 2 * w & 3);
			unsigned word = (unsigned)rng_u64(&rng) & 0xffff;

			if (holes >> w & 1)
				continue;
			word >>= shift;
			addr.bytes[2 * w] = (uint8_t)(word >> 8);
			addr.bytes[2 * w + 1] = (uint8_t)word;
		}
		inet_ntop(AF_INET6, addr.bytes, theirs, sizeof(theirs));
		if (strchr(theirs, '.'))
			continue; /* "::1.2.3.4" is not in RFC 5952 */
		assert_string_equal(addr_text(&addr, ours), theirs);
		assert_int_equal(addr_parse(sv_str(ours), &again), 0);
		assert_true(addr_eq(&addr, &again));
	}
}

static const struct prefix_row {
	const char *rule, *text, *base; /* NULL = refused */
	unsigned bits;
} PREFIX_ROWS[] = {
	{"IPv4", "10.0.0.0/8", "10.0.0.0", 8},
	{"bare IPv4", "10.0.0.1", "10.0.0.1", 32},
	{"all of IPv4", "0.0.0.0/0", "0.0.0.0", 0},
	{"host bits", "10.0.0.1/8", NULL, 0},
	{"too long for IPv4", "10.0.0.0/33", NULL, 0},
	{"bits that cut a byte", "10.128.0.0/9", "10.128.0.0", 9},
	{"host bit right behind", "10.64.0.0/9", NULL, 0},
	{"IPv6", "2001:db8::/32", "2001:db8::", 32},
	{"bare IPv6", "::1", "::1", 128},
	{"all of IPv6", "::/0", "::", 0},
	{"too long for IPv6", "::/129", NULL, 0},
	{"mapped", "::ffff:10.0.0.0/104", "10.0.0.0", 8},
	{"mapped with bits in front", "::ffff:0:0/95", NULL, 0},
	{"all of mapped", "::ffff:0:0/96", "0.0.0.0", 0},
	{"no bits behind the slash", "10.0.0.0/", NULL, 0},
	{"leading zero", "10.0.0.0/08", NULL, 0},
	{"two slashes", "10.0.0.0/8/8", NULL, 0},
	{"negative", "10.0.0.0/-1", NULL, 0},
	{"nothing in front", "/8", NULL, 0},
};

static void test_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PREFIX_ROWS); i++) {
		const struct prefix_row *row = &PREFIX_ROWS[i];
		struct addr_prefix prefix = {.bits = 99};
		char text[ADDR_TEXT_MAX];
		int rc = addr_parse_prefix(sv_str(row->text), &prefix);

		if (rc != (row->base ? 0 : ERR_SYNTAX))
			fail_msg("%s: %d", row->rule, rc);
		assert_int_equal(prefix.bits, row->base ? row->bits : 99);
		if (row->base)
			assert_string_equal(addr_text(&prefix.base, text),
					    row->base);
	}
}

static const struct in_row {
	const char *addr, *prefix;
	bool want;
} IN_ROWS[] = {
	{"10.255.255.255", "10.0.0.0/8", true},
	{"11.0.0.0", "10.0.0.0/8", false},
	{"10.127.255.255", "10.0.0.0/9", true},
	{"10.128.0.0", "10.0.0.0/9", false},
	{"1.2.3.4", "0.0.0.0/0", true},
	{"1.2.3.4", "1.2.3.4/32", true},
	{"1.2.3.5", "1.2.3.4/32", false},
	{"1.2.3.4", "::/0", false},
	{"2001:db8::1", "2001:db8::/127", true},
	{"2001:db8::2", "2001:db8::/127", false},
	{"ffff::", "::/0", true},
	{"2001:db8::1", "2001:db8::1/128", true},
};

static void test_in_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(IN_ROWS); i++) {
		struct addr addr;
		struct addr_prefix prefix;

		assert_int_equal(addr_parse(sv_str(IN_ROWS[i].addr), &addr), 0);
		assert_int_equal(
			addr_parse_prefix(sv_str(IN_ROWS[i].prefix), &prefix),
			0);
		if (addr_in_prefix(&addr, &prefix) != IN_ROWS[i].want)
			fail_msg("%s in %s", IN_ROWS[i].addr,
				 IN_ROWS[i].prefix);
	}
}

static const struct port_row {
	const char *rule, *text, *host; /* NULL = refused */
	unsigned port;
} PORT_ROWS[] = {
	{"IPv4", "1.2.3.4:80", "1.2.3.4", 80},
	{"port zero", "1.2.3.4:0", "1.2.3.4", 0},
	{"highest port", "1.2.3.4:65535", "1.2.3.4", 65535},
	{"above it", "1.2.3.4:65536", NULL, 0},
	{"leading zero", "1.2.3.4:080", NULL, 0},
	{"no port", "1.2.3.4:", NULL, 0},
	{"no colon", "1.2.3.4", NULL, 0},
	{"IPv6", "[::1]:80", "::1", 80},
	{"IPv6 without brackets", "::1:80", NULL, 0},
	{"IPv4 in brackets", "[1.2.3.4]:80", NULL, 0},
	{"mapped in brackets", "[::ffff:1.2.3.4]:80", "1.2.3.4", 80},
	{"open bracket", "[::1:80", NULL, 0},
	{"IPv6 without a port", "[::1]", NULL, 0},
	{"everything", "*:80", "*", 80},
	{"no host", ":80", NULL, 0},
	{"a name", "localhost:80", NULL, 0},
	{"nothing", "", NULL, 0},
};

static void test_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PORT_ROWS); i++) {
		const struct port_row *row = &PORT_ROWS[i];
		char text[ADDR_TEXT_MAX];
		struct addr addr;
		uint16_t port;
		int rc = addr_parse_port(sv_str(row->text), &addr, &port);

		if (rc != (row->host ? 0 : ERR_SYNTAX))
			fail_msg("%s: %d", row->rule, rc);
		if (!row->host)
			continue;
		assert_int_equal(port, row->port);
		assert_string_equal(addr_text(&addr, text), row->host);
	}
}

static const struct class_row {
	const char *addr;
	enum addr_class want;
} CLASS_ROWS[] = {
	{"0.0.0.0", ADDR_UNSPECIFIED},
	{"0.0.0.1", ADDR_RESERVED},
	{"1.0.0.0", ADDR_GLOBAL},
	{"9.255.255.255", ADDR_GLOBAL},
	{"10.0.0.0", ADDR_PRIVATE},
	{"10.255.255.255", ADDR_PRIVATE},
	{"11.0.0.0", ADDR_GLOBAL},
	{"100.63.255.255", ADDR_GLOBAL},
	{"100.64.0.0", ADDR_PRIVATE},
	{"100.127.255.255", ADDR_PRIVATE},
	{"100.128.0.0", ADDR_GLOBAL},
	{"127.0.1.1", ADDR_LOOPBACK},
	{"169.254.169.254", ADDR_LINK_LOCAL},
	{"172.15.255.255", ADDR_GLOBAL},
	{"172.16.0.0", ADDR_PRIVATE},
	{"172.31.255.255", ADDR_PRIVATE},
	{"172.32.0.0", ADDR_GLOBAL},
	{"192.0.0.1", ADDR_RESERVED},
	{"192.0.0.8", ADDR_RESERVED},
	{"192.0.0.9", ADDR_GLOBAL},
	{"192.0.0.10", ADDR_GLOBAL},
	{"192.0.0.170", ADDR_RESERVED},
	{"192.0.2.1", ADDR_RESERVED},
	{"192.31.196.1", ADDR_GLOBAL},
	{"192.52.193.1", ADDR_GLOBAL},
	{"192.88.99.1", ADDR_RESERVED},
	{"192.168.1.1", ADDR_PRIVATE},
	{"192.175.48.1", ADDR_GLOBAL},
	{"198.17.255.255", ADDR_GLOBAL},
	{"198.18.0.0", ADDR_RESERVED},
	{"198.19.255.255", ADDR_RESERVED},
	{"198.20.0.0", ADDR_GLOBAL},
	{"198.51.100.7", ADDR_RESERVED},
	{"203.0.113.7", ADDR_RESERVED},
	{"223.255.255.255", ADDR_GLOBAL},
	{"224.0.0.1", ADDR_MULTICAST},
	{"239.255.255.255", ADDR_MULTICAST},
	{"240.0.0.1", ADDR_RESERVED},
	{"255.255.255.255", ADDR_RESERVED},
	{"::", ADDR_UNSPECIFIED},
	{"::1", ADDR_LOOPBACK},
	{"::2", ADDR_RESERVED},
	{"::1.2.3.4", ADDR_RESERVED},
	{"64:ff9b::8.8.8.8", ADDR_GLOBAL},
	{"64:ff9b::10.0.0.1", ADDR_PRIVATE},
	{"64:ff9b:1::1", ADDR_PRIVATE},
	{"100::1", ADDR_RESERVED},
	{"100:0:0:1::1", ADDR_RESERVED},
	{"2001::1", ADDR_RESERVED},
	{"2001:1::1", ADDR_GLOBAL},
	{"2001:1::2", ADDR_GLOBAL},
	{"2001:1::3", ADDR_GLOBAL},
	{"2001:1::4", ADDR_RESERVED},
	{"2001:2::1", ADDR_RESERVED},
	{"2001:3::1", ADDR_GLOBAL},
	{"2001:4:112::1", ADDR_GLOBAL},
	{"2001:4:113::1", ADDR_RESERVED},
	{"2001:10::1", ADDR_RESERVED},
	{"2001:20::1", ADDR_GLOBAL},
	{"2001:30::1", ADDR_GLOBAL},
	{"2001:1ff::1", ADDR_RESERVED},
	{"2001:200::1", ADDR_GLOBAL},
	{"2001:db8::1", ADDR_RESERVED},
	{"2002:808:808::1", ADDR_GLOBAL},
	{"2002:a00:1::1", ADDR_PRIVATE},
	{"2002:7f00:1::1", ADDR_LOOPBACK},
	{"2400::1", ADDR_GLOBAL},
	{"2620:4f:8000::1", ADDR_GLOBAL},
	{"3fff::1", ADDR_RESERVED},
	{"3fff:1000::1", ADDR_GLOBAL},
	{"4000::1", ADDR_RESERVED},
	{"5f00::1", ADDR_RESERVED},
	{"fbff::1", ADDR_RESERVED},
	{"fc00::1", ADDR_PRIVATE},
	{"fdff::1", ADDR_PRIVATE},
	{"fe80::1", ADDR_LINK_LOCAL},
	{"febf::1", ADDR_LINK_LOCAL},
	{"fec0::1", ADDR_RESERVED},
	{"ff02::1", ADDR_MULTICAST},
};

static void test_classes(void **state)
{
	struct addr addr = {.family = ADDR_NONE};

	(void)state;
	assert_int_equal(addr_classify(&addr), ADDR_UNSPECIFIED);
	for (size_t i = 0; i < ARRAY_LEN(CLASS_ROWS); i++) {
		const struct class_row *row = &CLASS_ROWS[i];

		assert_int_equal(addr_parse(sv_str(row->addr), &addr), 0);
		if (addr_classify(&addr) != row->want)
			fail_msg("%s is %s", row->addr,
				 addr_class_str(addr_classify(&addr)));
	}
	assert_string_equal(addr_class_str(ADDR_LINK_LOCAL), "link-local");
	assert_string_equal(addr_class_str((enum addr_class)99), "reserved");
}

static void test_network(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"192.0.2.1", "192.0.2.255", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"192.0.2.1", "::ffff:192.0.2.9", true},
		{"2001:db8:1:2::1", "2001:db8:1:ffff::9", true},
		{"2001:db8:1::1", "2001:db8:2::1", false},
		{"0.0.0.0", "::", false},
	};
	struct addr a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(addr_parse(sv_str(rows[i].a), &a), 0);
		assert_int_equal(addr_parse(sv_str(rows[i].b), &b), 0);
		assert_int_equal(addr_network(&a) == addr_network(&b),
				 rows[i].same);
		assert_true(addr_network(&a) != 0 && addr_network(&b) != 0);
	}
}

static void test_mask_and_unmap(void **state)
{
	static const struct {
		const char *from, *want;
	} UNMAP[] = {
		{"2002:102:304::1", "1.2.3.4"},
		{"64:ff9b::1.2.3.4", "1.2.3.4"},
		{"64:ff9b:0:1::1.2.3.4", "64:ff9b:0:1::102:304"},
		{"2001:db8::1", "2001:db8::1"},
		{"9.8.7.6", "9.8.7.6"},
	};
	struct addr addr, masked;
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(UNMAP); i++) {
		assert_int_equal(addr_parse(sv_str(UNMAP[i].from), &addr), 0);
		addr = addr_unmap(&addr);
		assert_string_equal(addr_text(&addr, text), UNMAP[i].want);
	}
	addr = addr_from_v4_host(0xffffffff);
	masked = addr_mask(&addr, 0);
	assert_string_equal(addr_text(&masked, text), "0.0.0.0");
	masked = addr_mask(&addr, 23);
	assert_string_equal(addr_text(&masked, text), "255.255.254.0");
	masked = addr_mask(&addr, 40);
	assert_string_equal(addr_text(&masked, text), "255.255.255.255");
	assert_int_equal(addr_v4_host(&masked), 0xffffffff);
	assert_int_equal(addr_parse(SV("ffff:ffff::ffff"), &addr), 0);
	masked = addr_mask(&addr, 17);
	assert_string_equal(addr_text(&masked, text), "ffff:8000::");
	masked = addr_mask(&addr, 127);
	assert_string_equal(addr_text(&masked, text), "ffff:ffff::fffe");
}

static void test_socket_names(void **state)
{
	static const char *const TEXTS[] = {"1.2.3.4", "2001:db8::1"};
	struct sockaddr_storage ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&ss;
	struct addr addr, again;
	char text[ADDR_TEXT_MAX];
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		assert_int_equal(addr_parse(sv_str(TEXTS[i]), &addr), 0);
		assert_int_equal(addr_to_sockaddr(&addr, 8053, &ss),
				 i ? sizeof(struct sockaddr_in6)
				   : sizeof(struct sockaddr_in));
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss,
						    &again, &port),
				 0);
		assert_true(addr_eq(&addr, &again));
		assert_int_equal(port, 8053);
	}
	addr = (struct addr){.family = ADDR_NONE};
	addr_to_sockaddr(&addr, 1, &ss);
	assert_int_equal(ss.ss_family, AF_INET6);
	assert_string_equal(addr_text(&addr, text), "*");
	inet_pton(AF_INET6, "::ffff:1.2.3.4", &in6->sin6_addr);
	assert_int_equal(
		addr_from_sockaddr((struct sockaddr *)&ss, &addr, &port), 0);
	assert_string_equal(addr_text(&addr, text), "1.2.3.4");
	ss.ss_family = AF_UNIX;
	assert_int_equal(
		addr_from_sockaddr((struct sockaddr *)&ss, &addr, &port),
		ERR_UNSUPPORTED);
	memset(&addr, 0, sizeof(addr));
	addr.family = ADDR_V6;
	addr.bytes[10] = addr.bytes[11] = 0xff;
	assert_string_equal(addr_text(&addr, text), "::ffff:0.0.0.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_in_prefix),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_mask_and_unmap),
		cmocka_unit_test(test_socket_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
