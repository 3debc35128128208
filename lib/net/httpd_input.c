/*
 * httpd_input.c - from bytes to handled requests: one pass over what a read
 * brought, in place. Only a request whose body did not come with its head gets
 * memory of its own.
 */
#include "lib/net/httpd_input.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/httpd_batch.h"
#include "lib/net/httpd_door.h"
#include "lib/proto/proxy_header.h"

/* Answers are sent when so much has gathered, so that a long pipeline neither
 * grows the scratch nor keeps a slow reader's answers in memory. */
#define FLUSH_AT_BYTES 65536

/* Whether the connection may handle a further request now. */
static bool wants_input(const struct httpd_conn *conn)
{
	return (conn->state == HTTPD_CONN_HEAD ||
		conn->state == HTTPD_CONN_BODY) &&
	       !conn->blocked;
}

/* The handler made no answer, or not a whole one: that is our mistake. */
static void answer_500(struct httpd_request *req, size_t answer_at)
{
	log_err("httpd.no_answer path=" SV_FMT, SV_ARG(req->head->path));
	req->out->len = answer_at;
	req->body_at = 0;
	httpd_problem_simple(req, 500, "internal", "Internal error",
			     "the request was not answered");
}

struct httpd_request httpd_input_request(struct httpd_conn *conn,
					 const struct http1_request *head,
					 struct sv body)
{
	struct httpd *server = conn->server;

	return (struct httpd_request){
		.head = head,
		.body = body,
		.peer = conn->peer,
		.peer_port = conn->peer_port,
		.now_ms = loop_now_ms(server->loop),
		.server = server,
		.conn = conn,
		.out = &server->out,
	};
}

void httpd_input_dispatch(struct httpd_conn *conn, struct httpd_request *req)
{
	struct httpd *server = conn->server;
	const struct http1_request *head = req->head;
	size_t answer_at = server->out.len;

	HTTPD_COUNT(server->counters.requests, 1);
	conn->framing = (struct httpd_framing){
		.minor_version = head->minor_version,
		.keep_alive = head->keep_alive && !server->draining,
		.head_only = head->method == HTTP1_HEAD,
	};
	server->handler(req, server->arg);
	if (UNLIKELY(!req->answered))
		answer_500(req, answer_at);
	if (UNLIKELY(server->out.failed)) {
		log_err("httpd.answer_too_big path=" SV_FMT,
			SV_ARG(head->path));
		server->out.len = answer_at; /* before it are others' */
		server->out.failed = false;
		httpd_conn_kill(conn);
	} else if (conn->state == HTTPD_CONN_HEAD &&
		   !conn->framing.keep_alive) {
		conn->state = HTTPD_CONN_LAST;
	}
}

/* A request that comes alone. */
static void dispatch(struct httpd_conn *conn, const struct http1_request *head,
		     struct sv body)
{
	struct httpd *server = conn->server;
	struct httpd_request req = httpd_input_request(conn, head, body);

	for (unsigned step = 0; step < server->ahead_steps; step++)
		server->ahead(&req, step, server->arg);
	httpd_input_dispatch(conn, &req);
}

void httpd_input_drop_body(struct httpd_conn *conn)
{
	struct httpd_body *body = conn->body;

	if (!body)
		return;
	conn->body = NULL;
	buf_fini(&body->data);
	mem_free(body->head_bytes);
	mem_free(body);
}

