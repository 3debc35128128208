/* Any bytes as the value of If-None-Match: read to its end or not, and a tag of
 * ours that stands in front is always found. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "balancer/etag.h"
#include "lib/base/mem.h"

#define TAG UINT64_C(0xfeedc0ffee123456)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_known(const char *text, size_t len)
{
	struct http1_request head;

	head.header_count = 1;
	head.headers[0].name = SV("If-None-Match");
	head.headers[0].value = sv_of(text, len);
	return etag_is_known(&head, TAG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char ours[] = "W/\"feedc0ffee123456\",";
	size_t len = sizeof(ours) - 1;
	char *text = mem_alloc(len + size);

	(void)is_known((const char *)data, size);
	memcpy(text, ours, len);
	memcpy(text + len, data, size);
	assert(is_known(text, len + size));
	mem_free(text);
	return 0;
}
