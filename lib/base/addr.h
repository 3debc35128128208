/*
 * addr.h - IP addresses and prefixes, both families in one plain struct.
 * Pure, any thread.
 */
#ifndef PERI_LIB_BASE_ADDR_H
#define PERI_LIB_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/buf.h"

#define ADDR_TEXT_MAX 46 /* longest text with its NUL (INET6_ADDRSTRLEN) */

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

struct addr {
	uint8_t bytes[16]; /* network order; IPv4 in the first four */
	uint8_t family;	   /* enum addr_family */
};

struct addr_prefix {
	struct addr base; /* host bits are zero */
	uint8_t bits;	  /* 0..32 or 0..128 */
};

/* What an address may be used for; one address is in exactly one class. */
enum addr_class {
	ADDR_GLOBAL,
	ADDR_PRIVATE, /* RFC 1918, RFC 6598, fc00::/7 */
	ADDR_LOOPBACK,
	ADDR_LINK_LOCAL,
	ADDR_MULTICAST,
	ADDR_UNSPECIFIED,
	ADDR_RESERVED, /* documentation, benchmarking, class E, ... */
};

/*
 * addr_parse - text of either family to an address; v4-mapped IPv6 becomes
 * IPv4. No brackets, no zone, no leading zeros in IPv4.
 *
 * Returns 0 or ERR_SYNTAX.
 */
MUST_CHECK int addr_parse(struct sv text, struct addr *addr_r);

/* addr_parse_prefix - "10.0.0.0/8" or a bare address; host bits must be 0. */
MUST_CHECK int addr_parse_prefix(struct sv text, struct addr_prefix *prefix_r);

/*
 * addr_parse_port - "1.2.3.4:80", "[::1]:80" or "*:80" (both families,
 * family ADDR_NONE). Returns 0 or ERR_SYNTAX. Port 0 is allowed.
 */
MUST_CHECK int addr_parse_port(struct sv text, struct addr *addr_r,
			       uint16_t *port_r);

/* addr_put - append the canonical text (RFC 5952). */
void addr_put(struct buf *b, const struct addr *addr);

/* addr_text - the canonical text into @dst of ADDR_TEXT_MAX; returns @dst. */
const char *addr_text(const struct addr *addr, char *dst);

/* addr_eq - same family and bytes. */
bool addr_eq(const struct addr *a, const struct addr *b);

/* addr_classify - the class of @addr. */
enum addr_class addr_classify(const struct addr *addr);

/* addr_class_str - "global", "private", ... constant text. */
const char *addr_class_str(enum addr_class class);

/* addr_mask - @addr with all but its first @bits bits zeroed. */
struct addr addr_mask(const struct addr *addr, unsigned bits);

/* addr_in_prefix - whether @addr lies in @prefix. */
bool addr_in_prefix(const struct addr *addr, const struct addr_prefix *prefix);

/*
 * addr_unmap - the IPv4 address inside a v4-mapped, 6to4 (2002::/16) or
 * NAT64 (64:ff9b::/96) IPv6 address; any other address unchanged.
 */
struct addr addr_unmap(const struct addr *addr);

/* addr_network - the /24 of an IPv4 address (also inside an IPv6 one, see
 * addr_unmap()), the /48 of an IPv6 one, as a number: not 0, and no two
 * networks, of either family, have the same. */
uint64_t addr_network(const struct addr *addr);

/* addr_v4_host - an IPv4 address as a number in host order. */
static inline uint32_t addr_v4_host(const struct addr *addr)
{
	return (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
	       (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];
}

/* addr_from_v4_host - the reverse of addr_v4_host(). */
struct addr addr_from_v4_host(uint32_t host_order);

/* addr_from_sockaddr - address and port of a socket name (v4-mapped unmapped).
 * Returns 0, or ERR_UNSUPPORTED for another family. */
MUST_CHECK int addr_from_sockaddr(const struct sockaddr *sa,
				  struct addr *addr_r, uint16_t *port_r);

/* addr_to_sockaddr - fill @ss_r; returns its length. ADDR_NONE is [::]. */
socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port,
			   struct sockaddr_storage *ss_r);

#endif
