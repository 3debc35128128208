/*
 * httpd.h - the one HTTP/1.1 server of all daemons: keep-alive, pipelining,
 * limits, streaming, deferred answers. An instance belongs to one loop; a
 * worker has its own. Requests are handled synchronously: the handler appends
 * an answer, or defers it. All answers of one read go out with one write.
 *
 * Fast path (no allocation, no lock): read, look ahead, handle, write.
 */
#ifndef PERI_LIB_NET_HTTPD_H
#define PERI_LIB_NET_HTTPD_H

#include "lib/base/addr.h"
#include "lib/base/buf.h"
#include "lib/net/loop.h"
#include "lib/net/peer.h"
#include "lib/proto/http1.h"
#include "lib/proto/problem.h"

struct httpd;
struct httpd_stream; /* a chunked answer that stays open */
struct httpd_later;  /* an answer that comes later */

struct httpd_limits {
	size_t body_max_bytes; /* else 413; default 65536 */
	unsigned conns_max;    /* beyond: 503 and close; default 16384 */
	/* Per address; beyond: reset; off by default (peer.h). */
	struct peer_limits per_peer;
	/* First byte to whole head: 408; connect to first byte: close; 10 s */
	int64_t head_timeout_ms;
	int64_t body_timeout_ms;   /* head to whole body: 408; 10 s */
	int64_t idle_timeout_ms;   /* between requests: close; 75 s */
	int64_t write_timeout_ms;  /* to read 16 KiB or all: close; 30 s */
	size_t stream_queue_bytes; /* slow stream reader: close; 4 MiB */
};

/* httpd_default_limits - the defaults above. */
struct httpd_limits httpd_default_limits(void);

/* Counters of one instance; read by the metrics of the same loop's worker or
 * racily (relaxed) by another thread. */
struct httpd_counters {
	uint64_t conns_accepted, conns_open, conns_refused;
	uint64_t requests;
	uint64_t bytes_in, bytes_out;
	uint64_t status[6]; /* by class: [2] = 2xx ... */
	uint64_t refused_400, refused_408, refused_413, refused_414;
	uint64_t refused_431, refused_501, refused_503, refused_505;
	uint64_t closed_idle, closed_slow_write;
	uint64_t closed_silent; /* never sent a byte */
	uint64_t refused_proxy_header;
	uint64_t reset_many;   /* more connections of one address */
	uint64_t reset_barred; /* of one whose bad requests are used up */
	uint64_t closed_bad;   /* in which that happened */
};

/* One request while its handler runs. */
struct httpd_request {
	const struct http1_request *head;
	struct sv body; /* complete; borrowed until the handler returns */
	struct addr peer;
	uint16_t peer_port;
	int64_t now_ms; /* of this turn */
	unsigned slot;	/* for httpd_ahead.h */
	/* private below */
	struct httpd *server;
	void *conn;
	struct buf *out;
	size_t body_at; /* in out, after httpd_reply_begin() */
	bool answered;
};

/* Exactly one of the httpd_reply, _defer or _stream calls per request; a
 * handler that makes none answers 500. */
typedef void httpd_handler_cb(struct httpd_request *req, void *arg);

/*
 * httpd_new - a server on @loop; no listener yet.
 *
 * @limits  copied
 *
 * Owned by the caller (httpd_free()).
 */
struct httpd *httpd_new(struct loop *loop, const struct httpd_limits *limits,
			httpd_handler_cb *handler, void *arg);
/* httpd_free - close listeners and all connections at once. */
void httpd_free(struct httpd **server);

/* What a peer that connects is to the server. */
enum httpd_admission {
	HTTPD_CLIENT,	    /* limits->per_peer holds */
	HTTPD_PROXY,	    /* it speaks for many: no such limit */
	HTTPD_PROXY_HEADER, /* the same, and it begins with a PROXY header */
};
typedef enum httpd_admission httpd_admit_cb(const struct addr *peer, void *arg);

/*
 * httpd_set_admission - ask @admit about everybody who connects.
 *
 * Without it all are HTTPD_CLIENT. It is called on the loop with the handler's
 * arg, also about the source that a PROXY header names: that is the peer of the
 * connection's requests, and a client or a proxy in its turn. Who is not to
 * send such a header and does has 400.
 */
