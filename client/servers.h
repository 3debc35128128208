/*
 * servers.h - the balancers that may be asked, with what is known of them:
 * their addresses and which one answered last. Shared by all links of one
 * thread; the app's configuration, never from outside.
 */
#ifndef PERI_CLIENT_SERVERS_H
#define PERI_CLIENT_SERVERS_H

#include <stdint.h>

#include "client/lookup.h"

#define SERVERS_MAX 8

struct server {
	char host[LOOKUP_NAME_BYTES]; /* as configured, for the Host header */
	uint16_t port;
	struct addr addrs[LOOKUP_ADDRS_MAX];
	unsigned addr_count; /* 0 = a name that is not looked up yet */
	unsigned addr_next;  /* the one to use; moves on after a failure */
	int is_name;	     /* the addresses came from a look-up */
};

struct servers {
	struct server list[SERVERS_MAX];
	unsigned count;
	unsigned preferred; /* the one that answered last */
};

/*
 * servers_add - add the balancer at @url ("http://host:port", no path).
 *
 * Returns 0, ERR_SYNTAX, ERR_UNSUPPORTED for https, ERR_TOOBIG for a long
 * name, ERR_LIMIT beyond SERVERS_MAX.
 */
MUST_CHECK int servers_add(struct servers *servers, struct sv url);

/* servers_learn - the addresses a look-up gave for @server. */
void servers_learn(struct server *server, const struct addr *addrs,
		   unsigned count);

/* servers_failed - this address of @server did not answer: the next one is
 * tried next time; after the last one a name is looked up again. */
void servers_failed(struct server *server);

#endif
