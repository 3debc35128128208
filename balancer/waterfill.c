/*
 * waterfill.c - see the header. The sum of clamped lines is continuous and
 * never falls, so its crossing of 1 is bracketed and found by Newton steps that
 * fall back to bisection.
 */
#include "balancer/waterfill.h"

#include <math.h>

#define TOLERANCE 1e-13
#define STEPS_MAX 200

struct sums {
	double limit, ramped, hard_free, est;
};

static double free_of(const struct waterfill_node *node)
{
	return node->limit > 0 && node->hard > node->est
		       ? node->hard - node->est
		       : 0;
}

static struct sums sum_up(const struct waterfill_site *site)
{
	struct sums sums = {0};

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct waterfill_node *node = &site->nodes[i];

		if (node->limit <= 0)
			continue;
		sums.limit += node->limit;
		sums.ramped += node->ramp * node->limit;
		sums.hard_free += free_of(node);
		sums.est += node->est;
	}
	return sums;
}

/* fmin() and fmax() are calls; here nothing is a NaN. */
static double min(double a, double b)
{
	return a < b ? a : b;
}

static double max(double a, double b)
{
	return a > b ? a : b;
}

static double clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* Sum of all p at @x; *@slope_r is how fast it grows there. */
static double sum_at(const struct waterfill_site *site, double x,
		     double *slope_r)
{
	double sum = 0, slope = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct waterfill_node *node = &site->nodes[i];
		double line = node->gain * x - node->offset;
		double p = line > node->floor ? line : node->floor;

		p = p < node->cap ? p : node->cap;
		sum += p;
		/* One comparison, no branch: nobody could foresee it. */
		slope += p == line ? node->gain : 0;
	}
	*slope_r = slope;
	return sum;
}

/* Between which x the sum reaches 1, when the caps allow it. */
static void bracket(const struct waterfill_site *site, double *low_r,
		    double *high_r)
{
	double low = INFINITY, high = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct waterfill_node *node = &site->nodes[i];

		if (node->gain <= 0)
			continue;
		low = min(low, (node->floor + node->offset) / node->gain);
		high = max(high, (node->cap + node->offset) / node->gain);
	}
	*low_r = min(low, high);
	*high_r = high;
}

/* The x where the sum is 1, begun at @guess. */
static double cross(const struct waterfill_site *site, double guess)
{
	double low, high, x, slope;

	bracket(site, &low, &high);
	x = clamp(guess, low, high);
	for (unsigned step = 0; step < STEPS_MAX; step++) {
		double missing = 1 - sum_at(site, x, &slope), next;

		if (fabs(missing) <= TOLERANCE)
			break;
		if (missing > 0)
			low = x;
		else
			high = x;
		next = slope > 0 ? x + missing / slope : INFINITY;
		if (next == x)
			break; /* a sum of large terms comes no nearer */
		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (!(next > low && next < high))
			break;
		x = next;
	}
	return x;
}

/* Fixes p at @x and takes out what rounding left. */
static void settle(struct waterfill_site *site, double x)
{
	double sum = 0, scale;

	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];

		node->p = clamp(node->gain * x - node->offset, node->floor,
				node->cap);
		sum += node->p;
	}
	if (sum <= 0)
		return;
	scale = 1 / sum;
	for (uint32_t i = 0; i < site->node_count; i++)
		site->nodes[i].p *= scale;
}

static void clear(struct waterfill_site *site)
{
	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];

		node->p = node->cap = node->floor = 0;
		node->gain = node->offset = 0;
	}
	site->level = 0;
	site->overflow = 0;
}

/* Everything that fits, and the rest by ramped limit. */
static void solve_overflow(struct waterfill_site *site, const struct sums *sums)
{
	double volume = site->rate_per_s * site->horizon_s;
	double fits = volume > 0 ? sums->hard_free / volume : 0;

	site->overflow = 1;
	site->level = (sums->est + volume) / sums->limit;
	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];

		if (node->limit <= 0)
			continue;
		node->p = (volume > 0 ? free_of(node) / volume : 0) +
			  (1 - fits) * node->ramp * node->limit / sums->ramped;
		node->cap = node->p;
	}
}

/* Sets caps, floors and lines; returns the sum of the caps. */
static double set_lines(struct waterfill_site *site, const struct sums *sums,
			double volume)
{
	double per_limit = 1 / sums->limit, per_conn = 1 / volume, cap_sum = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];
		double share, room;

		if (node->limit <= 0)
			continue;
		share = node->ramp * node->limit * per_limit;
		room = free_of(node) * per_conn;
		node->cap = min(site->beta * share, room);
		node->floor = min(site->floor_share * share, node->cap);
		node->gain = node->limit * per_conn;
		node->offset = node->est * per_conn;
		cap_sum += node->cap;
	}
	return cap_sum;
}

/* The caps do not reach 1: raise beta, alike for all, to where they do. */
static void solve_raised(struct waterfill_site *site, const struct sums *sums,
			 double volume)
{
	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];

		node->floor = 0;
		node->cap = free_of(node) / volume;
		node->gain = node->limit > 0
				     ? node->ramp * node->limit / sums->limit
				     : 0;
		node->offset = 0;
	}
	settle(site, cross(site, 1));
	for (uint32_t i = 0; i < site->node_count; i++)
		site->nodes[i].cap = site->nodes[i].p;
	site->level = (sums->est + volume) / sums->limit;
}

void waterfill_solve(struct waterfill_site *site)
{
	struct sums sums = sum_up(site);
	double volume = site->rate_per_s * site->horizon_s;

	clear(site);
	if (sums.limit <= 0)
		return;
	/* A rounding error of the waterfall is no overflow. */
	if (sums.hard_free <= 0 || volume > sums.hard_free * (1 + 1e-9)) {
		solve_overflow(site, &sums);
		return;
	}
	volume = max(volume, min(1, sums.hard_free));
	if (set_lines(site, &sums, volume) < 1) {
		solve_raised(site, &sums, volume);
		return;
	}
	site->level = cross(site, (sums.est + volume) / sums.limit);
	settle(site, site->level);
}
