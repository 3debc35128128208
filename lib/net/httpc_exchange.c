/*
 * httpc_exchange.c - see the header. In every path done() is the last thing
 * that is called: the owner may start again or free the exchange inside it.
 */
#include "lib/net/httpc_exchange.h"

#include <assert.h>
#include <errno.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/net/httpc_lookup.h"

#define REQUEST_MAX_BYTES (16u << 20)

static const struct conn_limits limits = {
	.read_max_bytes = HTTP1_HEAD_MAX + 1024,
	.queue_max_bytes = REQUEST_MAX_BYTES,
};

enum phase {
	PHASE_IDLE,
	PHASE_REACHING, /* resolving or connecting */
	PHASE_HEAD,	/* sent; the answer's head is awaited */
	PHASE_BODY,
	PHASE_FREED,
};

struct httpc_exchange {
	struct loop *loop;			      /* borrowed */
	const struct httpc_exchange_handler *handler; /* borrowed */
	void *arg;
	struct httpc_origin origin;
	struct conn *conn;	     /* owned; NULL = none */
	struct httpc_lookup *lookup; /* owned, while resolving */
	struct addr addrs[HTTPC_LOOKUP_MAX];
	unsigned addr_count, addr_next;
	enum phase phase;
	unsigned queued; /* callbacks put off to the end of the turn */
	bool connected;	 /* conn is usable */
	bool reused;	 /* conn has served an earlier request */
	int rc;		 /* why reaching failed last */
	struct buf request;
	enum http1_method method;
	struct http1_response head;
	struct http1_chunks chunks;
	uint64_t left_bytes; /* of a body with a length */
};

static void reach(struct httpc_exchange *x);

static void drop_conn(struct httpc_exchange *x)
{
	if (x->conn)
		conn_close(x->conn);
	x->conn = NULL;
	x->connected = false;
	x->reused = false;
}

/* The request is over. Nothing of @x may be touched after this. */
static void finish(struct httpc_exchange *x, int rc)
{
	if (rc || !x->head.keep_alive)
		drop_conn(x);
	x->reused = x->conn != NULL;
	x->phase = PHASE_IDLE;
	buf_reset(&x->request);
	x->handler->done(rc, x->arg);
}

/* ---- the answer ---- */

/* Returns 1 when the body is whole, 0 when more must come, or an error. */
static int read_body(struct httpc_exchange *x, struct sv *bytes)
{
	struct sv piece = *bytes;
	int rc = 0;

	switch (x->head.body) {
	case HTTP1_BODY_NONE:
		return 1;
	case HTTP1_BODY_CHUNKED:
		while (rc == 0 && x->phase == PHASE_BODY) {
			rc = http1_chunk_next(&x->chunks, bytes, &piece);
			if (rc == 0)
				x->handler->data(piece, x->arg);
		}
		return rc == ERR_AGAIN ? 0 : rc;
	case HTTP1_BODY_LENGTH:
		if (piece.len > x->left_bytes)
			piece.len = (size_t)x->left_bytes;
		break;
	case HTTP1_BODY_CLOSE:
		break;
	}
	bytes->ptr += piece.len;
	bytes->len -= piece.len;
	x->left_bytes -= piece.len;
	if (piece.len > 0)
		x->handler->data(piece, x->arg);
	return x->head.body == HTTP1_BODY_LENGTH && x->left_bytes == 0;
}

/* Returns 0 when the final head is read, ERR_AGAIN, or an error. */
static int read_head(struct httpc_exchange *x, struct sv *bytes)
{
	int rc;

	do {
		rc = http1_read_response(*bytes, &x->head);
		if (rc)
			return rc;
		bytes->ptr += x->head.head_bytes;
		bytes->len -= x->head.head_bytes;
	} while (x->head.status < 200);
	if (x->method == HTTP1_HEAD)
		x->head.body = HTTP1_BODY_NONE;
	x->left_bytes =
		x->head.body == HTTP1_BODY_LENGTH ? x->head.content_bytes : 0;
	x->chunks = (struct http1_chunks){0};
	x->phase = PHASE_BODY;
	if (x->handler->head)
		x->handler->head(&x->head, x->arg);
	return 0;
}

