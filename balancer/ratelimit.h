/*
 * ratelimit.h - how often a network may ask: token buckets per IPv4 /24 and
 * IPv6 /48 in 1 MiB for all workers, without locks. Nothing is allocated on the
 * way, nothing is ever evicted.
 *
 * There are two rows of 65,536 buckets; a network has one bucket in each,
 * chosen by SipHash under a key of this process. It may ask while one of its
 * two has room. So no number of further addresses gives a network its tokens
 * back, and whoever wants to spoil another one's must keep both of its buckets
 * full. He does not know which they are; and with F networks that all ask at
 * their full rate the share of others hurt is (F/65536)^2, e.g. 1 in 43 million
 * for 10.
 *
 * Two workers that serve one network in the same instant may count one request
 * for both: the rate is kept within the number of workers in the worst case.
 */
#ifndef PERI_BALANCER_RATELIMIT_H
#define PERI_BALANCER_RATELIMIT_H

#include "lib/base/addr.h"

/* What one network may do; all 0 = anything. */
struct ratelimit_quota {
	int64_t step_ns;  /* one request's share of the time */
	int64_t burst_ns; /* how much of it may be owed at once */
};

struct ratelimit;

/* ratelimit_new - all buckets empty. Owned by the caller. */
struct ratelimit *ratelimit_new(void);
void ratelimit_free(struct ratelimit **limit);

/* ratelimit_quota - @rate_per_s requests in the long run (at most 10^6; 0 = no
 * limit), @burst at once. */
struct ratelimit_quota ratelimit_quota(unsigned rate_per_s, unsigned burst);

/* Where a network has its buckets. */
struct ratelimit_place {
	uint16_t first, second;
};

/* ratelimit_find - the place of @client's network; what is there is on its way
 * to the cache then. Any thread. */
struct ratelimit_place ratelimit_find(struct ratelimit *limit,
				      const struct addr *client);

/*
 * ratelimit_take - take a token of the network at @place.
 *
 * @now_ms  monotonic clock
 *
 * Returns false when there is none: then there is one within step_ns. Any
 * thread; a wait for memory if ratelimit_find() was only just called.
 */
MUST_CHECK bool ratelimit_take(struct ratelimit *limit,
			       const struct ratelimit_quota *quota,
			       struct ratelimit_place place, int64_t now_ms);

#endif
