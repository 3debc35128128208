/*
 * addr.c - comparing, masking, converting and writing addresses (reading:
 * addr_parse.c, classes: addr_classify.c). Invariant: bytes behind an IPv4
 * address are zero. Pure, any thread.
 */
#include "lib/base/addr.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/err.h"

#define ADDR_WORDS 8 /* of an IPv6 address, 16 bits each */

static bool addr_is_mapped(const struct addr *addr)
{
	static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

	return addr->family == ADDR_V6 &&
	       !memcmp(addr->bytes, MAPPED, sizeof(MAPPED));
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family &&
	       !memcmp(a->bytes, b->bytes, a->family == ADDR_V4 ? 4 : 16);
}

static unsigned addr_bit_count(const struct addr *addr)
{
	return addr->family == ADDR_V4 ? 32 : 128;
}

struct addr addr_mask(const struct addr *addr, unsigned bits)
{
	struct addr masked = *addr;
	unsigned whole = bits / 8;

	if (bits >= addr_bit_count(addr))
		return masked;
	masked.bytes[whole] &= (uint8_t)(0xff00 >> bits % 8);
	memset(masked.bytes + whole + 1, 0, sizeof(masked.bytes) - whole - 1);
	return masked;
}

bool addr_in_prefix(const struct addr *addr, const struct addr_prefix *prefix)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (addr->family != prefix->base.family)
		return false;
	assert(prefix->bits <= addr_bit_count(addr));
	if (memcmp(addr->bytes, prefix->base.bytes, whole) != 0)
		return false;
	return rest == 0 || ((addr->bytes[whole] ^ prefix->base.bytes[whole]) &
			     (0xff00 >> rest) & 0xff) == 0;
}

static struct addr addr_from_v4_bytes(const uint8_t *bytes)
{
	struct addr addr = {.family = ADDR_V4};

	memcpy(addr.bytes, bytes, 4);
	return addr;
}

struct addr addr_unmap(const struct addr *addr)
{
	static const uint8_t NAT64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (addr->family != ADDR_V6)
		return *addr;
	if (addr->bytes[0] == 0x20 && addr->bytes[1] == 0x02)
		return addr_from_v4_bytes(addr->bytes + 2);
	if (addr_is_mapped(addr) || !memcmp(addr->bytes, NAT64, sizeof(NAT64)))
		return addr_from_v4_bytes(addr->bytes + 12);
	return *addr;
}

uint64_t addr_network(const struct addr *addr)
{
	struct addr plain = addr_unmap(addr);
	unsigned bytes = plain.family == ADDR_V4 ? 3 : 6;
	uint64_t network = plain.family;

	for (unsigned i = 0; i < bytes; i++)
		network = network << 8 | plain.bytes[i];
	return network;
}

struct addr addr_from_v4_host(uint32_t host_order)
{
	const uint8_t bytes[4] = {
		(uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
		(uint8_t)(host_order >> 8), (uint8_t)host_order};

	return addr_from_v4_bytes(bytes);
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *addr_r,
		       uint16_t *port_r)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*addr_r = addr_from_v4_bytes((const uint8_t *)&in.sin_addr);
		*port_r = ntohs(in.sin_port);
		return 0;
	}
	if (sa->sa_family != AF_INET6)
		return ERR_UNSUPPORTED;
	memcpy(&in6, sa, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		*addr_r = addr_from_v4_bytes(in6.sin6_addr.s6_addr + 12);
	} else {
		memcpy(addr_r->bytes, &in6.sin6_addr, sizeof(addr_r->bytes));
		addr_r->family = ADDR_V6;
	}
	*port_r = ntohs(in6.sin6_port);
	return 0;
}

socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port,
			   struct sockaddr_storage *ss_r)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(port)};

	memset(ss_r, 0, sizeof(*ss_r));
	if (addr->family == ADDR_V4) {
		memcpy(&in.sin_addr, addr->bytes, 4);
		memcpy(ss_r, &in, sizeof(in));
		return sizeof(in);
	}
	if (addr->family == ADDR_V6)
		memcpy(&in6.sin6_addr, addr->bytes, 16);
	memcpy(ss_r, &in6, sizeof(in6));
	return sizeof(in6);
}

static void addr_put_v4(struct buf *b, const uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			buf_char(b, '.');
		buf_u64(b, bytes[i]);
	}
}

static unsigned addr_word(const struct addr *addr, int i)
{
	return (unsigned)addr->bytes[2 * i] << 8 | addr->bytes[2 * i + 1];
}

/* The longest run of two zero words or more, the first of equals. */
static int addr_zero_run(const struct addr *addr, int *len_r)
{
	int best = -1, best_len = 1, len = 0;

	for (int i = 0; i < ADDR_WORDS; i++) {
		len = addr_word(addr, i) ? 0 : len + 1;
		if (len > best_len) {
			best = i - len + 1;
			best_len = len;
		}
	}
	*len_r = best_len;
	return best;
}

static void addr_put_v6(struct buf *b, const struct addr *addr)
{
	int run_len, run = addr_zero_run(addr, &run_len);
	unsigned word, digits;

	for (int i = 0; i < ADDR_WORDS; i++) {
		if (i == run) {
			buf_put(b, "::", 2);
			i += run_len - 1;
			continue;
		}
		if (i > 0 && i != run + run_len)
			buf_char(b, ':');
		word = addr_word(addr, i);
		digits = 1;
		while (digits < 4 && word >> 4 * digits)
			digits++;
		buf_hex(b, word, digits);
	}
}

void addr_put(struct buf *b, const struct addr *addr)
{
	if (addr->family == ADDR_V4) {
		addr_put_v4(b, addr->bytes);
	} else if (addr->family != ADDR_V6) {
		buf_char(b, '*');
	} else if (addr_is_mapped(addr)) {
		buf_str(b, "::ffff:");
		addr_put_v4(b, addr->bytes + 12);
	} else {
		addr_put_v6(b, addr);
	}
}

const char *addr_text(const struct addr *addr, char *dst)
{
	struct buf b;

	buf_init_fixed(&b, dst, ADDR_TEXT_MAX);
	addr_put(&b, addr);
	return buf_cstr(&b);
}

const char *addr_class_str(enum addr_class class)
{
	static const char *const NAMES[] = {
		[ADDR_GLOBAL] = "global",
		[ADDR_PRIVATE] = "private",
		[ADDR_LOOPBACK] = "loopback",
		[ADDR_LINK_LOCAL] = "link-local",
		[ADDR_MULTICAST] = "multicast",
		[ADDR_UNSPECIFIED] = "unspecified",
		[ADDR_RESERVED] = "reserved",
	};

	return (unsigned)class < ARRAY_LEN(NAMES) ? NAMES[class] : "reserved";
}
