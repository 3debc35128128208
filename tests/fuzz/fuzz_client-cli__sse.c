/*
 * fuzz_client-cli__sse.c - a stream of events in pieces of any size: the first
 * byte says which. Whole or in pieces gives the same.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_event(const char *name, struct sv text, void *arg)
{
	buf_printf(arg, "%s %zu;", name, text.len);
}

static void run(struct sv rest, size_t piece_bytes, struct buf *found)
{
	struct sse sse;

	sse_init(&sse);
	while (rest.len > 0) {
		size_t n = rest.len < piece_bytes ? rest.len : piece_bytes;

		sse_feed(&sse, sv_of(rest.ptr, n), on_event, found);
		rest = sv_of(rest.ptr + n, rest.len - n);
	}
	buf_sv(found, sv_str(sse.id));
	sse_fini(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, pieces;

	if (size < 2)
		return 0;
	buf_init(&whole, 1u << 20);
	buf_init(&pieces, 1u << 20);
	run(sv_of(data + 1, size - 1), size, &whole);
	run(sv_of(data + 1, size - 1), (size_t)data[0] % 7 + 1, &pieces);
	if (!sv_eq(buf_view(&whole), buf_view(&pieces)))
		abort();
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