static size_t on_data(struct conn *conn, struct sv bytes, void *arg)
{
	struct httpc_exchange *x = arg;
	size_t had = bytes.len;
	int rc = 0;

	(void)conn;
	if (x->phase != PHASE_HEAD && x->phase != PHASE_BODY) {
		drop_conn(x); /* bytes that nobody asked for */
		return had;
	}
	if (x->phase == PHASE_HEAD)
		rc = read_head(x, &bytes);
	if (rc == ERR_AGAIN)
		return had - bytes.len;
	if (rc == 0 && x->phase == PHASE_BODY)
		rc = read_body(x, &bytes);
	/* The handler may have aborted or freed the exchange. */
	if (x->phase != PHASE_BODY && x->phase != PHASE_HEAD)
		return had;
	if (rc == 1 && bytes.len > 0)
		x->head.keep_alive = false; /* more than was promised */
	if (rc)
		finish(x, rc == 1 ? 0 : rc);
	return had;
}

/* A kept connection may have died before our request reached it: then it was
 * not handled, and what is idempotent may be sent again (RFC 9110 9.2.2). */
static bool may_repeat(const struct httpc_exchange *x)
{
	return x->reused && x->phase == PHASE_HEAD && x->method != HTTP1_POST &&
	       x->method != HTTP1_PATCH;
}

/* Begin with the first address. */
static void reach_anew(struct httpc_exchange *x)
{
	x->rc = 0;
	x->addr_next = 0;
	reach(x);
}

static void on_end(struct conn *conn, enum conn_end why, void *arg)
{
	struct httpc_exchange *x = arg;
	bool whole = x->phase == PHASE_BODY &&
		     x->head.body == HTTP1_BODY_CLOSE && why == CONN_END_EOF;
	bool repeat = may_repeat(x);

	(void)conn;
	x->conn = NULL; /* closes itself */
	drop_conn(x);
	if (x->phase != PHASE_HEAD && x->phase != PHASE_BODY)
		return;
	if (repeat)
		reach_anew(x);
	else if (whole)
		finish(x, 0);
	else
		finish(x, why == CONN_END_OVERFLOW ? ERR_TOOBIG : ERR_CLOSED);
}

/* ---- reaching the server ---- */

static void send_request(struct httpc_exchange *x)
{
	x->phase = PHASE_HEAD;
	conn_send(x->conn, buf_view(&x->request));
}

static void on_connected(struct conn *conn, int rc, void *arg)
{
	struct httpc_exchange *x = arg;

	(void)conn;
	if (rc) {
		x->conn = NULL; /* closes itself */
		x->rc = rc;
		reach(x);
		return;
	}
	x->connected = true;
	if (x->phase == PHASE_REACHING)
		send_request(x);
}

static const struct conn_handler conn_handler = {
	.data = on_data,
	.end = on_end,
	.connected = on_connected,
};

/* Try the next address; the last one's error is the request's. */
static void reach(struct httpc_exchange *x)
{
	x->phase = PHASE_REACHING;
	while (x->addr_next < x->addr_count) {
		const struct addr *to = &x->addrs[x->addr_next++];
		int rc = conn_connect(x->loop, to, x->origin.port,
				      &conn_handler, &limits, x, &x->conn);

		if (rc == 0)
			return;
		x->conn = NULL;
		x->rc = rc;
	}
	finish(x, x->rc ? x->rc : ERR_UNAVAILABLE);
}

static void on_lookup(const struct addr *addrs, unsigned count, void *arg)
{
	struct httpc_exchange *x = arg;

	x->lookup = NULL;
	for (unsigned i = 0; i < count; i++)
		x->addrs[i] = addrs[i];
	x->addr_count = count;
	reach_anew(x);
}

