/*
 * httpc_client.h - private to httpc*.c: what streams need of a client.
 */
#ifndef PERI_LIB_NET_HTTPC_CLIENT_H
#define PERI_LIB_NET_HTTPC_CLIENT_H

#include <sys/queue.h>

#include "lib/net/httpc.h"
#include "lib/net/httpc_exchange.h"

struct httpc_call_entry;
TAILQ_HEAD(httpc_calls, httpc_call_entry);

struct httpc {
	struct loop *loop; /* borrowed */
	struct httpc_origin origin;
	struct httpc_exchange *exchange;  /* owned */
	struct httpc_calls calls;	  /* in order; see current */
	struct httpc_call_entry *current; /* under way: the first, or NULL */
	unsigned status;		  /* of the current answer */
	struct buf body;		  /* of the current answer */
};

#endif
