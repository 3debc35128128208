/*
 * A stream of frames, shown in pieces: the reader must give the same frames
 * whatever the cut, never read beyond, and write back what it read.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct frame *frame, struct sv bytes)
{
	char out[FRAME_HEAD_BYTES + FRAME_BODY_MAX];
	struct buf b;

	buf_init_fixed(&b, out, sizeof(out));
	frame_put(&b, frame);
	assert(!b.failed && sv_eq(buf_view(&b), bytes));
}

/* What any shorter start of the same bytes may say: "more", nothing else, if
 * the whole is right; and once wrong, always wrong. */
static void check_prefixes(struct sv bytes, int rc)
{
	struct frame frame;
	size_t consumed;
	size_t upto = bytes.len < 24 ? bytes.len : 24;

	for (size_t len = 0; len < upto; len++) {
		int early =
			frame_read(sv_of(bytes.ptr, len), &frame, &consumed);

		if (rc == 0 || rc == ERR_AGAIN)
			assert(early == ERR_AGAIN || early == rc);
		else
			assert(early == ERR_AGAIN || early < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = calloc(1, size ? size : 1);
	struct sv rest = sv_of(exact, size);
	struct frame frame;
	size_t consumed;
	uint32_t value;
	int rc;

	memcpy(exact, data, size);
	while ((rc = frame_read(rest, &frame, &consumed)) == 0) {
		assert(consumed == FRAME_HEAD_BYTES + frame.body.len);
		assert(frame.body.len <= FRAME_BODY_MAX);
		check_round_trip(&frame, sv_of(rest.ptr, consumed));
		check_prefixes(sv_of(rest.ptr, consumed), 0);
		assert((frame_get_u32(frame.body, &value) == 0) ==
		       (frame.body.len == 4));
		rest = sv_of(rest.ptr + consumed, rest.len - consumed);
	}
	assert(rc == ERR_AGAIN || rc == ERR_SYNTAX || rc == ERR_TOOBIG);
	check_prefixes(rest, rc);
	free(exact);
	return 0;
}