/* After the turn in which the request was given. */
static void on_start(void *arg)
{
	struct httpc_exchange *x = arg;

	x->queued--;
	if (x->phase == PHASE_FREED) {
		if (x->queued == 0)
			mem_free(x);
		return;
	}
	/* Aborted, or aborted and started again: then once is enough. */
	if (x->phase != PHASE_REACHING || x->conn || x->lookup) {
		if (x->phase == PHASE_REACHING && x->connected)
			send_request(x);
		return;
	}
	if (x->origin.numeric.family != ADDR_NONE) {
		x->addrs[0] = x->origin.numeric;
		x->addr_count = 1;
		reach_anew(x);
	} else {
		x->lookup = httpc_lookup_start(x->loop, x->origin.host,
					       on_lookup, x);
	}
}

/* ---- the request ---- */

static const char *method_text(enum http1_method method)
{
	switch (method) {
	case HTTP1_GET:
		return "GET";
	case HTTP1_HEAD:
		return "HEAD";
	case HTTP1_POST:
		return "POST";
	case HTTP1_PUT:
		return "PUT";
	case HTTP1_DELETE:
		return "DELETE";
	case HTTP1_OPTIONS:
		return "OPTIONS";
	case HTTP1_PATCH:
		return "PATCH";
	case HTTP1_OTHER:
		break;
	}
	return "GET";
}

static bool is_path(const char *path)
{
	if (path[0] != '/')
		return false;
	for (; *path; path++) {
		if ((unsigned char)*path <= ' ' || *path == 0x7f)
			return false;
	}
	return true;
}

int httpc_exchange_put(struct buf *b, const struct httpc_origin *origin,
		       enum http1_method method, const char *path,
		       struct sv body)
{
	bool v6 = origin->numeric.family == ADDR_V6;

	if (!is_path(path))
		return ERR_SYNTAX;
	buf_str(b, method_text(method));
	buf_char(b, ' ');
	buf_str(b, path);
	buf_str(b, v6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
	buf_str(b, origin->host);
	buf_str(b, v6 ? "]:" : ":");
	buf_u64(b, origin->port);
	buf_sv(b, SV("\r\nUser-Agent: perihelion\r\n"));
	if (origin->bearer) {
		buf_sv(b, SV("Authorization: Bearer "));
		buf_str(b, origin->bearer);
		buf_sv(b, SV("\r\n"));
	}
	if (body.len > 0)
		buf_sv(b, SV("Content-Type: application/json\r\n"));
	if (body.len > 0 || method == HTTP1_POST || method == HTTP1_PUT) {
		buf_sv(b, SV("Content-Length: "));
		buf_u64(b, body.len);
		buf_sv(b, SV("\r\n"));
	}
	buf_sv(b, SV("\r\n"));
	buf_sv(b, body);
	return b->failed ? ERR_TOOBIG : 0;
}

/* ---- life ---- */

struct httpc_exchange *
httpc_exchange_new(struct loop *loop, const struct httpc_origin *origin,
		   const struct httpc_exchange_handler *handler, void *arg)
{
	struct httpc_exchange *x = mem_alloc(sizeof(*x));

	x->loop = loop;
	x->origin = *origin;
	x->handler = handler;
	x->arg = arg;
	buf_init(&x->request, REQUEST_MAX_BYTES);
	return x;
}

void httpc_exchange_start(struct httpc_exchange *x, struct sv request,
			  enum http1_method method)
{
	assert(x->phase == PHASE_IDLE);
	buf_reset(&x->request);
	buf_sv(&x->request, request);
	x->method = method;
	x->phase = PHASE_REACHING;
	x->queued++;
	loop_later(x->loop, on_start, x);
}

void httpc_exchange_abort(struct httpc_exchange *x)
{
	if (x->lookup)
		httpc_lookup_forget(x->lookup);
	x->lookup = NULL;
	drop_conn(x);
	x->phase = PHASE_IDLE;
	buf_reset(&x->request);
}

static void on_free(void *arg)
{
	struct httpc_exchange *x = arg;

	if (--x->queued == 0)
		mem_free(x);
}

void httpc_exchange_free(struct httpc_exchange **exchange)
{
	struct httpc_exchange *x = *exchange;

	if (!x)
		return;
	*exchange = NULL;
	httpc_exchange_abort(x);
	x->phase = PHASE_FREED;
	buf_fini(&x->request);
	x->queued++;
	loop_later(x->loop, on_free, x);
}
