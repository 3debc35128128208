/*
 * httpd_stream.c - an answer that stays open: chunks (RFC 9112 7.1) to a 1.1
 * client, bare bytes until the close to a 1.0 client. The stream belongs to
 * its connection; its owner's handle ends with _end() or with closed_cb.
 */
#include <assert.h>

#include "lib/base/mem.h"
#include "lib/net/httpd_conn.h"
#include "lib/net/httpd_reply.h"

struct httpd_stream {
	struct httpd_conn *conn; /* borrowed, outlives the stream */
	httpd_stream_closed_cb *closed_cb;
	void *arg;
};

struct httpd_stream *httpd_stream(struct httpd_request *req,
				  const char *content_type, struct sv headers,
				  httpd_stream_closed_cb *closed_cb, void *arg)
{
	struct httpd_conn *conn = req->conn;
	struct httpd_stream *stream = mem_alloc(sizeof(*stream));
	struct buf *out = req->out;

	assert(!req->answered);
	req->answered = true;
	*stream = (struct httpd_stream){conn, closed_cb, arg};
	conn->stream = stream;
	conn->state = HTTPD_CONN_STREAM;
	/* Without chunks only the close tells the end. */
	if (conn->framing.minor_version == 0)
		conn->framing.keep_alive = false;
	httpd_reply_status(req->server, out, 200);
	buf_sv(out, SV("Content-Type: "));
	buf_str(out, content_type);
	buf_sv(out, SV("\r\n"));
	buf_sv(out, headers);
	if (conn->framing.minor_version > 0)
		buf_sv(out, SV("Transfer-Encoding: chunked\r\n"));
	httpd_reply_connection(out, &conn->framing);
	buf_sv(out, SV("\r\n"));
	/* Nothing may follow the head here: the owner hears that it is over. */
	if (conn->framing.head_only)
		httpd_conn_finish(conn);
	return stream;
}

void httpd_stream_gone(struct httpd_stream *stream)
{
	if (stream->closed_cb)
		stream->closed_cb(stream, stream->arg);
	mem_free(stream);
}

/* Hexadecimal without leading zeros. */
static void put_size(struct buf *out, size_t bytes)
{
	unsigned digits = 1;

	while (digits < 16 && bytes >> (4 * digits))
		digits++;
	buf_hex(out, bytes, digits);
	buf_sv(out, SV("\r\n"));
}

void httpd_stream_send(struct httpd_stream *stream, struct sv bytes)
{
	struct httpd_conn *conn = stream->conn;
	struct httpd *server = conn->server;
	struct buf *out;

	if (conn->state != HTTPD_CONN_STREAM || bytes.len == 0)
		return;
	if (httpd_conn_queued_bytes(conn) + bytes.len >
	    server->limits.stream_queue_bytes) {
		HTTPD_COUNT(server->counters.closed_slow_write, 1);
		httpd_conn_kill(conn);
		return;
	}
	out = httpd_conn_out(conn);
	if (conn->framing.minor_version > 0)
		put_size(out, bytes.len);
	buf_sv(out, bytes);
	if (conn->framing.minor_version > 0)
		buf_sv(out, SV("\r\n"));
	httpd_conn_flush(conn);
}

size_t httpd_stream_queued_bytes(const struct httpd_stream *stream)
{
	return httpd_conn_queued_bytes(stream->conn);
}

static void put_last(struct httpd_conn *conn)
{
	if (conn->framing.minor_version > 0 && !conn->framing.head_only)
		buf_sv(httpd_conn_out(conn), SV("0\r\n\r\n"));
}

void httpd_stream_end(struct httpd_stream *stream)
{
	struct httpd_conn *conn = stream->conn;

	conn->stream = NULL;
	mem_free(stream);
	if (conn->state != HTTPD_CONN_STREAM)
		return;
	put_last(conn);
	httpd_conn_answered(conn);
}

void httpd_stream_cut(struct httpd_stream *stream)
{
	put_last(stream->conn);
	httpd_conn_finish(stream->conn);
}
