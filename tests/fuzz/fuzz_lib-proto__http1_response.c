/*
 * fuzz_lib-proto__http1_response.c - response heads, and chunked bodies, which
 * must decode alike in one piece and in many.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static int decode(struct sv bytes, size_t step, struct buf *body, size_t *used)
{
	struct http1_chunks chunks = {0};
	size_t done = 0;
	int rc = ERR_AGAIN;

	while (rc == ERR_AGAIN && done < bytes.len) {
		size_t take = bytes.len - done < step ? bytes.len - done : step;
		struct sv part = {bytes.ptr + done, take}, piece;

		while ((rc = http1_chunk_next(&chunks, &part, &piece)) == 0)
			buf_sv(body, piece);
		done += take - part.len;
	}
	*used = done;
	return rc;
}

static void check_chunks(struct sv bytes)
{
	struct buf whole, parts;
	size_t used, used_parts;
	int rc;

	buf_init(&whole, bytes.len + 1);
	buf_init(&parts, bytes.len + 1);
	rc = decode(bytes, bytes.len, &whole, &used);
	check(rc == decode(bytes, 3, &parts, &used_parts));
	check(used == used_parts && whole.len == parts.len && !whole.failed);
	check(whole.len == 0 || !memcmp(whole.data, parts.data, whole.len));
	buf_fini(&whole);
	buf_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_response response;
	struct sv bytes = {(const char *)data, size};
	int rc = http1_read_response(bytes, &response);

	if (rc) {
		check(rc == ERR_AGAIN || rc == ERR_SYNTAX || rc == ERR_TOOBIG);
		check_chunks(bytes);
		return 0;
	}
	check(response.head_bytes <= size && response.status >= 100 &&
	      response.status <= 999);
	bytes.ptr += response.head_bytes;
	bytes.len -= response.head_bytes;
	check_chunks(bytes);
	return 0;
}
