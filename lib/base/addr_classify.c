/*
 * addr_classify.c - what an address may be used for, after IANA's
 * special-purpose address registries (RFC 6890) and the IPv6 address space
 * registry. Tables in order, the first row that matches decides. Pure, any
 * thread.
 */
#include "lib/base/addr.h"

#include "lib/base/def.h"

struct class_v4 {
	uint32_t base;
	uint8_t bits;
	enum addr_class class;
};

#define V4(a, b, c, d)                                                         \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static const struct class_v4 CLASSES_V4[] = {
	{V4(0, 0, 0, 0), 32, ADDR_UNSPECIFIED},
	{V4(0, 0, 0, 0), 8, ADDR_RESERVED}, /* RFC 791 "this network" */
	{V4(10, 0, 0, 0), 8, ADDR_PRIVATE},
	{V4(100, 64, 0, 0), 10, ADDR_PRIVATE}, /* RFC 6598 carrier NAT */
	{V4(127, 0, 0, 0), 8, ADDR_LOOPBACK},
	{V4(169, 254, 0, 0), 16, ADDR_LINK_LOCAL},
	{V4(172, 16, 0, 0), 12, ADDR_PRIVATE},
	{V4(192, 0, 0, 9), 32, ADDR_GLOBAL},	 /* RFC 7723 PCP anycast */
	{V4(192, 0, 0, 10), 32, ADDR_GLOBAL},	 /* RFC 8155 TURN anycast */
	{V4(192, 0, 0, 0), 24, ADDR_RESERVED},	 /* RFC 6890 assignments */
	{V4(192, 0, 2, 0), 24, ADDR_RESERVED},	 /* RFC 5737 documentation */
	{V4(192, 88, 99, 0), 24, ADDR_RESERVED}, /* RFC 7526, was 6to4 */
	{V4(192, 168, 0, 0), 16, ADDR_PRIVATE},
	{V4(198, 18, 0, 0), 15, ADDR_RESERVED},	  /* RFC 2544 benchmarks */
	{V4(198, 51, 100, 0), 24, ADDR_RESERVED}, /* RFC 5737 */
	{V4(203, 0, 113, 0), 24, ADDR_RESERVED},  /* RFC 5737 */
	{V4(224, 0, 0, 0), 4, ADDR_MULTICAST},
	{V4(240, 0, 0, 0), 4, ADDR_RESERVED}, /* RFC 1112, and broadcast */
};

struct class_v6 {
	uint64_t high, low;
	uint8_t bits;
	enum addr_class class;
};

static const struct class_v6 CLASSES_V6[] = {
	{0, 0, 128, ADDR_UNSPECIFIED},
	{0, 1, 128, ADDR_LOOPBACK},
	{0x0064ff9b00010000, 0, 48, ADDR_PRIVATE},  /* RFC 8215 local NAT64 */
	{0x2001000100000000, 1, 128, ADDR_GLOBAL},  /* RFC 7723 PCP anycast */
	{0x2001000100000000, 2, 128, ADDR_GLOBAL},  /* RFC 8155 TURN anycast */
	{0x2001000100000000, 3, 128, ADDR_GLOBAL},  /* RFC 9665 DNS-SD SRP */
	{0x2001000300000000, 0, 32, ADDR_GLOBAL},   /* RFC 7450 AMT */
	{0x2001000401120000, 0, 48, ADDR_GLOBAL},   /* RFC 7535 AS112 */
	{0x2001002000000000, 0, 28, ADDR_GLOBAL},   /* RFC 7343 ORCHIDv2 */
	{0x2001003000000000, 0, 28, ADDR_GLOBAL},   /* RFC 9374 drone ids */
	{0x2001000000000000, 0, 23, ADDR_RESERVED}, /* RFC 2928, Teredo too */
	{0x20010db800000000, 0, 32, ADDR_RESERVED}, /* RFC 3849 documentation */
	{0x3fff000000000000, 0, 20, ADDR_RESERVED}, /* RFC 9637 documentation */
	{0x2000000000000000, 0, 3, ADDR_GLOBAL},
	{0xfc00000000000000, 0, 7, ADDR_PRIVATE},
	{0xfe80000000000000, 0, 10, ADDR_LINK_LOCAL},
	{0xff00000000000000, 0, 8, ADDR_MULTICAST},
	/* Everything else, as 100::/64 and 5f00::/16, is the IETF's. */
};

static enum addr_class class_of_v4(uint32_t host)
{
	for (size_t i = 0; i < ARRAY_LEN(CLASSES_V4); i++) {
		const struct class_v4 *row = &CLASSES_V4[i];

		if ((host ^ row->base) >> (32 - row->bits) == 0)
			return row->class;
	}
	return ADDR_GLOBAL;
}

static uint64_t class_load(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (int i = 0; i < 8; i++)
		word = word << 8 | bytes[i];
	return word;
}

static enum addr_class class_of_v6(const struct addr *addr)
{
	uint64_t high = class_load(addr->bytes);
	uint64_t low = class_load(addr->bytes + 8);

	for (size_t i = 0; i < ARRAY_LEN(CLASSES_V6); i++) {
		const struct class_v6 *row = &CLASSES_V6[i];

		/* No row lies between 64 and 128 bits. */
		if (row->bits == 128
			    ? high == row->high && low == row->low
			    : (high ^ row->high) >> (64 - row->bits) == 0)
			return row->class;
	}
	return ADDR_RESERVED;
}

enum addr_class addr_classify(const struct addr *addr)
{
	struct addr inner = addr_unmap(addr);

	/* What carries an IPv4 address is as good as that address. */
	if (inner.family == ADDR_V4)
		return class_of_v4(addr_v4_host(&inner));
	return inner.family == ADDR_V6 ? class_of_v6(&inner) : ADDR_UNSPECIFIED;
}
