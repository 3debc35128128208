/*
 * client_addr.h - whose address counts: the peer's, the one that a trusted
 * proxy forwards in the header of policy->forwarded_header, or the ip parameter
 * of a caller who is believed. Pure.
 */
#ifndef PERI_BALANCER_CLIENT_ADDR_H
#define PERI_BALANCER_CLIENT_ADDR_H

#include "balancer/policy.h"
#include "balancer/query.h"
#include "lib/proto/http1.h"

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

#endif
