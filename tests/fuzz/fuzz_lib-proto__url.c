/* URL, query and percent-decoding of any bytes; decoding what was encoded
 * gives the same bytes back. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/proto/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct sv in)
{
	static char encoded[3 * 4096], decoded[3 * 4096];
	struct buf b;
	size_t len;

	buf_init_fixed(&b, encoded, sizeof(encoded));
	url_encode(&b, in);
	if (in.len == 0 || memchr(in.ptr, '\0', in.len))
		return;
	assert(url_decode(buf_view(&b), decoded, &len) == 0);
	assert(len == in.len && memcmp(decoded, in.ptr, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = sv_of(data, size), query = text, name, value;
	static char out[4096];
	struct url url;
	size_t len;

	if (size > 4096)
		return 0;
	if (url_parse(text, &url) == 0)
		assert(url.port != 0 && url.host.len > 0 &&
		       url.path.ptr[0] == '/');
	while (url_query_next(&query, &name, &value))
		if (url_decode(value, out, &len) == 0)
			assert(len <= value.len);
	round_trip(text);
	return 0;
}
