/* A Cookie header: what is found lies inside it. */
#include "registry/access_cookie.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv header = sv_of(data, size);
	struct sv value = access_cookie_find(header, SV("peri_session"));

	if (value.ptr && (value.ptr < header.ptr ||
			  value.ptr + value.len > header.ptr + header.len))
		abort();
	return 0;
}
