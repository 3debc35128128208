/*
 * lookup.h - from a name to addresses without blocking the caller: the
 * system's resolver runs in a short-lived thread and answers over a socket.
 * Addresses given as text need no thread. One thread owns a lookup.
 */
#ifndef PERI_CLIENT_LOOKUP_H
#define PERI_CLIENT_LOOKUP_H

#include <stdint.h>

#include "client/interest.h"
#include "lib/base/addr.h"
#include "lib/base/def.h"

#define LOOKUP_ADDRS_MAX  8
#define LOOKUP_NAME_BYTES 254

struct lookup;

/*
 * lookup_start - ask for the addresses of @name.
 *
 * @interest  borrowed until lookup_free()
 *
 * Returns 0 and *@lookup_r (owned, lookup_free()), ERR_TOOBIG for a name of
 * more than 253 bytes, or -errno when no thread or socket is to be had.
 */
MUST_CHECK int lookup_start(struct sv name, const struct interest *interest,
			    struct lookup **lookup_r);

/* lookup_free - give up or be done; the thread ends by itself. */
void lookup_free(struct lookup **lookup);

/*
 * lookup_result - the answer, when there is one.
 *
 * @addrs_r  out: room for LOOKUP_ADDRS_MAX; in the system's order
 *
 * Returns 0 and *@count_r > 0, ERR_AGAIN, ERR_NOTFOUND for a name without
 * addresses, ERR_UNAVAILABLE when the resolver did not answer.
 */
MUST_CHECK int lookup_result(struct lookup *lookup, struct addr *addrs_r,
			     unsigned *count_r);

#endif
