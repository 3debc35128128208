/* Any bytes as the query string of /resolve: refused with a reason, or inside
 * its limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "balancer/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query q;
	enum query_refusal refusal;

	refusal = query_parse(sv_of(data, size), &q);
	assert(refusal < QUERY_REFUSAL_COUNT);
	assert(strlen(query_refusal_row(refusal)->label) > 0);
	if (refusal != QUERY_OK)
		return 0;
	assert(q.host.len <= QUERY_HOST_MAX);
	assert(q.device.len <= QUERY_DEVICE_MAX);
	assert(q.want >= 1 && q.want <= DRAW_MAX);
	assert(q.failed_count <= QUERY_FAILED_MAX);
	for (size_t i = 0; i < q.host.len; i++)
		assert(q.host.ptr[i] > ' ' && q.host.ptr[i] != '"');
	return 0;
}
