/*
 * lease_reply.h - what the registry answers to a registration and a renewal.
 * Bytes from outside: checked, bounded. Pure, any thread.
 */
#ifndef PERI_COMET_AGENT_LEASE_REPLY_H
#define PERI_COMET_AGENT_LEASE_REPLY_H

#include <stdint.h>

#include "lib/proto/json.h"

enum lease_intent { LEASE_INTENT_UP, LEASE_INTENT_DRAIN };

struct lease_reply {
	uint32_t ttl_ms, renew_ms; /* 0 = not said */
	/* drain and maintenance both mean: let the clients go. */
	enum lease_intent intent;
	/* Percent of the clients to let go each minute: up and shedding, or the
	 * pace of a drain; 0 = not said. */
	uint32_t shed_per_min;
	uint32_t deadline_ms; /* a drain is over by then; 0 = not said */
};

/*
 * lease_reply_decode - the body of a 200 or 201.
 *
 * Takes both forms: {"lease":{"ttl_ms","renew_ms"},...} of a registration and
 * {"ttl_ms","renew_ms","intent":{...}} of a renewal. Unknown members are left
 * alone: a newer registry may say more. Returns 0 or p->rc.
 */
MUST_CHECK int lease_reply_decode(struct sv text, struct lease_reply *reply_r,
				  struct json_problem *p);

/* lease_reply_is_stale - whether the body of a 409 is the problem
 * "urn:perihelion:stale-seq": a renewal came late or twice, nobody else holds
 * the id. */
bool lease_reply_is_stale(struct sv text);

#endif
