/*
 * wire.c - frames in, frames out. One thread. Invariant: `partial` holds the
 * beginning of at most one frame between two calls.
 */
#include "client/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"

#define FRAME_MAX      (FRAME_HEAD_BYTES + FRAME_BODY_MAX)
#define READ_BYTES     16384
/* A server that sends without end must not keep us from everything else. */
#define READS_PER_CALL 8

static void say_interest(struct wire *wire)
{
	unsigned bits = INTEREST_READ;

	if (wire->unsent.len > 0)
		bits |= INTEREST_WRITE;
	if (bits == wire->bits)
		return;
	wire->bits = bits;
	interest_set(wire->interest, wire->fd, bits);
}

void wire_init(struct wire *wire, int fd, const struct interest *interest)
{
	*wire = (struct wire){.fd = fd, .interest = interest};
	buf_init(&wire->partial, FRAME_MAX);
	buf_init(&wire->unsent, WIRE_UNSENT_MAX);
	say_interest(wire);
}

void wire_fini(struct wire *wire)
{
	if (wire->fd < 0)
		return;
	interest_set(wire->interest, wire->fd, INTEREST_NONE);
	close(wire->fd);
	wire->fd = -1;
	buf_fini(&wire->partial);
	buf_fini(&wire->unsent);
}

static void forget(struct buf *b, size_t max_bytes)
{
	buf_fini(b);
	buf_init(b, max_bytes);
}

int wire_flush(struct wire *wire)
{
	ssize_t n;

	if (wire->fd < 0 || wire->unsent.len == 0)
		return 0;
	n = send(wire->fd, wire->unsent.data, wire->unsent.len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	if (n > 0) {
		memmove(wire->unsent.data, wire->unsent.data + n,
			wire->unsent.len - (size_t)n);
		wire->unsent.len -= (size_t)n;
	}
	if (wire->unsent.len == 0)
		forget(&wire->unsent, WIRE_UNSENT_MAX);
	say_interest(wire);
	return 0;
}

int wire_send(struct wire *wire, int32_t op, int32_t seq, struct sv body)
{
	struct frame frame = {
		.version = FRAME_VERSION, .op = op, .seq = seq, .body = body};

	if (wire->fd < 0)
		return ERR_CLOSED;
	if (body.len > FRAME_BODY_MAX)
		return ERR_TOOBIG;
	if (wire->unsent.len + FRAME_HEAD_BYTES + body.len > WIRE_UNSENT_MAX)
		return ERR_LIMIT;
	frame_put(&wire->unsent, &frame);
	return wire_flush(wire);
}

/* Hand over the whole frames at the front of @bytes; @bytes is the rest. */
static int take_frames(struct sv *bytes, wire_frame_cb *cb, void *arg)
{
	struct frame frame;
	size_t consumed;
	int rc;

	while (bytes->len > 0) {
		rc = frame_read(*bytes, &frame, &consumed);
		if (rc != 0)
			return rc == ERR_AGAIN ? 0 : rc;
		rc = cb(&frame, arg);
		if (rc != 0)
			return rc;
		bytes->ptr += consumed;
		bytes->len -= consumed;
	}
	return 0;
}

/* Complete the frame that began in an earlier read, with as few bytes of
 * @bytes as it needs. */
static int take_partial(struct wire *wire, struct sv *bytes, wire_frame_cb *cb,
			void *arg)
{
	struct sv rest;
	size_t had = wire->partial.len, n = FRAME_MAX - had;
	int rc;

	if (n > bytes->len)
		n = bytes->len;
	buf_put(&wire->partial, bytes->ptr, n);
	rest = buf_view(&wire->partial);
	rc = take_frames(&rest, cb, arg);
	if (rc != 0)
		return rc;
	if (rest.len == wire->partial.len) { /* still not whole */
		*bytes = sv_of(bytes->ptr + n, bytes->len - n);
		return 0;
	}
	/* What is left over is the end of @bytes: read it from there. */
	*bytes = sv_of(bytes->ptr + n - rest.len, bytes->len - n + rest.len);
	forget(&wire->partial, FRAME_MAX);
	return 0;
}

static int take_bytes(struct wire *wire, struct sv bytes, wire_frame_cb *cb,
		      void *arg)
{
	int rc;

	if (wire->partial.len > 0) {
		rc = take_partial(wire, &bytes, cb, arg);
		if (rc != 0 || wire->partial.len > 0)
			return rc;
	}
	rc = take_frames(&bytes, cb, arg);
	if (rc == 0 && bytes.len > 0)
		buf_put(&wire->partial, bytes.ptr, bytes.len);
	return rc;
}

int wire_read(struct wire *wire, wire_frame_cb *cb, void *arg)
{
	char scratch[READ_BYTES];

	for (unsigned i = 0; i < READS_PER_CALL; i++) {
		ssize_t n = recv(wire->fd, scratch, sizeof(scratch), 0);
		int rc;

		if (n == 0)
			return ERR_CLOSED;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		rc = take_bytes(wire, sv_of(scratch, (size_t)n), cb, arg);
		if (rc != 0)
			return rc;
		if ((size_t)n < sizeof(scratch))
			return 0;
	}
	return 0;
}
