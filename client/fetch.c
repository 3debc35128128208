/*
 * fetch.c - a small HTTP/1.1 client over one non-blocking socket. One thread.
 * Invariant: fd is open exactly while result is ERR_AGAIN.
 */
#include "client/fetch.h"

#include <errno.h>
#include <unistd.h>

#include "client/dial.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/http1.h"

#define READ_BYTES	  8192
#define REQUEST_MAX	  (HTTP1_TARGET_MAX + 512)
#define INFORMATIONAL_MAX 4 /* 1xx answers before the real one */

enum fetch_state { CONNECTING, SENDING, READING_HEAD, READING_BODY, OVER };

struct fetch {
	int fd;
	enum fetch_state state;
	int result;
	unsigned status;
	enum http1_body body_kind;
	uint64_t content_bytes;
	size_t head_bytes; /* of input, once known */
	unsigned informational_count;
	struct http1_chunks chunks;
	struct buf output; /* the request */
	size_t output_sent;
	struct buf input; /* head, then the raw body unless chunked */
	struct buf body;  /* decoded, only when chunked */
	size_t answer_max_bytes;
	int64_t deadline_ms, silence_ms;
	const struct interest *interest; /* borrowed */
};

static void end(struct fetch *f, int result)
{
	if (f->fd >= 0) {
		interest_set(f->interest, f->fd, INTEREST_NONE);
		close(f->fd);
		f->fd = -1;
	}
	f->state = OVER;
	f->result = result;
}

