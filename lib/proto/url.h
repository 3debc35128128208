/*
 * url.h - URL parts and query parameters (RFC 3986). Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_URL_H
#define PERI_LIB_PROTO_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct url {
	struct sv scheme; /* "http" */
	struct sv host;	  /* name or address, without brackets */
	uint16_t port;	  /* default of the scheme when absent */
	struct sv path;	  /* with the query; "/" when absent */
};

/* url_parse - an absolute http or https URL without user info and fragment.
 * Views point into @text. Returns 0, ERR_SYNTAX or ERR_UNSUPPORTED. */
MUST_CHECK int url_parse(struct sv text, struct url *url_r);

/*
 * url_query_next - take the next name=value pair off @query, still encoded.
 *
 * Returns true and both views, or false at the end. Empty pairs are skipped.
 */
bool url_query_next(struct sv *query, struct sv *name_r, struct sv *value_r);

/*
 * url_decode - percent-decode @in ('+' is a space) into @out.
 *
 * @out  room of at least @in.len bytes
 *
 * Returns 0 and *@len_r, or ERR_SYNTAX for a broken escape or an encoded NUL.
 */
MUST_CHECK int url_decode(struct sv in, char *out, size_t *len_r);

/* url_encode - append @in with everything but unreserved bytes escaped. */
void url_encode(struct buf *b, struct sv in);

#endif
