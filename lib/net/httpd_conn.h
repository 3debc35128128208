/*
 * httpd_conn.h - private to httpd*.c: a server and one of its connections.
 *
 * A connection is in exactly one state. While `unsent` holds bytes it is
 * blocked: it waits for EV_WRITE only and reads nothing. Whatever ends it goes
 * through httpd_conn_kill(); the memory goes after the turn.
 */
#ifndef PERI_LIB_NET_HTTPD_CONN_H
#define PERI_LIB_NET_HTTPD_CONN_H

#include <event2/event_struct.h>
#include <sys/queue.h>

#include "lib/net/httpd_ahead.h"
#include "lib/net/listener.h"

enum httpd_conn_state {
	HTTPD_CONN_HEAD,   /* between requests, or in a head */
	HTTPD_CONN_BODY,   /* head known, body incomplete */
	HTTPD_CONN_LATER,  /* deferred: the answer comes later */
	HTTPD_CONN_STREAM, /* a chunked answer is open */
	HTTPD_CONN_LAST,   /* the last answer is written, then it closes */
	HTTPD_CONN_LINGER, /* answered and shut down; reads until the end */
	HTTPD_CONN_DEAD,   /* freed after this turn */
};

/* A request whose body was not there with its head. */
struct httpd_body {
	char *head_bytes; /* owned copy that head's views point into */
	struct http1_request head;
	struct http1_chunks chunks;
	struct buf data;
};

/* How the answer to the current request has to be framed. */
struct httpd_framing {
	uint8_t minor_version;
	bool keep_alive;
	bool head_only; /* HEAD: the body is left out */
};

struct httpd_conn {
	struct httpd *server;
	int fd;
	uint8_t state;	/* enum httpd_conn_state */
	bool blocked;	/* unsent has bytes, EV_WRITE is armed */
	bool reading;	/* EV_READ is armed */
	bool ended;	/* the peer has sent all it will */
	bool linger;	/* it may still be sending: read on before the close */
	bool unparsed;	/* kept holds more than the start of a head */
	bool spoken;	/* it has sent something */
	bool proxied;	/* a PROXY header has to come first */
	bool resuming;	/* a callback that goes on with kept is under way */
	bool batched;	/* its input waits in the server's batch */
	uint8_t queued; /* callbacks put off to the end of the turn */
	struct httpd_framing framing;
	int64_t stamp_ms; /* when the current phase began or made progress */
	uint64_t acked_bytes; /* while blocked: what the peer had taken then */
	struct event readable, writable;
	char *kept; /* owned; input that waits, NULL = none */
	size_t kept_bytes;
	struct buf unsent;	     /* heap only while blocked */
	size_t sent_bytes;	     /* of unsent */
	struct httpd_body *body;     /* owned, in HTTPD_CONN_BODY */
	struct httpd_later *later;   /* in HTTPD_CONN_LATER */
	struct httpd_stream *stream; /* in HTTPD_CONN_STREAM, until it ends */
	struct addr peer;
	uint16_t peer_port;
	struct peer *entry; /* the peer's, held; NULL = no limits */
	TAILQ_ENTRY(httpd_conn) link;
};
TAILQ_HEAD(httpd_conns, httpd_conn);

#define HTTPD_LISTENERS_MAX 8

struct httpd {
	struct loop *loop; /* borrowed */
	struct httpd_limits limits;
	httpd_handler_cb *handler;
	httpd_ahead_cb *ahead; /* may be NULL */
	unsigned ahead_steps;
	void *arg;
	httpd_admit_cb *admit;	    /* NULL = all are clients */
	struct peer_table *peers;   /* owned; NULL = no limits per address */
	struct httpd_batch *batch;  /* owned */
	struct httpd_conn *current; /* whose input is being handled */
	struct buf out;		    /* the answers of this read */
	struct buf text;	    /* for building problems */
	struct http1_request head;  /* of the request being handled */
	struct httpd_counters counters;
	char ok_head[96]; /* "HTTP/1.1 200 OK", Date: of this second */
	unsigned ok_head_bytes, date_at;
	int64_t date_s;
	struct httpd_conns conns;			 /* all but dead ones */
	struct loop_timer *sweep;			 /* owned */
	struct listener *listeners[HTTPD_LISTENERS_MAX]; /* owned */
	unsigned listener_count;
	uint64_t accepted_before; /* at the last sweep */
	bool awaiting;		  /* listeners await input */
	int64_t awaited_ms;	  /* when they last did */
	bool draining;
	int64_t drain_ms; /* when that began */
};

