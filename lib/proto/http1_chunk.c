/*
 * http1_chunk.c - the decoder of chunked bodies (RFC 9112 7.1), a byte machine
 * between the pieces of data. Extensions and trailers are checked and dropped;
 * their length is limited, since they are nobody's body.
 */
#include "lib/proto/http1.h"

#include "lib/base/err.h"

#define LINE_MAX_BYTES	  256  /* a size with its extensions */
#define TRAILER_MAX_BYTES 4096 /* all trailers */
#define SIZE_MAX_BYTES	  (UINT64_MAX >> 8)

enum state {
	STATE_SIZE_FIRST, /* at least one digit must come */
	STATE_SIZE,
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER_START, /* of a line: CR ends the body */
	STATE_TRAILER,
	STATE_TRAILER_LF,
	STATE_LAST_LF,
	STATE_DONE,
	STATE_BROKEN,
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(char c)
{
	return c == '\t' || ((uint8_t)c >= ' ' && c != 0x7f);
}

static enum state step_size(struct http1_chunks *chunks, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		if (chunks->left_bytes > SIZE_MAX_BYTES >> 4)
			return STATE_BROKEN;
		chunks->left_bytes = chunks->left_bytes << 4 | (uint64_t)digit;
		return STATE_SIZE;
	}
	if (chunks->state == STATE_SIZE_FIRST)
		return STATE_BROKEN;
	if (c == '\r')
		return STATE_SIZE_LF;
	return c == ';' || c == ' ' || c == '\t' ? STATE_EXTENSION
						 : STATE_BROKEN;
}

static enum state step_trailer(enum state state, char c)
{
	if (c == '\r')
		return state == STATE_TRAILER_START ? STATE_LAST_LF
						    : STATE_TRAILER_LF;
	/* A line beginning with a space would be a folded one. */
	if (state == STATE_TRAILER_START && (c == ' ' || c == '\t'))
		return STATE_BROKEN;
	return is_text(c) ? STATE_TRAILER : STATE_BROKEN;
}

/* The state after @c, outside of data. */
static enum state step(struct http1_chunks *chunks, char c)
{
	enum state state = chunks->state;

	switch (state) {
	case STATE_SIZE_FIRST:
	case STATE_SIZE:
		return step_size(chunks, c);
	case STATE_EXTENSION:
		if (c == '\r')
			return STATE_SIZE_LF;
		return is_text(c) ? STATE_EXTENSION : STATE_BROKEN;
	case STATE_SIZE_LF:
		if (c != '\n')
			return STATE_BROKEN;
		chunks->line_bytes = 0;
		return chunks->left_bytes ? STATE_DATA : STATE_TRAILER_START;
	case STATE_DATA_CR:
		return c == '\r' ? STATE_DATA_LF : STATE_BROKEN;
	case STATE_DATA_LF:
		chunks->line_bytes = 0;
		return c == '\n' ? STATE_SIZE_FIRST : STATE_BROKEN;
	case STATE_TRAILER_START:
	case STATE_TRAILER:
		return step_trailer(state, c);
	case STATE_TRAILER_LF:
		return c == '\n' ? STATE_TRAILER_START : STATE_BROKEN;
	case STATE_LAST_LF:
		return c == '\n' ? STATE_DONE : STATE_BROKEN;
	case STATE_DATA:
	case STATE_DONE:
	case STATE_BROKEN:
		break;
	}
	return STATE_BROKEN;
}

static void take_data(struct http1_chunks *chunks, struct sv *bytes,
		      struct sv *data_r)
{
	size_t take = bytes->len < chunks->left_bytes
			      ? bytes->len
			      : (size_t)chunks->left_bytes;

	*data_r = (struct sv){bytes->ptr, take};
	bytes->ptr += take;
	bytes->len -= take;
	chunks->left_bytes -= take;
	if (chunks->left_bytes == 0)
		chunks->state = STATE_DATA_CR;
}

int http1_chunk_next(struct http1_chunks *chunks, struct sv *bytes,
		     struct sv *data_r)
{
	*data_r = (struct sv){bytes->ptr, 0};
	while (chunks->state != STATE_DONE) {
		unsigned limit = chunks->state >= STATE_TRAILER_START
					 ? TRAILER_MAX_BYTES
					 : LINE_MAX_BYTES;

		if (chunks->state == STATE_BROKEN)
			return ERR_SYNTAX;
		if (bytes->len == 0)
			return ERR_AGAIN;
		if (chunks->state == STATE_DATA) {
			take_data(chunks, bytes, data_r);
			return 0;
		}
		chunks->state = (uint8_t)step(chunks, *bytes->ptr);
		if (++chunks->line_bytes > limit)
			chunks->state = STATE_BROKEN;
		bytes->ptr++;
		bytes->len--;
	}
	return 1;
}
