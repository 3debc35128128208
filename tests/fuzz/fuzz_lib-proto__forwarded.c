/* RFC 7239 of any bytes: it ends, stays inside, and a proxy's own element
 * behind it is either found as it is or nothing is found at all. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the last hop's kind, or ERR_SYNTAX; -1 when there is none. */
static int read_all(const char *text, size_t len, struct forwarded_hop *last)
{
	struct sv rest = sv_of(text, len);
	int rc, kind = -1;

	while ((rc = forwarded_next(&rest, last)) == 1) {
		assert(rest.ptr >= text && rest.ptr + rest.len == text + len);
		kind = last->kind;
		assert(kind == FORWARDED_HIDDEN ||
		       last->address.family != ADDR_NONE);
	}
	assert(rc == 0 || rc == ERR_SYNTAX);
	return rc == 0 ? kind : rc;
}

static void check_appended(const uint8_t *data, size_t size, struct sv own)
{
	char *text = malloc(size + own.len);
	struct forwarded_hop last;
	int kind;

	assert(text);
	if (size > 0)
		memcpy(text, data, size);
	memcpy(text + size, own.ptr, own.len);
	kind = read_all(text, size + own.len, &last);
	assert(kind == ERR_SYNTAX ||
	       (kind == FORWARDED_ADDRESS && last.address.bytes[15] == 0x17 &&
		last.address.family == ADDR_V6));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct forwarded_hop last;

	assert(copy);
	if (size > 0)
		memcpy(copy, data, size);
	(void)read_all(copy, size, &last);
	free(copy);
	check_appended(data, size, SV(", for=\"[2001:db8::17]\""));
	check_appended(data, size,
		       SV(",for=\"[2001:db8::17]:80\";proto=https;by=_x"));
	return 0;
}
