/*
 * chance.c - inversion for small means; for large ones Hoermann's transformed
 * rejection (PTRS 1993, BTRS 1993), which is exact too. Pure but for the
 * generator.
 */
#include "tests/sim/ranking/chance.h"

#include <math.h>

#define SMALL_MEAN                                                             \
	10.0 /* above it transformed rejection is valid and faster             \
	      */

static double unit_above_0(struct rng *rng)
{
	return 1 - rng_unit(rng);
}

double chance_exponential(struct rng *rng, double mean)
{
	return -log(unit_above_0(rng)) * mean;
}

double chance_normal(struct rng *rng)
{
	double radius = sqrt(-2 * log(unit_above_0(rng)));

	return radius * cos(2 * M_PI * rng_unit(rng));
}

/* ln k! */
static double log_factorial(double k)
{
	int sign;

	return lgamma_r(k + 1, &sign);
}

static uint64_t small_poisson(struct rng *rng, double mean)
{
	double left = exp(-mean), product = unit_above_0(rng);
	uint64_t k = 0;

	while (product > left) {
		product *= unit_above_0(rng);
		k++;
	}
	return k;
}

static uint64_t large_poisson(struct rng *rng, double mean)
{
	double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
	double inv_alpha = 1.1239 + 1.1328 / (b - 3.4);
	double v_r = 0.9277 - 3.6224 / (b - 2);

	for (;;) {
		double u = rng_unit(rng) - 0.5, v = unit_above_0(rng);
		double us = 0.5 - fabs(u);
		double k = floor((2 * a / us + b) * u + mean + 0.43);

		if (us >= 0.07 && v <= v_r)
			return (uint64_t)k;
		if (k < 0 || (us < 0.013 && v > us))
			continue;
		if (log(v * inv_alpha / (a / (us * us) + b)) <=
		    k * log(mean) - mean - log_factorial(k))
			return (uint64_t)k;
	}
}

uint64_t chance_poisson(struct rng *rng, double mean)
{
	if (mean <= 0)
		return 0;
	return mean < SMALL_MEAN ? small_poisson(rng, mean)
				 : large_poisson(rng, mean);
}

/* Jumps from success to success. p <= 0.5, n*p small. */
static uint64_t small_binomial(struct rng *rng, uint64_t n, double p)
{
	double log_miss = log1p(-p), at = 0;
	uint64_t k = 0;

	for (;;) {
		at += floor(log(unit_above_0(rng)) / log_miss) + 1;
		if (at > (double)n)
			return k;
		k++;
	}
}

static uint64_t large_binomial(struct rng *rng, uint64_t n_count, double p)
{
	double n = (double)n_count, spread = sqrt(n * p * (1 - p));
	double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
	double c = n * p + 0.5, v_r = 0.92 - 4.2 / b;
	double alpha = (2.83 + 5.1 / b) * spread, odds = log(p / (1 - p));
	double mode = floor((n + 1) * p);
	double top = log_factorial(mode) + log_factorial(n - mode);

	for (;;) {
		double u = rng_unit(rng) - 0.5, v = unit_above_0(rng);
		double us = 0.5 - fabs(u);
		double k = floor((2 * a / us + b) * u + c);

		if (k < 0 || k > n)
			continue;
		if (us >= 0.07 && v <= v_r)
			return (uint64_t)k;
		if (log(v * alpha / (a / (us * us) + b)) <=
		    top - log_factorial(k) - log_factorial(n - k) +
			    (k - mode) * odds)
			return (uint64_t)k;
	}
}

uint64_t chance_binomial(struct rng *rng, uint64_t n, double p)
{
	if (n == 0 || !(p > 0))
		return 0;
	if (p >= 1)
		return n;
	if (p > 0.5)
		return n - chance_binomial(rng, n, 1 - p);
	return (double)n * p < SMALL_MEAN ? small_binomial(rng, n, p)
					  : large_binomial(rng, n, p);
}
