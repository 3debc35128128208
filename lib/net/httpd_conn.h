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

#include "lib/net/httpd.h"
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
	uint8_t queued; /* callbacks put off to the end of the turn */
	struct httpd_framing framing;
	int64_t stamp_ms; /* when the current phase began or made progress */
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
	void *arg;
	httpd_admit_cb *admit;	    /* NULL = all are clients */
	struct peer_table *peers;   /* owned; NULL = no limits per address */
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
	bool draining;
	int64_t drain_ms; /* when that began */
};

/* Counters may be read by another thread while they grow. */
#define HTTPD_COUNT(counter, more)                                             \
	__atomic_store_n(&(counter), (counter) + (more), __ATOMIC_RELAXED)

/* httpd_conn_accept - a new connection (listener_accept_cb, @arg = server). */
void httpd_conn_accept(int fd, const struct addr *peer, uint16_t peer_port,
		       void *arg);

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

/*
 * httpd_input_take - parse and handle the requests in @bytes, as many as may be
 * handled now; the answers are in the server's scratch. The server's current
 * connection is @conn. Returns how many bytes are used up.
 */
size_t httpd_input_take(struct httpd_conn *conn, struct sv bytes);
/* httpd_input_drop_body - forget the request whose body is incomplete. */
void httpd_input_drop_body(struct httpd_conn *conn);

/* Connections above conns_max that are open only to be refused. */
#define HTTPD_REFUSED_CONNS 256

/* httpd_door_init - make the server's table, if its limits want one. */
void httpd_door_init(struct httpd *server);
/* httpd_door_enter - let @conn in, whose peer is known, and hold its entry.
 * Returns false, counted, for one address too many or too bad. */
MUST_CHECK bool httpd_door_enter(struct httpd_conn *conn);
/* httpd_door_leave - the reverse; nothing when it holds none. */
void httpd_door_leave(struct httpd_conn *conn);
/* httpd_door_header - take the PROXY header at @bytes. Returns its length, 0 if
 * it is not whole; the connection may be dead or refused. */
size_t httpd_door_header(struct httpd_conn *conn, struct sv bytes);
/* httpd_door_note_bad - a request of @conn was refused: its connection is to
 * close if that was one too many. */
void httpd_door_note_bad(struct httpd_conn *conn);
/* httpd_door_is_barred - whether @conn deserves no courtesy. */
bool httpd_door_is_barred(const struct httpd_conn *conn);

/* httpd_sweep - end @conn if its phase lasts too long. */
void httpd_sweep(struct httpd_conn *conn, int64_t now_ms);
/* httpd_conn_drain - the server drains: @conn has its last request. */
void httpd_conn_drain(struct httpd_conn *conn);

/* httpd_reply_put - append a whole answer to @out and count it. */
void httpd_reply_put(struct httpd *server, struct buf *out,
		     const struct httpd_framing *framing, unsigned status,
		     const char *content_type, struct sv headers,
		     struct sv body);
/* httpd_reply_date - renew the server's head for this second. */
void httpd_reply_date(struct httpd *server);
/* httpd_reply_status - append status line and Date; counts the status. */
void httpd_reply_status(struct httpd *server, struct buf *out, unsigned status);
/* httpd_reply_connection - append the Connection header where one is due. */
void httpd_reply_connection(struct buf *out,
			    const struct httpd_framing *framing);

/* httpd_later_new, httpd_later_gone - made by httpd_defer(); the connection has
 * ended before the answer came. */
struct httpd_later *httpd_later_new(struct httpd_conn *conn);
void httpd_later_gone(struct httpd_later *later);

/* httpd_stream_gone - the connection has ended: tell the owner, free. */
void httpd_stream_gone(struct httpd_stream *stream);
/* httpd_stream_cut - the server drains: send the last chunk, then close. */
void httpd_stream_cut(struct httpd_stream *stream);

#endif
