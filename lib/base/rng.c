/*
 * rng.c - xoshiro256** 1.0 (Blackman and Vigna 2018, public domain), written
 * from its description. One generator belongs to one thread.
 */
#include "lib/base/rng.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/base/hash.h"

void rng_seed(struct rng *rng, uint64_t seed)
{
	/* splitmix64: its outputs are never all zero in a row of four. */
	for (int i = 0; i < 4; i++) {
		seed += 0x9e3779b97f4a7c15ULL;
		rng->s[i] = hash_mix(seed);
	}
}

void rng_seed_os(struct rng *rng)
{
	do {
		ssize_t n;

		do {
			n = getrandom(rng->s, sizeof(rng->s), 0);
		} while (n < 0 && errno == EINTR);
		/* Up to 256 bytes come whole or the kernel has no source. */
		if (n != (ssize_t)sizeof(rng->s))
			abort();
	} while (!(rng->s[0] | rng->s[1] | rng->s[2] | rng->s[3]));
}

static uint64_t rng_rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t rng_u64(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rng_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotl(s[3], 45);
	return result;
}

double rng_unit(struct rng *rng)
{
	return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

/* Lemire 2019: multiply, and redraw only in the sliver that would bias. */
uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	unsigned __int128 product;
	uint64_t floor;

	assert(bound > 0);
	product = (unsigned __int128)rng_u64(rng) * bound;
	if ((uint64_t)product < bound) {
		floor = -bound % bound;
		while ((uint64_t)product < floor)
			product = (unsigned __int128)rng_u64(rng) * bound;
	}
	return (uint64_t)(product >> 64);
}
