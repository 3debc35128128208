/*
 * peer.h - what each address does to a server: its open connections and
 * its bad requests, per IPv4 address and per IPv6 /64. Fixed memory, no clock,
 * no input or output. One table belongs to one loop.
 *
 * The memory of an address cannot be had back cheaply: an address with open
 * connections keeps its entry, and one whose bad requests still count gives it
 * up only when all others without connections count more lately, PEER_SPARE of
 * them at least.
 */
#ifndef PERI_LIB_NET_PEER_H
#define PERI_LIB_NET_PEER_H

#include "lib/base/addr.h"

#define PEER_SPARE 8192 /* entries for addresses without connections */

struct peer_table;
struct peer; /* an address with open connections */

/* All 0: no limit of the kind. */
struct peer_limits {
	unsigned conns_max; /* open at once */
	unsigned bad_per_s; /* bad requests, in the long run; at most 10^6 */
	unsigned bad_burst; /* and at once */
};

enum peer_verdict {
	PEER_OK,
	PEER_TOO_MANY, /* conns_max are open */
	PEER_BARRED,   /* its bad requests are used up */
};

/* peer_table_new - a table for a server that holds at most @conns_max
 * connections. @limits are copied. */
struct peer_table *peer_table_new(const struct peer_limits *limits,
				  unsigned conns_max);
void peer_table_free(struct peer_table **table);

/*
 * peer_enter - @addr has connected.
 *
 * @peer_r  out: its entry, until peer_leave(); untouched unless PEER_OK
 */
MUST_CHECK enum peer_verdict peer_enter(struct peer_table *table,
					const struct addr *addr, int64_t now_ms,
					struct peer **peer_r);
/* peer_leave - one connection of @peer is closed. */
void peer_leave(struct peer_table *table, struct peer **peer, int64_t now_ms);

/* peer_is_barred - whether @peer has used up its bad requests. */
bool peer_is_barred(const struct peer_table *table, const struct peer *peer,
		    int64_t now_ms);
/* peer_note_bad - one more bad request. Returns peer_is_barred(). */
bool peer_note_bad(struct peer_table *table, struct peer *peer, int64_t now_ms);

#endif