/* Counters may be read by another thread while they grow. */
#define HTTPD_COUNT(counter, more)                                             \
	__atomic_store_n(&(counter), (counter) + (more), __ATOMIC_RELAXED)

/* httpd_conn_accept - a new connection (listener_accept_cb, @arg = server). */
void httpd_conn_accept(int fd, const struct addr *peer, uint16_t peer_port,
		       void *arg);

/* httpd_conn_took - @got is what recv() returned for at most @room_bytes in the
 * event @what: do what an end or an error asks for. Returns whether there is
 * input. */
bool httpd_conn_took(struct httpd_conn *conn, ssize_t got, size_t room_bytes,
		     short what);

/* httpd_conn_handle - handle @bytes, keep what must wait, send the answers. */
void httpd_conn_handle(struct httpd_conn *conn, struct sv bytes);

/* httpd_conn_send - send @bytes, queue what the socket does not take.
 * httpd_conn_settle - nothing more can be done now: wait for the right thing,
 * or end. */
void httpd_conn_send(struct httpd_conn *conn, struct sv bytes);
void httpd_conn_settle(struct httpd_conn *conn);

/* httpd_conn_reset_out - the server's scratch has been sent or dropped. */
void httpd_conn_reset_out(struct httpd *server);

/*
 * httpd_conn_out - where output for @conn goes now: the server's scratch while
 * its input is being handled, else its own queue. Then call
 * httpd_conn_flush(), which is nothing in the first case.
 */
struct buf *httpd_conn_out(struct httpd_conn *conn);
void httpd_conn_flush(struct httpd_conn *conn);

/* httpd_conn_write_out - send the server's scratch, now; the rest is queued.
 * Only for the current connection. */
void httpd_conn_write_out(struct httpd_conn *conn);

/* httpd_conn_queued_bytes - output that the socket has not taken. */
size_t httpd_conn_queued_bytes(const struct httpd_conn *conn);

/* httpd_conn_answered - a deferred or streamed answer is complete: go on with
 * the next request, or close. */
void httpd_conn_answered(struct httpd_conn *conn);

/* httpd_conn_finish - nothing more will be written: close when it is out. */
void httpd_conn_finish(struct httpd_conn *conn);

/* httpd_refuse - answer @status as a problem, count it and close. */
void httpd_refuse(struct httpd_conn *conn, unsigned status);

/* httpd_conn_kill - close after this turn; tells the open stream's owner. */
void httpd_conn_kill(struct httpd_conn *conn);
/* httpd_conn_free - the same at once, for httpd_free(). */
void httpd_conn_free(struct httpd_conn *conn);

/* httpd_sweep - end @conn if its phase lasts too long. */
void httpd_sweep(struct httpd_conn *conn, int64_t now_ms);
/* httpd_sweep_acked_bytes - what the peer's kernel has taken of all that was
 * sent on @fd; 0 when the kernel does not know. */
uint64_t httpd_sweep_acked_bytes(int fd);
/* httpd_conn_drain - the server drains: @conn has its last request. */
void httpd_conn_drain(struct httpd_conn *conn);

/* httpd_later_new, httpd_later_gone - made by httpd_defer(); the connection has
 * ended before the answer came. */
struct httpd_later *httpd_later_new(struct httpd_conn *conn);
void httpd_later_gone(struct httpd_later *later);

/* httpd_stream_gone - the connection has ended: tell the owner, free. */
void httpd_stream_gone(struct httpd_stream *stream);
/* httpd_stream_cut - the server drains: send the last chunk, then close. */
void httpd_stream_cut(struct httpd_stream *stream);

#endif
