/*
 * fuzz_lib-proto__http1.c - request heads: every view lies in the head, the
 * head alone reads the same, and one byte less is incomplete.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_view(struct sv view, const char *from, const char *to)
{
	check(view.len == 0 || (view.ptr >= from && view.ptr + view.len <= to));
}

/* At the end of a block of its own, so that a read beyond is noticed. */
static int read_copy(const uint8_t *data, size_t size,
		     struct http1_request *request)
{
	char *copy = malloc(size ? size : 1);
	int rc;

	check(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	rc = http1_read_request((struct sv){copy, size}, request);
	free(copy);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_request request, again;
	const char *from = (const char *)data;
	int rc = http1_read_request((struct sv){from, size}, &request);
	const char *to;

	check(read_copy(data, size, &again) == rc);
	if (rc) {
		check(rc == ERR_AGAIN || rc == 400 || rc == 414 || rc == 431 ||
		      rc == 501 || rc == 505);
		return 0;
	}
	check(request.head_bytes > 0 && request.head_bytes <= size);
	to = from + request.head_bytes;
	check(to[-1] == '\n' && request.path.len > 0);
	if (request.path.len > 1)
		check_view(request.path, from, to);
	check_view(request.query, from, to);
	for (unsigned i = 0; i < request.header_count; i++) {
		check(request.headers[i].name.len > 0);
		check_view(request.headers[i].name, from, to);
		check_view(request.headers[i].value, from, to);
	}
	check(read_copy(data, request.head_bytes, &again) == 0);
	check(again.head_bytes == request.head_bytes);
	check(read_copy(data, request.head_bytes - 1, &again) == ERR_AGAIN);
	return 0;
}
