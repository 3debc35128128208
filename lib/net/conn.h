/*
 * conn.h - one non-blocking stream connection on `struct event`. Reads go into
 * the loop's shared scratch buffer: an idle connection owns no buffer. What
 * the owner does not consume is kept on the heap until more comes; what the
 * socket does not take is queued up to a limit.
 *
 * Inside a callback the owner may call conn_close(); the memory goes after the
 * turn. After conn_close() no callback comes.
 */
#ifndef PERI_LIB_NET_CONN_H
#define PERI_LIB_NET_CONN_H

#include <stdbool.h>

#include "lib/base/addr.h"
#include "lib/base/sv.h"
#include "lib/net/loop.h"

struct conn;

enum conn_end {
	CONN_END_EOF,	   /* the peer finished */
	CONN_END_ERROR,	   /* reset, or another socket error */
	CONN_END_OVERFLOW, /* the peer does not read: the queue is full */
};

struct conn_handler {
	/* Bytes came: all that is unconsumed so far. Returns how many bytes
	 * are consumed; the rest is shown again with more behind it. */
	size_t (*data)(struct conn *conn, struct sv bytes, void *arg);
	/* The connection ended from outside; it closes itself afterwards.
	 * Never from inside conn_send(). */
	void (*end)(struct conn *conn, enum conn_end why, void *arg);
	/* The queue has drained (may be NULL). */
	void (*drained)(struct conn *conn, void *arg);
	/* conn_connect() succeeded (0) or failed (-errno; then closes itself).
	 */
	void (*connected)(struct conn *conn, int rc, void *arg);
};

struct conn_limits {
	/* Unconsumed input, at most 32768; over it: CONN_END_OVERFLOW. */
	size_t read_max_bytes;
	/* Unsent output; over it: CONN_END_OVERFLOW. */
	size_t queue_max_bytes;
};

/* conn_new - take over the connected socket @fd. @handler and @limits are
 * borrowed and outlive the connection. Never fails. */
struct conn *conn_new(struct loop *loop, int fd,
		      const struct conn_handler *handler,
		      const struct conn_limits *limits, void *arg);

/* conn_connect - open a connection to @to; handler->connected says how it went
 * (never from inside this call). Returns 0 or -errno. */
MUST_CHECK int conn_connect(struct loop *loop, const struct addr *to,
			    uint16_t port, const struct conn_handler *handler,
			    const struct conn_limits *limits, void *arg,
			    struct conn **conn_r);

/* conn_send - write now what the socket takes and queue the rest. A full queue
 * ends the connection (CONN_END_OVERFLOW, after this turn). */
void conn_send(struct conn *conn, struct sv bytes);

/* conn_close - close now; unsent bytes are lost. Frees @conn after the turn. */
void conn_close(struct conn *conn);
/* conn_finish - close when the queue has been sent and the peer has closed too
 * (so that it can read the last words), at the latest after @linger_ms. No
 * callback comes any more. loop_free() closes what still lingers then. */
void conn_finish(struct conn *conn, int64_t linger_ms);

/* conn_set_arg - replace the handler's argument. */
void conn_set_arg(struct conn *conn, void *arg);
/* conn_peer - address and port of the peer. */
void conn_peer(const struct conn *conn, struct addr *addr_r, uint16_t *port_r);
/* conn_queued_bytes - unsent output. */
size_t conn_queued_bytes(const struct conn *conn);

#endif
