/*
 * rng.h - fast seedable random numbers (xoshiro256**, Blackman and Vigna) for
 * jitter, draws and simulation. Not for secrets: those come from crypto.h.
 * One generator belongs to one thread.
 */
#ifndef PERI_LIB_BASE_RNG_H
#define PERI_LIB_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* rng_seed - start a reproducible sequence (splitmix64 of @seed). */
void rng_seed(struct rng *rng, uint64_t seed);

/* rng_seed_os - start a sequence that nobody can foresee (getrandom). */
void rng_seed_os(struct rng *rng);

/* rng_u64 - 64 uniform bits. */
uint64_t rng_u64(struct rng *rng);

/* rng_unit - uniform in [0, 1), 53 bits. */
double rng_unit(struct rng *rng);

/* rng_below - uniform in [0, @bound) without bias; @bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

#endif
