/*
 * frame.h - goim v2 frames: a 16-byte big-endian header and a body
 * (docs/PROTOCOL.md). Stricter than goim: a length that lies is an error.
 * Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_FRAME_H
#define PERI_LIB_PROTO_FRAME_H

#include <stdint.h>

#include "lib/base/buf.h"

#define FRAME_HEAD_BYTES 16
#define FRAME_BODY_MAX	 4096
#define FRAME_VERSION	 1

enum frame_op {
	FRAME_HEARTBEAT = 2,
	FRAME_HEARTBEAT_REPLY = 3,
	FRAME_SEND = 4,
	FRAME_SEND_REPLY = 5,
	FRAME_GOODBYE = 6,
	FRAME_AUTH = 7,
	FRAME_AUTH_REPLY = 8,
	FRAME_RAW = 9,
	FRAME_CHANGE_ROOM = 12,
	FRAME_CHANGE_ROOM_REPLY = 13,
	FRAME_SUB = 14,
	FRAME_SUB_REPLY = 15,
	FRAME_UNSUB = 16,
	FRAME_UNSUB_REPLY = 17,
};

struct frame {
	int16_t version; /* echoed in replies */
	int32_t op;
	int32_t seq;	/* echoed in replies */
	struct sv body; /* borrowed from the input */
};

/*
 * frame_read - the first frame of @bytes.
 *
 * @frame_r	out: body points into @bytes
 * @consumed_r	out: bytes of this frame
 *
 * Returns 0; ERR_AGAIN when more bytes are needed (never for a header that is
 * wrong already); ERR_SYNTAX for a header length other than 16 or a packet
 * length below it; ERR_TOOBIG for a body over FRAME_BODY_MAX.
 */
MUST_CHECK int frame_read(struct sv bytes, struct frame *frame_r,
			  size_t *consumed_r);

/* frame_put - append one frame. */
void frame_put(struct buf *b, const struct frame *frame);

/* frame_get_u32, frame_put_u32 - big-endian body of a heartbeat and its reply.
 * frame_get_u32 returns 0 or ERR_SYNTAX when @body is not four bytes. */
MUST_CHECK int frame_get_u32(struct sv body, uint32_t *value_r);
void frame_put_u32(uint8_t dst[4], uint32_t value);

#endif
