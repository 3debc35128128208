/* Any bytes as an answer of /resolve: refused with a reason, or inside its
 * limits. */
#include <assert.h>
#include <stdint.h>

#include "lib/proto/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply reply;
	struct json_problem p;
	int rc = reply_decode(sv_of(data, size), &reply, &p);

	assert(rc == p.rc);
	if (rc != 0)
		return 0;
	assert(reply.node_count <= REPLY_NODES_MAX);
	assert(reply.fallback_count <= REPLY_FALLBACK_MAX);
	for (unsigned i = 0; i < reply.node_count; i++) {
		assert(reply.nodes[i].ipv4_count <= NODE_ADDRS_MAX);
		assert(reply.nodes[i].ipv6_count <= NODE_ADDRS_MAX);
	}
	return 0;
}