static void build_request(struct buf *b, const struct fetch_call *call)
{
	bool is_v6 = memchr(call->host.ptr, ':', call->host.len) != NULL;

	buf_sv(b, call->method.len > 0 ? call->method : SV("GET"));
	buf_char(b, ' ');
	buf_sv(b, call->target);
	buf_str(b, is_v6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
	buf_sv(b, call->host);
	buf_str(b, is_v6 ? "]:" : ":");
	buf_u64(b, call->port);
	buf_str(b, "\r\nUser-Agent: perihelion\r\nAccept: application/json\r\n"
		   "Connection: close\r\n");
	if (call->if_none_match.len > 0) {
		buf_str(b, "If-None-Match: ");
		buf_sv(b, call->if_none_match);
		buf_str(b, "\r\n");
	}
	buf_sv(b, call->headers);
	if (call->body.len > 0) {
		buf_str(b, "Content-Type: application/json\r\n"
			   "Content-Length: ");
		buf_u64(b, call->body.len);
		buf_str(b, "\r\n");
	}
	buf_str(b, "\r\n");
	buf_sv(b, call->body);
}

static struct fetch *new_fetch(const struct fetch_call *call,
			       const struct interest *interest, int64_t now_ms)
{
	struct fetch *f = mem_alloc(sizeof(*f));

	f->fd = -1;
	f->result = ERR_AGAIN;
	f->interest = interest;
	f->deadline_ms = now_ms + call->timeout_ms;
	f->silence_ms = call->silence_ms;
	f->answer_max_bytes = call->answer_max_bytes;
	buf_init(&f->output, REQUEST_MAX + call->headers.len + call->body.len);
	buf_init(&f->input, HTTP1_HEAD_MAX + call->answer_max_bytes);
	buf_init(&f->body, call->answer_max_bytes);
	build_request(&f->output, call);
	return f;
}

static void begin(struct fetch *f)
{
	if (f->output.failed)
		end(f, ERR_TOOBIG);
	else
		interest_set(f->interest, f->fd, INTEREST_WRITE);
}

struct fetch *fetch_start(const struct fetch_call *call,
			  const struct interest *interest, int64_t now_ms)
{
	struct fetch *f = new_fetch(call, interest, now_ms);
	int rc = dial_start(&call->address, call->port, &f->fd);

	if (rc != 0)
		end(f, rc);
	else
		begin(f);
	return f;
}

struct fetch *fetch_start_on(int fd, const struct fetch_call *call,
			     const struct interest *interest, int64_t now_ms)
{
	struct fetch *f = new_fetch(call, interest, now_ms);

	f->fd = fd;
	begin(f);
	return f;
}

void fetch_free(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	if (!f)
		return;
	end(f, ERR_CLOSED);
	buf_fini(&f->output);
	buf_fini(&f->input);
	buf_fini(&f->body);
	mem_free(f);
	*fetch = NULL;
}

static void step_connect(struct fetch *f)
{
	int rc = dial_check(f->fd);

	if (rc == ERR_AGAIN)
		return;
	if (rc != 0)
		end(f, rc);
	else
		f->state = SENDING;
}

static void step_send(struct fetch *f)
{
	ssize_t n = send(f->fd, f->output.data + f->output_sent,
			 f->output.len - f->output_sent, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end(f, -errno);
		return;
	}
	f->output_sent += (size_t)n;
	if (f->output_sent < f->output.len)
		return;
	f->state = READING_HEAD;
	interest_set(f->interest, f->fd, INTEREST_READ);
}

/* An informational answer goes before the real one. */
static void drop_head(struct fetch *f, size_t head_bytes)
{
	memmove(f->input.data, f->input.data + head_bytes,
		f->input.len - head_bytes);
	f->input.len -= head_bytes;
}

static void take_head(struct fetch *f)
{
	struct http1_response response;
	int rc = http1_read_response(buf_view(&f->input), &response);

	if (rc == ERR_AGAIN)
		return;
	if (rc != 0) {
		end(f, rc);
		return;
	}
	if (response.status < 200) {
		drop_head(f, response.head_bytes);
		if (++f->informational_count > INFORMATIONAL_MAX)
			end(f, ERR_SYNTAX);
		else
			take_head(f);
		return;
	}
	f->status = response.status;
	f->body_kind = response.body;
	f->content_bytes = response.content_bytes;
	f->head_bytes = response.head_bytes;
	f->state = READING_BODY;
	if (f->body_kind == HTTP1_BODY_LENGTH &&
	    f->content_bytes > f->answer_max_bytes)
		end(f, ERR_TOOBIG);
}

/* Decode what came and keep only the undecoded rest behind the head. */
static void take_chunks(struct fetch *f)
{
	struct sv rest = sv_of(f->input.data + f->head_bytes,
			       f->input.len - f->head_bytes);
	struct sv data;
	int rc;

	while ((rc = http1_chunk_next(&f->chunks, &rest, &data)) == 0)
		buf_sv(&f->body, data);
	if (rc == 1)
		end(f, 0);
	else if (rc != ERR_AGAIN)
		end(f, rc);
	if (f->body.failed)
		end(f, ERR_TOOBIG);
	memmove(f->input.data + f->head_bytes, rest.ptr, rest.len);
	f->input.len = f->head_bytes + rest.len;
}

static void take_body(struct fetch *f)
{
	size_t have = f->input.len - f->head_bytes;

	switch (f->body_kind) {
	case HTTP1_BODY_NONE:
		end(f, 0);
		break;
	case HTTP1_BODY_LENGTH:
		if (have >= f->content_bytes)
			end(f, 0);
		break;
	case HTTP1_BODY_CHUNKED:
		take_chunks(f);
		break;
	case HTTP1_BODY_CLOSE:
		if (have > f->answer_max_bytes)
			end(f, ERR_TOOBIG);
		break;
	}
}

static void take_end_of_input(struct fetch *f)
{
	bool whole =
		f->state == READING_BODY && f->body_kind == HTTP1_BODY_CLOSE;

	end(f, whole ? 0 : ERR_CLOSED);
}

/* Returns whether it is worth to go on reading. */
static bool step_read(struct fetch *f)
{
	char *at = buf_reserve(&f->input, READ_BYTES);
	size_t room = READ_BYTES;
	ssize_t n;

	if (!at) {
		/* The last piece before the limit may be a short one. */
		f->input.failed = false;
		room = f->input.max_bytes - f->input.len;
		at = room > 0 ? buf_reserve(&f->input, room) : NULL;
	}
	if (!at) {
		end(f, ERR_TOOBIG);
		return false;
	}
	n = recv(f->fd, at, room, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end(f, -errno);
		return false;
	}
	if (n == 0) {
		take_end_of_input(f);
		return false;
	}
	f->input.len += (size_t)n;
	if (f->state == READING_HEAD)
		take_head(f);
	if (f->state == READING_BODY)
		take_body(f);
	return f->state != OVER;
}

void fetch_step(struct fetch *f, int64_t now_ms)
{
	size_t had_bytes = f->input.len + f->body.len;

	if (f->state == CONNECTING)
		step_connect(f);
	if (f->state == SENDING)
		step_send(f);
	if (f->state == READING_HEAD || f->state == READING_BODY) {
		while (step_read(f))
			;
	}
	if (f->silence_ms > 0 && f->input.len + f->body.len != had_bytes)
		f->deadline_ms = now_ms + f->silence_ms;
	if (f->state != OVER && now_ms >= f->deadline_ms)
		end(f, ERR_TIMEOUT);
}

int64_t fetch_due_ms(const struct fetch *f)
{
	return f->state == OVER ? 0 : f->deadline_ms;
}

int fetch_result(const struct fetch *f)
{
	return f->result;
}

unsigned fetch_status(const struct fetch *f)
{
	return f->status;
}

struct sv fetch_body(const struct fetch *f)
{
	if (f->body_kind == HTTP1_BODY_CHUNKED)
		return buf_view(&f->body);
	if (f->body_kind == HTTP1_BODY_LENGTH)
		return sv_of(f->input.data + f->head_bytes, f->content_bytes);
	return sv_of(f->input.data + f->head_bytes,
		     f->input.len - f->head_bytes);
}

void fetch_take_body(struct fetch *f, struct buf *b)
{
	buf_sv(b, buf_view(&f->body));
	buf_reset(&f->body);
}

struct sv fetch_header(const struct fetch *f, struct sv name)
{
	struct http1_response response;

	if (f->head_bytes == 0 ||
	    http1_read_response(sv_of(f->input.data, f->head_bytes),
				&response) != 0)
		return (struct sv){NULL, 0};
	return http1_header_find(response.headers, response.header_count, name);
}
