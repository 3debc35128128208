/*
 * httpc_stream.c - a streamed answer, cut into lines. A line that lies whole in
 * what was read is shown in place; only a part of one is kept.
 */
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/httpc_client.h"

struct httpc_stream {
	struct httpc_exchange *exchange;	    /* owned */
	const struct httpc_stream_handler *handler; /* borrowed */
	void *arg;
	struct loop *loop;	    /* borrowed */
	struct loop_timer *silence; /* owned */
	int64_t silence_ms;
	size_t line_max;
	struct buf part; /* of a line whose end has not come */
	unsigned status; /* 0 = no answer yet */
	int rc;		 /* why it cannot be asked for; 0 = it can */
	bool closed;	 /* by the owner or by its end: freed after the turn */
};

static void on_free(void *arg)
{
	struct httpc_stream *stream = arg;

	buf_fini(&stream->part);
	mem_free(stream);
}

static void close_stream(struct httpc_stream *stream)
{
	stream->closed = true;
	loop_timer_free(&stream->silence);
	httpc_exchange_free(&stream->exchange);
	/* We may be inside on_data(), and the owner may still look at a line.
	 */
	loop_later(stream->loop, on_free, stream);
}

static void end(struct httpc_stream *stream, int rc)
{
	const struct httpc_stream_handler *handler = stream->handler;
	void *arg = stream->arg;
	unsigned status = stream->status;

	close_stream(stream);
	handler->end(rc, status, arg);
}

static void on_silence(void *arg)
{
	struct httpc_stream *stream = arg;

	end(stream, stream->rc ? stream->rc : ERR_TIMEOUT);
}

static void on_head(const struct http1_response *response, void *arg)
{
	struct httpc_stream *stream = arg;

	stream->status = response->status;
	if (response->status != 200)
		end(stream, ERR_UNAVAILABLE);
	else if (stream->handler->open)
		stream->handler->open(stream->arg);
}

/* Show what is in front of the newline; false when the stream has ended. */
static bool show(struct httpc_stream *stream, struct sv line)
{
	if (stream->part.len > 0) {
		buf_sv(&stream->part, line);
		line = buf_view(&stream->part);
	}
	if (line.len > 0 && line.ptr && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (stream->part.failed || line.len > stream->line_max) {
		end(stream, ERR_TOOBIG);
		return false;
	}
	stream->handler->line(line, stream->arg);
	if (!stream->closed)
		buf_reset(&stream->part);
	return !stream->closed;
}

static void on_data(struct sv piece, void *arg)
{
	struct httpc_stream *stream = arg;
	const char *newline;

	loop_timer_once(stream->silence, stream->silence_ms);
	while (piece.len > 0 &&
	       (newline = memchr(piece.ptr, '\n', piece.len))) {
		size_t len = (size_t)(newline - piece.ptr);

		if (!show(stream, sv_of(piece.ptr, len)))
			return;
		piece.ptr += len + 1;
		piece.len -= len + 1;
	}
	buf_sv(&stream->part, piece);
	if (stream->part.failed)
		end(stream, ERR_TOOBIG);
}

static void on_done(int rc, void *arg)
{
	end(arg, rc ? rc : ERR_CLOSED);
}

static const struct httpc_exchange_handler exchange_handler = {
	.head = on_head,
	.data = on_data,
	.done = on_done,
};

struct httpc_stream *
httpc_stream_open(struct httpc *client, const char *path, int64_t silence_ms,
		  size_t line_max, const struct httpc_stream_handler *handler,
		  void *arg)
{
	struct httpc_stream *stream = mem_alloc(sizeof(*stream));
	struct buf request;

	stream->handler = handler;
	stream->arg = arg;
	stream->loop = client->loop;
	stream->silence_ms = silence_ms;
	stream->line_max = line_max;
	buf_init(&stream->part, line_max + 1); /* a CR is not of the line */
	stream->silence = loop_timer_new(client->loop, on_silence, stream);
	stream->exchange = httpc_exchange_new(client->loop, &client->origin,
					      &exchange_handler, stream);
	buf_init(&request, 65536);
	if (httpc_exchange_put(&request, &client->origin, HTTP1_GET, path,
			       SV("")) == 0) {
		httpc_exchange_start(stream->exchange, buf_view(&request),
				     HTTP1_GET);
		loop_timer_once(stream->silence, silence_ms);
	} else {
		stream->rc = ERR_SYNTAX;
		loop_timer_once(stream->silence, 0);
	}
	buf_fini(&request);
	return stream;
}

void httpc_stream_close(struct httpc_stream **stream)
{
	if (*stream)
		close_stream(*stream);
	*stream = NULL;
}
