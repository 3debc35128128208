/*
 * forwarded.h - one field value of `Forwarded` (RFC 7239): who a proxy says it
 * forwards for. Pure, allocates nothing, any thread.
 */
#ifndef PERI_LIB_PROTO_FORWARDED_H
#define PERI_LIB_PROTO_FORWARDED_H

#include "lib/base/addr.h"

enum forwarded_kind {
	FORWARDED_ADDRESS,
	FORWARDED_HIDDEN, /* no for=, "unknown", or an obfuscated "_name" */
};

struct forwarded_hop {
	enum forwarded_kind kind;
	struct addr address; /* of FORWARDED_ADDRESS; its port is dropped */
};

/*
 * forwarded_next - read the next element from the left.
 *
 * @rest   in: what is left of the value; out: what follows the element
 * @hop_r  out: whom the element names; untouched unless 1 is returned
 *
 * The grammar is strict, which is what keeps a client that opens a quotation
 * from swallowing what its proxy adds behind it: such a value is an error as a
 * whole. Space around ';' is forgiven, empty elements are skipped. A backslash
 * in for= is refused: no address needs one.
 *
 * Returns 1, 0 at the end, or ERR_SYNTAX.
 */
MUST_CHECK int forwarded_next(struct sv *rest, struct forwarded_hop *hop_r);

#endif
