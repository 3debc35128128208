/*
 * addr_parse.c - addresses from text. The parser is on the query path:
 * one pass, no copies, no libc. Strict: what inet_pton lets through beyond
 * RFC 4291's grammar (nothing today) is not let through here either. Out
 * parameters are written only on success. Pure, any thread.
 */
#include "lib/base/addr.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

#define ADDR_WORDS 8

/* Four octets, 0..255 each, without leading zeros. */
static int addr_parse_v4(const char *p, const char *end, uint8_t *bytes_r)
{
	for (int i = 0; i < 4; i++) {
		unsigned octet = 0, digits = 0;

		if (i > 0 && (p == end || *p++ != '.'))
			return ERR_SYNTAX;
		while (p < end && *p >= '0' && *p <= '9' && digits < 4) {
			octet = octet * 10 + (unsigned)(*p++ - '0');
			digits++;
		}
		if (digits == 0 || octet > 255 || digits > 3 ||
		    (digits > 1 && p[-(int)digits] == '0'))
			return ERR_SYNTAX;
		bytes_r[i] = (uint8_t)octet;
	}
	return p == end ? 0 : ERR_SYNTAX;
}

static int addr_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The words of an IPv6 text as they are read. */
struct addr_words {
	uint8_t bytes[16];
	int count; /* words stored */
	int gap;   /* how many came before "::", -1 = none seen */
};

static int addr_push_word(struct addr_words *w, unsigned word)
{
	if (w->count == ADDR_WORDS)
		return ERR_SYNTAX;
	w->bytes[2 * w->count] = (uint8_t)(word >> 8);
	w->bytes[2 * w->count + 1] = (uint8_t)word;
	w->count++;
	return 0;
}

/* One to four hexadecimal digits, or the IPv4 tail; moves *p behind them. */
static int addr_read_word(struct addr_words *w, const char **p, const char *end)
{
	const char *start = *p;
	unsigned word = 0;
	int digit;

	while (*p < end && (digit = addr_hex_digit(**p)) >= 0) {
		if (*p - start == 4)
			return ERR_SYNTAX;
		word = word << 4 | (unsigned)digit;
		++*p;
	}
	if (*p == start)
		return ERR_SYNTAX;
	if (*p == end || **p != '.')
		return addr_push_word(w, word);
	if (w->count > ADDR_WORDS - 2)
		return ERR_SYNTAX;
	*p = end;
	w->count += 2;
	return addr_parse_v4(start, end, w->bytes + 2 * (w->count - 2));
}

/* Move the words behind "::" to the end and fill the hole with zeros. */
static int addr_close_gap(struct addr_words *w)
{
	size_t head, tail;

	if (w->gap < 0)
		return w->count == ADDR_WORDS ? 0 : ERR_SYNTAX;
	if (w->count == ADDR_WORDS)
		return ERR_SYNTAX; /* "::" stands for one word at least */
	head = 2 * (size_t)w->gap;
	tail = 2 * (size_t)w->count - head;
	memmove(w->bytes + sizeof(w->bytes) - tail, w->bytes + head, tail);
	memset(w->bytes + head, 0, sizeof(w->bytes) - head - tail);
	return 0;
}

static int addr_parse_v6(const char *p, const char *end, uint8_t *bytes_r)
{
	struct addr_words w = {.gap = -1};

	if (p[0] == ':') { /* there are two bytes at least */
		if (p[1] != ':')
			return ERR_SYNTAX;
		w.gap = 0;
		p += 2;
	}
	while (p < end) {
		if (addr_read_word(&w, &p, end))
			return ERR_SYNTAX;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return ERR_SYNTAX;
		if (*p != ':')
			continue;
		if (w.gap >= 0)
			return ERR_SYNTAX;
		w.gap = w.count;
		p++;
	}
	if (addr_close_gap(&w))
		return ERR_SYNTAX;
	memcpy(bytes_r, w.bytes, sizeof(w.bytes));
	return 0;
}

static bool addr_is_mapped(const struct addr *addr)
{
	static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

	return addr->family == ADDR_V6 &&
	       !memcmp(addr->bytes, MAPPED, sizeof(MAPPED));
}

int addr_parse(struct sv text, struct addr *addr_r)
{
	struct addr addr = {.family = ADDR_V4};
	const char *end;

	if (text.len < 2 || text.len >= ADDR_TEXT_MAX)
		return ERR_SYNTAX;
	end = text.ptr + text.len;
	/* The colon of an IPv6 text comes after four digits at the latest. */
	if (!memchr(text.ptr, ':', text.len < 5 ? text.len : 5)) {
		if (addr_parse_v4(text.ptr, end, addr.bytes))
			return ERR_SYNTAX;
		*addr_r = addr;
		return 0;
	}
	addr.family = ADDR_V6;
	if (addr_parse_v6(text.ptr, end, addr.bytes))
		return ERR_SYNTAX;
	*addr_r = addr_is_mapped(&addr) ? addr_unmap(&addr) : addr;
	return 0;
}

/* A number as we write them: no leading zero. */
static int addr_parse_small(struct sv text, uint64_t max, uint64_t *value_r)
{
	if (text.len > 1 && text.ptr[0] == '0')
		return ERR_SYNTAX;
	return num_u64(text, max, value_r) ? ERR_SYNTAX : 0;
}

int addr_parse_prefix(struct sv text, struct addr_prefix *prefix_r)
{
	struct sv rest = text, host = sv_cut(&rest, '/');
	struct addr_prefix prefix;
	uint64_t bits, mapped_bits = 0, all_bits;
	struct addr masked;

	if (addr_parse(host, &prefix.base))
		return ERR_SYNTAX;
	all_bits = prefix.base.family == ADDR_V4 ? 32 : 128;
	/* "::ffff:10.0.0.0/104" is 10.0.0.0/8. */
	if (all_bits == 32 && memchr(host.ptr, ':', host.len))
		mapped_bits = 96;
	bits = all_bits;
	if (host.len != text.len) {
		if (addr_parse_small(rest, all_bits + mapped_bits, &bits) ||
		    bits < mapped_bits)
			return ERR_SYNTAX;
		bits -= mapped_bits;
	}
	masked = addr_mask(&prefix.base, (unsigned)bits);
	if (!addr_eq(&masked, &prefix.base))
		return ERR_SYNTAX;
	prefix.bits = (uint8_t)bits;
	*prefix_r = prefix;
	return 0;
}

/* The part before ":port": an address, brackets around IPv6, or "*". */
static int addr_parse_host(struct sv host, struct addr *addr_r)
{
	bool colon = host.len && memchr(host.ptr, ':', host.len);

	if (sv_eq(host, SV("*"))) {
		*addr_r = (struct addr){.family = ADDR_NONE};
		return 0;
	}
	if (!colon)
		return addr_parse(host, addr_r);
	if (host.len < 2 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
		return ERR_SYNTAX;
	return addr_parse(sv_of(host.ptr + 1, host.len - 2), addr_r);
}

int addr_parse_port(struct sv text, struct addr *addr_r, uint16_t *port_r)
{
	const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
	struct addr addr;
	uint64_t port;
	size_t host_len;

	if (!colon)
		return ERR_SYNTAX;
	host_len = (size_t)(colon - text.ptr);
	if (addr_parse_small(sv_of(colon + 1, text.len - host_len - 1),
			     UINT16_MAX, &port) ||
	    addr_parse_host(sv_of(text.ptr, host_len), &addr))
		return ERR_SYNTAX;
	*addr_r = addr;
	*port_r = (uint16_t)port;
	return 0;
}
