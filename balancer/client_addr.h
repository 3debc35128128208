/*
 * client_addr.h - whose address counts: the peer's, the one that a trusted
 * proxy forwards in the header of policy->forwarded_header, or the ip parameter
 * of a caller who is believed. Pure.
 */
#ifndef PERI_BALANCER_CLIENT_ADDR_H
#define PERI_BALANCER_CLIENT_ADDR_H

#include "balancer/policy.h"
#include "balancer/query.h"
#include "lib/net/httpd.h"

/*
 * client_addr_find - the client's address for one request.
 *
 * @peer  the connection's other end
 * @ip	  the ip parameter, or NULL when there was none
 *
 * From a trusted proxy the right-most address that is not a trusted proxy
 * counts; what stands left of it the client may have written. Forwarded may
 * hide an address there: then that of the proxy which hides it counts. The
 * other of the two headers is never read: a proxy that does not write it passes
 * on what the client wrote.
 * Any thread, no allocation. Returns QUERY_OK, QUERY_IP_NOT_TRUSTED or
 * QUERY_BAD_FORWARDED_FOR.
 */
MUST_CHECK enum query_refusal client_addr_find(const struct policy *policy,
					       const struct http1_request *head,
					       const struct addr *peer,
					       const struct addr *ip,
					       struct addr *client_r);

/*
 * client_addr_payer - whose network the rate limit counts a request for.
 *
 * @ip	    as for client_addr_find()
 * @client  what client_addr_find() gave
 *
 * That is the client, but what somebody who is no proxy says in ip is his own
 * word: he pays himself. Returns @peer or @client.
 */
const struct addr *client_addr_payer(const struct policy *policy,
				     const struct addr *peer,
				     const struct addr *ip,
				     const struct addr *client);

/* Who asks, and who pays for it. */
struct client_addr_claim {
	struct addr client;
	const struct addr *payer;     /* @client or the request's peer */
	struct ratelimit_place place; /* of the payer; only with a quota */
};

/*
 * client_addr_claim - client_addr_find() and _payer() for @req; the payer's
 * bucket is on its way to the cache then.
 *
 * @limit  shared by all workers
 *
 * Returns what client_addr_find() returns; @claim_r is valid when that is
 * QUERY_OK, as long as @req is.
 */
MUST_CHECK enum query_refusal
client_addr_claim(const struct policy *policy, struct ratelimit *limit,
		  const struct httpd_request *req, const struct addr *ip,
		  struct client_addr_claim *claim_r);

/*
 * client_addr_admit - whether the payer's network may ask now.
 *
 * Takes one token of policy->quota. A trusted proxy that does not name its
 * client is never limited. Returns QUERY_OK or QUERY_RATE_LIMITED.
 */
MUST_CHECK enum query_refusal
client_addr_admit(const struct policy *policy, struct ratelimit *limit,
		  const struct client_addr_claim *claim, int64_t now_ms);

#endif
