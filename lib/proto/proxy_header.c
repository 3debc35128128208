/*
 * proxy_header.c - reads the PROXY protocol, strictly: a proxy that is trusted
 * with a client's address is to say it right. Pure.
 */
#include "lib/proto/proxy_header.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

#define V1_MAX_BYTES  107 /* with CRLF */
#define V2_HEAD_BYTES 16

static const struct sv v1_mark = {"PROXY ", 6};
static const struct sv v2_mark = {"\r\n\r\n\0\r\nQUIT\n", 12};

/* Byte 13 of version 2: version and command. Byte 14: family and transport. */
enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };
enum { V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

/* Whether @bytes are the mark, or its beginning. */
static bool may_become(struct sv bytes, struct sv mark)
{
	if (bytes.len > mark.len)
		bytes.len = mark.len;
	return sv_starts(mark, bytes);
}

bool proxy_header_is_one(struct sv bytes)
{
	return sv_starts(bytes, v1_mark) || sv_starts(bytes, v2_mark);
}

/* ---- version 1 ---- */

/* The specification wants the family's own notation. */
static int read_addr(struct sv text, bool is_v6, struct addr *addr_r)
{
	if (text.len == 0 || (memchr(text.ptr, ':', text.len) != NULL) != is_v6)
		return ERR_SYNTAX;
	return addr_parse(text, addr_r);
}

static int read_port(struct sv text, uint16_t *port_r)
{
	uint64_t port;

	if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0') ||
	    num_u64(text, UINT16_MAX, &port) != 0)
		return ERR_SYNTAX;
	*port_r = (uint16_t)port;
	return 0;
}

/* "TCP4 192.0.2.1 192.0.2.2 40000 80", "UNKNOWN" and anything behind it. */
static int read_line(struct sv line, struct proxy_header *header_r)
{
	struct sv kind = sv_cut(&line, ' ');
	bool is_v6 = sv_eq(kind, SV("TCP6"));
	struct addr destination;
	struct sv part[4];
	uint16_t port;

	if (sv_eq(kind, SV("UNKNOWN")))
		return 0;
	if (!is_v6 && !sv_eq(kind, SV("TCP4")))
		return ERR_SYNTAX;
	for (size_t i = 0; i < 3; i++)
		part[i] = sv_cut(&line, ' ');
	part[3] = line; /* the rest: another space is an error in the port */
	if (read_addr(part[0], is_v6, &header_r->source) != 0 ||
	    read_addr(part[1], is_v6, &destination) != 0 ||
	    read_port(part[2], &header_r->source_port) != 0 ||
	    read_port(part[3], &port) != 0)
		return ERR_SYNTAX;
	return 0;
}

static int read_v1(struct sv bytes, struct proxy_header *header_r)
{
	size_t most = bytes.len < V1_MAX_BYTES ? bytes.len : V1_MAX_BYTES;
	const char *end = memchr(bytes.ptr, '\r', most);
	size_t line_bytes;

	if (!end || end + 1 == bytes.ptr + bytes.len)
		return most < V1_MAX_BYTES ? ERR_AGAIN : ERR_SYNTAX;
	line_bytes = (size_t)(end - bytes.ptr);
	if (line_bytes + 2 > V1_MAX_BYTES || end[1] != '\n')
		return ERR_SYNTAX;
	header_r->bytes = line_bytes + 2;
	return read_line(
		sv_of(bytes.ptr + v1_mark.len, line_bytes - v1_mark.len),
		header_r);
}

/* ---- version 2 ---- */

static size_t u16_be(const char *at)
{
	return (size_t)((uint8_t)at[0] << 8 | (uint8_t)at[1]);
}

/* Type, length, value, until the end. */
static int skip_extensions(struct sv rest)
{
	while (rest.len > 0) {
		size_t whole;

		if (rest.len < 3)
			return ERR_SYNTAX;
		whole = 3 + u16_be(rest.ptr + 1);
		if (whole > rest.len)
			return ERR_SYNTAX;
		rest.ptr += whole;
		rest.len -= whole;
	}
	return 0;
}

/* Source, destination, both ports, extensions. */
static int read_tcp4(struct sv block, struct proxy_header *header_r)
{
	struct sockaddr_in name = {.sin_family = AF_INET};

	if (block.len < 12)
		return ERR_SYNTAX;
	memcpy(&name.sin_addr, block.ptr, 4);
	memcpy(&name.sin_port, block.ptr + 8, 2);
	return addr_from_sockaddr((struct sockaddr *)&name, &header_r->source,
				  &header_r->source_port) != 0
		       ? ERR_SYNTAX
		       : skip_extensions(sv_of(block.ptr + 12, block.len - 12));
}

static int read_tcp6(struct sv block, struct proxy_header *header_r)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6};

	if (block.len < 36)
		return ERR_SYNTAX;
	memcpy(&name.sin6_addr, block.ptr, 16);
	memcpy(&name.sin6_port, block.ptr + 32, 2);
	return addr_from_sockaddr((struct sockaddr *)&name, &header_r->source,
				  &header_r->source_port) != 0
		       ? ERR_SYNTAX
		       : skip_extensions(sv_of(block.ptr + 36, block.len - 36));
}

static int read_block(uint8_t command, uint8_t transport, struct sv block,
		      struct proxy_header *header_r)
{
	if (command == V2_LOCAL)
		return 0; /* whatever stands in it */
	switch (transport) {
	case V2_UNSPEC:
		return 0;
	case V2_TCP4:
		return read_tcp4(block, header_r);
	case V2_TCP6:
		return read_tcp6(block, header_r);
	default:
		return transport >> 4 <= 3 && (transport & 15) <= 2
			       ? ERR_UNSUPPORTED
			       : ERR_SYNTAX;
	}
}

static int read_v2(struct sv bytes, struct proxy_header *header_r)
{
	size_t whole;
	uint8_t command;

	if (bytes.len > 12 && (uint8_t)bytes.ptr[12] != V2_LOCAL &&
	    (uint8_t)bytes.ptr[12] != V2_PROXY)
		return ERR_SYNTAX;
	if (bytes.len < V2_HEAD_BYTES)
		return ERR_AGAIN;
	command = (uint8_t)bytes.ptr[12];
	whole = V2_HEAD_BYTES + u16_be(bytes.ptr + 14);
	if (whole > PROXY_HEADER_MAX_BYTES)
		return ERR_TOOBIG;
	if (bytes.len < whole)
		return ERR_AGAIN;
	header_r->bytes = whole;
	return read_block(
		command, (uint8_t)bytes.ptr[13],
		sv_of(bytes.ptr + V2_HEAD_BYTES, whole - V2_HEAD_BYTES),
		header_r);
}

int proxy_header_read(struct sv bytes, struct proxy_header *header_r)
{
	struct proxy_header header = {.source = {.family = ADDR_NONE}};
	int rc;

	if (sv_starts(bytes, v1_mark))
		rc = read_v1(bytes, &header);
	else if (sv_starts(bytes, v2_mark))
		rc = read_v2(bytes, &header);
	else
		return may_become(bytes, v1_mark) || may_become(bytes, v2_mark)
			       ? ERR_AGAIN
			       : ERR_SYNTAX;
	if (rc == 0)
		*header_r = header;
	return rc;
}