void httpd_set_admission(struct httpd *server, httpd_admit_cb *admit);

/* httpd_listen - as listener_new(); several per server. Returns 0 or -errno. */
MUST_CHECK int httpd_listen(struct httpd *server, const struct addr *at,
			    uint16_t port, uint16_t *port_r);

/*
 * httpd_drain - end without losing a request.
 *
 * Who has connected is accepted, new ones are not. What is under way and the
 * next request of each connection are answered with "Connection: close".
 * Streams end. A connection that asks nothing for a second is closed. No close
 * resets: each is a FIN first, and what comes behind it is read and dropped.
 * A request that crosses that FIN is the client's to repeat (RFC 9112 9.5).
 * Deferred answers take their time; without those it is over within 5 s.
 */
void httpd_drain(struct httpd *server);
/* httpd_is_drained - httpd_drain() was called and all has ended. */
bool httpd_is_drained(const struct httpd *server);
/* httpd_open_conns - connections still open. */
unsigned httpd_open_conns(const struct httpd *server);
const struct httpd_counters *httpd_counters(const struct httpd *server);

/* httpd_counters_add - add @from to @into, with relaxed loads: @from may belong
 * to a server of another thread. */
void httpd_counters_add(struct httpd_counters *into,
			const struct httpd_counters *from);

/*
 * httpd_reply - append a whole answer.
 *
 * @content_type  constant text; NULL when @body is empty
 * @headers	  more header lines, each ending in CRLF; may be the empty view
 *
 * Date, Content-Length and Connection are added. HEAD sends no body.
 */
void httpd_reply(struct httpd_request *req, unsigned status,
		 const char *content_type, struct sv headers, struct sv body);

/*
 * httpd_reply_begin, httpd_reply_end - for the fast path: the handler writes
 * its body straight into the output scratch.
 *
 * begin appends the head with @headers (may hold Content-Type and others, each
 * line ending in CRLF) and leaves room for Content-Length; returns where the
 * body goes (append only, at most HTTPD_FAST_BODY_MAX bytes). end fills in the
 * length.
 */
#define HTTPD_FAST_BODY_MAX 16384
struct buf *httpd_reply_begin(struct httpd_request *req, unsigned status,
			      struct sv headers);
void httpd_reply_end(struct httpd_request *req);

/* httpd_problem - answer with a problem (RFC 9457). */
void httpd_problem(struct httpd_request *req, const struct problem *problem);
/* httpd_problem_simple - the same from its parts; @headers as httpd_reply. */
void httpd_problem_simple(struct httpd_request *req, unsigned status,
			  const char *type, const char *title,
			  const char *detail);

/* httpd_header - value of a request header, NULL ptr when absent. */
struct sv httpd_header(const struct httpd_request *req, struct sv name);

/*
 * httpd_defer - the answer comes later, e.g. when a store has written.
 *
 * Later requests of the same connection wait. Returns a handle that must be
 * given to exactly one httpd_later_* call on the same loop; this is safe when
 * the connection is gone by then.
 */
struct httpd_later *httpd_defer(struct httpd_request *req);
void httpd_later_reply(struct httpd_later *later, unsigned status,
		       const char *content_type, struct sv headers,
		       struct sv body);
void httpd_later_problem(struct httpd_later *later,
			 const struct problem *problem);

/*
 * httpd_stream - begin a chunked answer that stays open.
 *
 * @closed_cb  called once when the stream ended for any reason other than
 *	       httpd_stream_end(); the stream is invalid afterwards
 */
typedef void httpd_stream_closed_cb(struct httpd_stream *stream, void *arg);
struct httpd_stream *httpd_stream(struct httpd_request *req,
				  const char *content_type, struct sv headers,
				  httpd_stream_closed_cb *closed_cb, void *arg);
/* httpd_stream_send - one chunk. A reader that is slower than
 * stream_queue_bytes allows is closed after this turn (closed_cb). */
void httpd_stream_send(struct httpd_stream *stream, struct sv bytes);
/* httpd_stream_queued_bytes - sent, but not taken by the socket yet: a sender
 * of much paces itself by it. */
size_t httpd_stream_queued_bytes(const struct httpd_stream *stream);
/* httpd_stream_end - last chunk; the stream is invalid afterwards. */
void httpd_stream_end(struct httpd_stream *stream);

#endif
