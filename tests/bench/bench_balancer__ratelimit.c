/*
 * bench_balancer__ratelimit.c - what the limit of a network costs a request:
 * one network again and again, a thousand in turn, and random ones of all of
 * IPv4, whose buckets come from further away. Best of several rounds.
 */
#include <stdio.h>

#include "balancer/ratelimit.h"
#include "lib/base/clk.h"
#include "lib/base/rng.h"

#define ROUNDS 9
#define COUNT  1000000
#define INPUTS 65536

static struct addr clients[INPUTS];

static double round_ns(struct ratelimit *limit, unsigned mask, int64_t now_ms)
{
	struct ratelimit_quota quota = ratelimit_quota(1000000, 1000000);
	int64_t begin_us = clk_mono_us();
	unsigned taken = 0;

	for (unsigned i = 0; i < COUNT; i++)
		taken += ratelimit_take(
			limit, &quota,
			ratelimit_find(limit, &clients[i & mask]),
			now_ms + i / 100);
	if (taken < COUNT / 2)
		puts("ratelimit refused too much");
	return (double)(clk_mono_us() - begin_us) * 1000 / COUNT;
}

static void report(const char *name, unsigned mask)
{
	struct ratelimit *limit = ratelimit_new();
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		double ns = round_ns(limit, mask, 1000000 + i * 100000);

		best = ns < best ? ns : best;
	}
	printf("%s %.1f ns\n", name, best);
	ratelimit_free(&limit);
}

int main(void)
{
	struct rng rng;

	rng_seed(&rng, 1);
	for (unsigned i = 0; i < INPUTS; i++)
		clients[i] = addr_from_v4_host((uint32_t)rng_u64(&rng));
	report("ratelimit.one_network", 0);
	report("ratelimit.1024_networks", 1023);
	report("ratelimit.random_networks", INPUTS - 1);
	return 0;
}
