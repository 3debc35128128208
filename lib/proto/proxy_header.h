/*
 * proxy_header.h - the PROXY protocol, versions 1 and 2 (HAProxy's
 * specification of 2020): whom the proxy in front speaks for, before the first
 * byte of the connection itself. Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_PROXY_HEADER_H
#define PERI_LIB_PROTO_PROXY_HEADER_H

#include <stdint.h>

#include "lib/base/addr.h"

/* Version 1 is a line of at most 107 bytes; version 2 says its own length, and
 * more than this is refused: extensions (TLVs) take some hundreds of bytes. */
#define PROXY_HEADER_MAX_BYTES 4096

struct proxy_header {
	/* ADDR_NONE: the proxy speaks for itself (LOCAL, a health check) or
	 * does not know (UNKNOWN): the connection's own address counts. */
	struct addr source;
	uint16_t source_port; /* host order */
	size_t bytes;	      /* of the header; what follows is the client's */
};

/*
 * proxy_header_read - the header at the beginning of @bytes.
 *
 * Call it again with more bytes, from the first one on, while it returns
 * ERR_AGAIN; what can never become a header is refused at its first wrong byte.
 * Extensions must fill the length exactly and are skipped.
 *
 * Returns 0 and *@header_r, ERR_AGAIN, ERR_SYNTAX, ERR_TOOBIG, or
 * ERR_UNSUPPORTED for AF_UNIX and for datagrams.
 */
MUST_CHECK int proxy_header_read(struct sv bytes,
				 struct proxy_header *header_r);

/* proxy_header_is_one - whether @bytes begin as a header does. */
bool proxy_header_is_one(struct sv bytes);

#endif
