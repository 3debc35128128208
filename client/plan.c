/*
 * plan.c - from an answer to decisions. One thread.
 */
#include "client/plan.h"

#include "client/dial.h"

void plan_take_numbers(const struct reply *reply, struct heartbeat *heartbeat,
		       struct backoff *backoff)
{
	const struct heartbeat_bounds bounds = {
		.start_s = reply->heartbeat.start_s,
		.min_s = reply->heartbeat.min_s,
		.max_s = reply->heartbeat.max_s,
		.step_s = reply->heartbeat.step_s,
	};
	const struct backoff_numbers numbers = {
		.base_ms = reply->backoff.base_ms,
		.max_ms = reply->backoff.max_ms,
		.factor = reply->backoff.factor,
	};

	heartbeat_set_bounds(heartbeat, &bounds);
	backoff_set(backoff, &numbers);
}

enum targets_families plan_families(const struct reply *reply)
{
	for (unsigned i = 0; i < reply->node_count; i++) {
		if (reply->nodes[i].ipv6_count > 0)
			return dial_has_route(&reply->nodes[i].ipv6[0])
				       ? TARGETS_V6_FIRST
				       : TARGETS_V4_ONLY;
	}
	return TARGETS_V4_ONLY;
}
