/* Anything as the registry's answer: refused, or within its bounds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "comet-agent/lease_reply.h"
#include "lib/proto/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1);
	struct json_problem problem = {0};
	struct lease_reply reply;

	memcpy(exact, data, size);
	if (lease_reply_decode(sv_of(exact, size), &reply, &problem) == 0) {
		assert(reply.ttl_ms <= NODE_TTL_MAX_MS);
		assert(reply.renew_ms <= NODE_TTL_MAX_MS);
		assert(reply.intent <= LEASE_INTENT_DRAIN);
	} else {
		assert(problem.rc < 0 && problem.rule[0]);
	}
	(void)lease_reply_is_stale(sv_of(exact, size));
	free(exact);
	return 0;
}