/* The whole head is at @bytes, the body is not: keep both until it is. */
static void begin_body(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd *server = conn->server;
	struct httpd_body *body = mem_alloc(sizeof(*body));
	size_t head_bytes = server->head.head_bytes;

	body->head_bytes = mem_dup(bytes.ptr, head_bytes);
	/* The same bytes again, for views that point into the copy. */
	(void)!http1_read_request(sv_of(body->head_bytes, head_bytes),
				  &body->head);
	buf_init(&body->data, server->limits.body_max_bytes);
	conn->body = body;
	conn->state = HTTPD_CONN_BODY;
	conn->stamp_ms = loop_now_ms(server->loop);
	if (body->head.expect_continue && bytes.len == head_bytes)
		buf_sv(&server->out, SV("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Append to the body up to its Content-Length. Returns 1 when it is whole. */
static int feed_length(struct httpd_body *body, struct sv *bytes)
{
	uint64_t left = body->head.content_bytes - body->data.len;
	size_t take = bytes->len < left ? bytes->len : (size_t)left;

	buf_put(&body->data, bytes->ptr, take);
	bytes->ptr += take;
	bytes->len -= take;
	return take == left;
}

/* Decode chunks. Returns 1 when the body is whole, 0 when more must come, an
 * error otherwise. */
static int feed_chunks(struct httpd_body *body, struct sv *bytes)
{
	for (;;) {
		struct sv data;
		int rc = http1_chunk_next(&body->chunks, bytes, &data);

		if (rc)
			return rc == ERR_AGAIN ? 0 : rc;
		buf_sv(&body->data, data);
		if (body->data.failed)
			return ERR_TOOBIG;
	}
}

/* Returns how much of @bytes the body took. */
static size_t take_body(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd_body *body = conn->body;
	size_t had = bytes.len;
	int rc = body->head.body == HTTP1_BODY_CHUNKED
			 ? feed_chunks(body, &bytes)
			 : feed_length(body, &bytes);

	if (rc < 0) {
		httpd_refuse(conn, rc == ERR_TOOBIG ? 413 : 400);
		return had;
	}
	if (rc == 1) {
		conn->body = NULL;
		conn->state = HTTPD_CONN_HEAD;
		dispatch(conn, &body->head, buf_view(&body->data));
		buf_fini(&body->data);
		mem_free(body->head_bytes);
		mem_free(body);
	}
	return had - bytes.len;
}

/* Returns how much of @bytes the next request took; 0 = its head is not whole.
 */
static size_t take_request(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd *server = conn->server;
	struct http1_request *head = &server->head;
	size_t whole;
	int rc;

	if (UNLIKELY(conn->proxied))
		return httpd_door_header(conn, bytes);
	rc = http1_read_request(bytes, head);
	if (rc == ERR_AGAIN)
		return 0;
	if (rc == 0 && head->method == HTTP1_OTHER)
		rc = 501;
	if (rc == 0 && head->body == HTTP1_BODY_LENGTH &&
	    head->content_bytes > server->limits.body_max_bytes)
		rc = 413;
	if (UNLIKELY(rc)) {
		if (proxy_header_is_one(bytes))
			HTTPD_COUNT(server->counters.refused_proxy_header, 1);
		httpd_refuse(conn, (unsigned)rc);
		return bytes.len;
	}
	whole = head->head_bytes;
	if (head->body == HTTP1_BODY_LENGTH)
		whole += head->content_bytes;
	if (head->body == HTTP1_BODY_CHUNKED || whole > bytes.len) {
		begin_body(conn, bytes);
		return head->head_bytes;
	}
	dispatch(conn, head,
		 (struct sv){bytes.ptr + head->head_bytes,
			     whole - head->head_bytes});
	return whole;
}

static size_t take_next(struct httpd_conn *conn, struct sv bytes)
{
	size_t used = 0;

	if (conn->state == HTTPD_CONN_BODY)
		return take_body(conn, bytes);
	if (conn->server->ahead && !conn->proxied)
		used = httpd_batch_pipeline(conn, bytes);
	return used > 0 ? used : take_request(conn, bytes);
}

size_t httpd_input_take(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd *server = conn->server;
	size_t had = bytes.len;

	while (bytes.len > 0 && wants_input(conn)) {
		size_t used = take_next(conn, bytes);

		if (used == 0)
			break;
		bytes.ptr += used;
		bytes.len -= used;
		if (conn->state == HTTPD_CONN_HEAD)
			conn->stamp_ms = loop_now_ms(server->loop); /* next */
		if (server->out.len >= FLUSH_AT_BYTES)
			httpd_conn_write_out(conn);
	}
	return had - bytes.len;
}
