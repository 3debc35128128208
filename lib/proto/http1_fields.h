/*
 * http1_fields.h - private to http1*.c: the header fields of a head, and what
 * those that frame the message say.
 */
#ifndef PERI_LIB_PROTO_HTTP1_FIELDS_H
#define PERI_LIB_PROTO_HTTP1_FIELDS_H

#include "lib/proto/http1.h"

/* What the headers said about the message as a whole. */
struct http1_facts {
	unsigned hosts, lengths, codings;
	bool chunked;	/* the last coding is chunked */
	bool unknown;	/* there is another coding than chunked */
	bool misplaced; /* a coding after chunked */
	bool close, keep_alive, expect_continue;
	uint64_t content_bytes;
};

/*
 * http1_fields_read - all header lines and the empty one.
 *
 * @at	     in: behind the first line; out: behind the head
 * @headers  room for HTTP1_HEADERS_MAX
 * @facts    zeroed by the caller
 *
 * Returns 0, ERR_AGAIN, ERR_SYNTAX or ERR_TOOBIG (too many headers).
 */
MUST_CHECK int http1_fields_read(const char **at, const char *end,
				 struct http1_header *headers,
				 unsigned *count_r, struct http1_facts *facts);

#endif
