/*
 * chance.h - exact random counts for the simulator: how many of n clients,
 * drawn one by one, would have gone there. No approximation by normals, so a
 * step that moves counts is the same experiment as one that moves clients.
 */
#ifndef PERI_TESTS_SIM_RANKING_CHANCE_H
#define PERI_TESTS_SIM_RANKING_CHANCE_H

#include <stdint.h>

#include "lib/base/rng.h"

/* chance_poisson - events of a Poisson process with @mean expected, >= 0. */
uint64_t chance_poisson(struct rng *rng, double mean);

/* chance_binomial - how many of @n independent tries succeed, each with @p
 * (clamped to 0..1). */
uint64_t chance_binomial(struct rng *rng, uint64_t n, double p);

/* chance_exponential - a waiting time of mean @mean. */
double chance_exponential(struct rng *rng, double mean);

/* chance_normal - standard normal. */
double chance_normal(struct rng *rng);

#endif
