/*
 * wire.h - goim frames over one non-blocking socket: what did not fit waits,
 * what is not whole waits, and a quiet connection owns no buffer. Limits: a
 * frame is at most 16 + 4096 bytes, unsent bytes at most WIRE_UNSENT_MAX.
 * One thread.
 */
#ifndef PERI_CLIENT_WIRE_H
#define PERI_CLIENT_WIRE_H

#include "client/interest.h"
#include "lib/proto/frame.h"

#define WIRE_UNSENT_MAX 65536

/* Called for each whole frame; borrowed. Non-zero ends the reading with it. */
typedef int wire_frame_cb(const struct frame *frame, void *arg);

struct wire {
	int fd;		    /* owned; -1 = closed */
	unsigned bits;	    /* interest as last said */
	struct buf partial; /* of a frame; no memory when there is none */
	struct buf unsent;
	const struct interest *interest; /* borrowed */
};

/* wire_init - take over the connected socket @fd and wait for input. */
void wire_init(struct wire *wire, int fd, const struct interest *interest);

/* wire_fini - close the socket and free the buffers; allowed twice. */
void wire_fini(struct wire *wire);

/*
 * wire_send - send one frame, or keep it until the socket takes it.
 *
 * Returns 0, ERR_TOOBIG for a body above FRAME_BODY_MAX, ERR_LIMIT when too
 * much is unsent already (nothing is queued then), ERR_CLOSED, or -errno.
 */
MUST_CHECK int wire_send(struct wire *wire, int32_t op, int32_t seq,
			 struct sv body);

/* wire_flush - send what waits. Returns 0 or -errno. */
MUST_CHECK int wire_flush(struct wire *wire);

/*
 * wire_read - read what is there and hand over whole frames.
 *
 * Returns 0 when there is no more for now, ERR_CLOSED at the end of input,
 * ERR_SYNTAX or ERR_TOOBIG for a frame that lies, -errno, or what @cb said.
 * @cb may call wire_send() but not wire_fini().
 */
MUST_CHECK int wire_read(struct wire *wire, wire_frame_cb *cb, void *arg);

#endif
