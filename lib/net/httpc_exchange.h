/*
 * httpc_exchange.h - private to httpc*.c: one request and its answer over a
 * connection of our own (conn.h), again and again while it is kept alive.
 *
 * Not on libevent's evhttp client: that one asserts inside the library when a
 * request is cancelled while its name is being resolved (libevent issue 1064),
 * which would end the daemon, and it does not say why a connect failed. Names
 * are resolved by libevent (evdns); numeric hosts need no resolver.
 */
#ifndef PERI_LIB_NET_HTTPC_EXCHANGE_H
#define PERI_LIB_NET_HTTPC_EXCHANGE_H

#include "lib/base/addr.h"
#include "lib/base/buf.h"
#include "lib/net/loop.h"
#include "lib/proto/http1.h"

#define HTTPC_HOST_BYTES 254

struct httpc_origin {
	char host[HTTPC_HOST_BYTES];
	uint16_t port;
	struct addr numeric; /* ADDR_NONE: host is a name */
	const char *bearer;  /* borrowed; NULL = none. A secret */
};

/* The callbacks come from the loop, never from inside a call below. */
struct httpc_exchange_handler {
	/* The final head came; 1xx ones are skipped. */
	void (*head)(const struct http1_response *response, void *arg);
	/* The next piece of the decoded body, borrowed. */
	void (*data)(struct sv piece, void *arg);
	/* The answer is whole (0) or will never be; once for each start. */
	void (*done)(int rc, void *arg);
};

struct httpc_exchange;

/* httpc_exchange_new - idle, not connected. @handler is borrowed. */
struct httpc_exchange *
httpc_exchange_new(struct loop *loop, const struct httpc_origin *origin,
		   const struct httpc_exchange_handler *handler, void *arg);
/* httpc_exchange_free - allowed in any callback; no other follows. */
void httpc_exchange_free(struct httpc_exchange **exchange);

/*
 * httpc_exchange_start - send one request. Only while none is under way.
 *
 * @request  the whole message; copied
 * @method   of it: HEAD's answer has no body, and what is idempotent is sent
 *	     again if a kept connection turns out to be dead
 */
void httpc_exchange_start(struct httpc_exchange *exchange, struct sv request,
			  enum http1_method method);
/*
 * httpc_exchange_put - append the whole message of a request.
 *
 * @path  begins with '/'; without spaces and controls
 * @body  JSON, or empty
 *
 * Returns 0, or ERR_SYNTAX for a wrong path.
 */
MUST_CHECK int httpc_exchange_put(struct buf *b,
				  const struct httpc_origin *origin,
				  enum http1_method method, const char *path,
				  struct sv body);
/* httpc_exchange_abort - forget the request under way and its connection; done
 * does not come. */
void httpc_exchange_abort(struct httpc_exchange *exchange);

#endif
