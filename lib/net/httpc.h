/*
 * httpc.h - HTTP client for control traffic: whole answers, and line streams
 * (/v1/watch). One loop. Any call is allowed in any callback.
 */
#ifndef PERI_LIB_NET_HTTPC_H
#define PERI_LIB_NET_HTTPC_H

#include "lib/base/sv.h"
#include "lib/net/loop.h"
#include "lib/proto/http1.h"

struct httpc;	     /* one origin: scheme, host, port; keeps a connection */
struct httpc_stream; /* one open line stream */

struct httpc_answer {
	int rc;		 /* 0, or why there is no answer: -errno (connect),
			  * ERR_UNAVAILABLE (no address of the name),
			  * ERR_TIMEOUT, ERR_CLOSED, ERR_TOOBIG, ERR_SYNTAX */
	unsigned status; /* HTTP status when rc is 0 */
	struct sv body;	 /* borrowed for the callback */
};

typedef void httpc_cb(const struct httpc_answer *answer, void *arg);

/* httpc_new - a client of the origin in @base_url ("http://host:port"). The
 * host may be a name: libevent resolves it. Returns 0 or ERR_SYNTAX,
 * ERR_UNSUPPORTED. Owned by the caller. */
MUST_CHECK int httpc_new(struct loop *loop, struct sv base_url,
			 struct httpc **client_r);
/*
 * httpc_set_bearer - calls and streams from now on carry @token in a header
 * "Authorization: Bearer".
 *
 * @token  borrowed, outlives the client and its streams; "" = none
 *
 * Returns 0, or ERR_SYNTAX for bytes that RFC 6750 does not allow in one.
 */
MUST_CHECK int httpc_set_bearer(struct httpc *client, const char *token);
/* httpc_free - requests under way end with ERR_CLOSED first. */
void httpc_free(struct httpc **client);

struct httpc_call {
	enum http1_method method;
	const char *path;	 /* with the query */
	struct sv body;		 /* copied; application/json */
	int64_t timeout_ms;	 /* of the whole call */
	size_t answer_max_bytes; /* else ERR_TOOBIG; 0 = 1 MiB */
};

/* httpc_request - send one request; @cb comes exactly once, never from inside
 * this call. */
void httpc_request(struct httpc *client, const struct httpc_call *call,
		   httpc_cb *cb, void *arg);

struct httpc_stream_handler {
	void (*open)(void *arg); /* 200 came */
	/* One line without its newline. Borrowed. */
	void (*line)(struct sv line, void *arg);
	/* The stream ended or never opened; status is 0 without an answer.
	 * The handle is invalid afterwards. Comes exactly once unless
	 * httpc_stream_close() was called. */
	void (*end)(int rc, unsigned status, void *arg);
};

/*
 * httpc_stream_open - GET @path and read lines until it ends. end() says
 * ERR_UNAVAILABLE for another status than 200, ERR_CLOSED when the server ended
 * it, else as httpc_answer.rc.
 *
 * @silence_ms	  no byte for so long ends it (ERR_TIMEOUT)
 * @line_max	  longer lines end it (ERR_TOOBIG)
 *
 * Opens a connection of its own; may outlive @client. @handler is borrowed and
 * outlives the stream.
 */
struct httpc_stream *
httpc_stream_open(struct httpc *client, const char *path, int64_t silence_ms,
		  size_t line_max, const struct httpc_stream_handler *handler,
		  void *arg);
/* httpc_stream_close - end it; no callback comes. */
void httpc_stream_close(struct httpc_stream **stream);

#endif
