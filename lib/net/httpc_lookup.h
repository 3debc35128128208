/*
 * httpc_lookup.h - private to httpc*.c: a host's addresses, by libevent's
 * resolver. One loop.
 */
#ifndef PERI_LIB_NET_HTTPC_LOOKUP_H
#define PERI_LIB_NET_HTTPC_LOOKUP_H

#include "lib/base/addr.h"
#include "lib/net/loop.h"

#define HTTPC_LOOKUP_MAX 8

struct httpc_lookup;

/* @count is 0 when there are none; the look-up is over and freed. */
typedef void httpc_lookup_cb(const struct addr *addrs, unsigned count,
			     void *arg);

/*
 * httpc_lookup_start - resolve @host; @cb comes once, never from inside this
 * call.
 *
 * resolv.conf and hosts are read anew each time, so that a change counts.
 */
struct httpc_lookup *httpc_lookup_start(struct loop *loop, const char *host,
					httpc_lookup_cb *cb, void *arg);
/* httpc_lookup_forget - @cb will not come; it runs out by itself. */
void httpc_lookup_forget(struct httpc_lookup *lookup);

#endif
