/*
 * frame.c - reads and writes goim v2 frames. No state: the caller shows all
 * the bytes it has and is told how many make one frame.
 */
#include "lib/proto/frame.h"

#include "lib/base/err.h"

#define PACKET_MAX (FRAME_HEAD_BYTES + FRAME_BODY_MAX)

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The two lengths, once their six bytes are here. */
static int check_lengths(uint32_t packet_bytes, uint16_t head_bytes)
{
	/* The field is signed: the upper half of the range is negative. */
	if (packet_bytes < FRAME_HEAD_BYTES || packet_bytes > INT32_MAX)
		return ERR_SYNTAX;
	if (packet_bytes > PACKET_MAX)
		return ERR_TOOBIG;
	return head_bytes == FRAME_HEAD_BYTES ? 0 : ERR_SYNTAX;
}

/*
 * A start that is too short for both lengths: what is missing is filled with
 * the smallest and the largest possible bytes. If no legal length lies between
 * the two, more bytes cannot help and the peer is refused now.
 */
static int check_partial(const uint8_t *at, size_t len)
{
	uint8_t low[4] = {0}, high[4] = {0xff, 0xff, 0xff, 0xff};
	size_t n = len < 4 ? len : 4;

	for (size_t i = 0; i < n; i++)
		low[i] = high[i] = at[i];
	if (get_u32(low) > INT32_MAX || get_u32(high) < FRAME_HEAD_BYTES)
		return ERR_SYNTAX;
	if (get_u32(low) > PACKET_MAX)
		return ERR_TOOBIG;
	if (len > 4 && at[4] != 0)
		return ERR_SYNTAX;
	return ERR_AGAIN;
}

int frame_read(struct sv bytes, struct frame *frame_r, size_t *consumed_r)
{
	const uint8_t *at = (const uint8_t *)bytes.ptr;
	size_t packet_bytes;
	int rc;

	if (bytes.len == 0)
		return ERR_AGAIN;
	if (bytes.len < 6)
		return check_partial(at, bytes.len);
	rc = check_lengths(get_u32(at), get_u16(at + 4));
	if (rc)
		return rc;
	packet_bytes = get_u32(at);
	if (bytes.len < packet_bytes)
		return ERR_AGAIN;
	frame_r->version = (int16_t)get_u16(at + 6);
	frame_r->op = (int32_t)get_u32(at + 8);
	frame_r->seq = (int32_t)get_u32(at + 12);
	frame_r->body = sv_of(bytes.ptr + FRAME_HEAD_BYTES,
			      packet_bytes - FRAME_HEAD_BYTES);
	*consumed_r = packet_bytes;
	return 0;
}

void frame_put(struct buf *b, const struct frame *frame)
{
	uint8_t head[FRAME_HEAD_BYTES];

	if (frame->body.len > FRAME_BODY_MAX) {
		b->failed = true; /* our own bug, seen at the buffer's check */
		return;
	}
	frame_put_u32(head, (uint32_t)(FRAME_HEAD_BYTES + frame->body.len));
	put_u16(head + 4, FRAME_HEAD_BYTES);
	put_u16(head + 6, (uint16_t)frame->version);
	frame_put_u32(head + 8, (uint32_t)frame->op);
	frame_put_u32(head + 12, (uint32_t)frame->seq);
	buf_put(b, head, sizeof(head));
	buf_sv(b, frame->body);
}

int frame_get_u32(struct sv body, uint32_t *value_r)
{
	if (body.len != 4)
		return ERR_SYNTAX;
	*value_r = get_u32((const uint8_t *)body.ptr);
	return 0;
}

void frame_put_u32(uint8_t dst[4], uint32_t value)
{
	dst[0] = (uint8_t)(value >> 24);
	dst[1] = (uint8_t)(value >> 16);
	dst[2] = (uint8_t)(value >> 8);
	dst[3] = (uint8_t)value;
}
