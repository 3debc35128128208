/*
 * waterfill.h - step 5 of ranking.md: how one site's draws are shared among
 * its nodes so that all of them reach one level at the end of the horizon.
 * Pure arithmetic on arrays, sums in order of index; any thread.
 */
#ifndef PERI_BALANCER_WATERFILL_H
#define PERI_BALANCER_WATERFILL_H

#include <stdint.h>

struct waterfill_node {
	/* in */
	double limit; /* K, what shares go by; 0 = takes no part (p = 0) */
	double hard;  /* connections that it can hold, min(K, C) */
	double est;   /* connections that it has, >= 0 */
	double ramp;  /* slow start, (0, 1] */
	uint32_t published; /* for steady.h; in and out */
	/* out */
	double p, cap, floor;
	/* scratch: p = clamp(gain*x - offset, floor, cap) */
	double gain, offset;
};

struct waterfill_site {
	/* in */
	struct waterfill_node *nodes;
	uint32_t node_count;
	double rate_per_s;  /* lam_s, >= 0 */
	double horizon_s;   /* H, > 0 */
	double beta;	    /* >= 1 */
	double floor_share; /* 0..1 */
	/* out */
	double level;	  /* l: est/K of every node at the end of the horizon */
	uint8_t overflow; /* more arrives than fits: hard bounds are broken */
};

/*
 * waterfill_solve - p_i = clamp((l*K_i - est_i)/V, floor_i, cap_i) with the
 * level l for which they sum to 1.
 *
 * V = lam_s*H, but at least the smaller of one connection and the free room:
 * an idle site goes by deficit, without 0/0.
 * cap_i is the smaller of beta*ramp_i*K_i/sum(K) and (hard_i - est_i)/V;
 * floor_i is floor_share*ramp_i*K_i/sum(K), 0 for a full node.
 *
 * When the caps sum to less than 1 (a site that just restarted, one node alone)
 * the first kind is raised by one factor for all; the second kind is kept as
 * long as everything fits. When it does not fit (overflow) every node gets its
 * room and the rest goes by ramp_i*K_i: full nodes too, fail open.
 *
 * The p sum to 1 when any node has K > 0, else all are 0.
 */
void waterfill_solve(struct waterfill_site *site);

#endif
