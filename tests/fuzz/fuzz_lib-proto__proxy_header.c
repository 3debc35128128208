/* The PROXY protocol: any bytes, read whole and as they arrive. What is found
 * does not depend on what follows, and a refusal is never taken back. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own length. */
static int read_copy(const uint8_t *data, size_t size,
		     struct proxy_header *header_r)
{
	char *copy = malloc(size ? size : 1);
	int rc;

	assert(copy);
	if (size > 0)
		memcpy(copy, data, size);
	rc = proxy_header_read(sv_of(copy, size), header_r);
	free(copy);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole = {.bytes = 0}, part;
	int rc = read_copy(data, size, &whole);
	size_t step = size / 16 + 1;

	if (rc == 0) {
		assert(whole.bytes <= size &&
		       whole.bytes <= PROXY_HEADER_MAX_BYTES);
		assert(read_copy(data, whole.bytes, &part) == 0);
		assert(part.source.family == whole.source.family);
		assert(read_copy(data, whole.bytes - 1, &part) == ERR_AGAIN);
	}
	for (size_t cut = 0; cut < size; cut += step) {
		int early = read_copy(data, cut, &part);

		assert(early == ERR_AGAIN || early == rc);
	}
	return 0;
}
