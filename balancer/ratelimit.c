/*
 * ratelimit.c - a count-min sketch whose counters leak: each bucket is one
 * number, the time at which it will be empty, and what it holds is that time
 * less now. Any thread; relaxed loads and stores.
 */
#include "balancer/ratelimit.h"

#include <stdatomic.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define ROWS	  65536 /* buckets of one row: as struct ratelimit_place */
#define NS_PER_S  1000000000LL
#define NS_PER_MS 1000000LL

struct ratelimit {
	struct hash_key key;
	_Atomic int64_t first[ROWS], second[ROWS]; /* when each is empty, ns */
};

struct ratelimit *ratelimit_new(void)
{
	struct ratelimit *limit = mem_array_huge(1, sizeof(*limit));
	struct rng rng;

	rng_seed_os(&rng);
	limit->key = (struct hash_key){rng_u64(&rng), rng_u64(&rng)};
	return limit;
}

void ratelimit_free(struct ratelimit **limit)
{
	mem_free_huge(*limit);
	*limit = NULL;
}

struct ratelimit_quota ratelimit_quota(unsigned rate_per_s, unsigned burst)
{
	struct ratelimit_quota quota = {0, 0};

	if (rate_per_s > 0) {
		quota.step_ns = NS_PER_S / rate_per_s;
		quota.burst_ns = quota.step_ns * burst;
	}
	return quota;
}

static int64_t get(const _Atomic int64_t *bucket)
{
	return atomic_load_explicit(bucket, memory_order_relaxed);
}

/* Only a network's own requests fill: what another one put in stays. */
static void raise_to(_Atomic int64_t *bucket, int64_t empty_ns)
{
	if (get(bucket) < empty_ns)
		atomic_store_explicit(bucket, empty_ns, memory_order_relaxed);
}

struct ratelimit_place ratelimit_find(struct ratelimit *limit,
				      const struct addr *client)
{
	uint64_t network = addr_network(client);
	uint64_t hash = hash_sip(&limit->key, sv_of(&network, sizeof(network)));
	struct ratelimit_place place = {(uint16_t)hash, (uint16_t)(hash >> 32)};

	__builtin_prefetch(&limit->first[place.first], 1);
	__builtin_prefetch(&limit->second[place.second], 1);
	return place;
}

bool ratelimit_take(struct ratelimit *limit,
		    const struct ratelimit_quota *quota,
		    struct ratelimit_place place, int64_t now_ms)
{
	_Atomic int64_t *first = &limit->first[place.first];
	_Atomic int64_t *second = &limit->second[place.second];
	int64_t now_ns = now_ms * NS_PER_MS;
	int64_t a = get(first), b = get(second);
	int64_t empty_ns = a < b ? a : b;

	if (empty_ns < now_ns)
		empty_ns = now_ns;
	empty_ns += quota->step_ns;
	if (empty_ns - now_ns > quota->burst_ns)
		return false;
	raise_to(first, empty_ns);
	raise_to(second, empty_ns);
	return true;
}
