/*
 * draw_scan.h - the nodes of one site with the best scores, for draw.c. Pure,
 * no allocation; any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_DRAW_SCAN_H
#define PERI_BALANCER_DRAW_SCAN_H

#include "balancer/draw.h"
#include "lib/base/hash.h"

/* The best nodes of one scan, by score, then hash. */
struct draw_best {
	double reach; /* no node with a larger (1-u)/p can get in */
	unsigned count, want;
	uint32_t node[DRAW_MAX];
	double score[DRAW_MAX];
	uint64_t hash[DRAW_MAX];
};

/* Where to look; all borrowed. */
struct draw_scan {
	const struct draw_query *query;
	const struct draw_list *listed; /* nodes in it are passed over */
	const struct snapshot_site *site;
};

/* draw_scan_site - up to @want (0..DRAW_MAX) of the site's best nodes of @tier
 * in the query's family, best first. Always fills @best_r. */
void draw_scan_site(const struct draw_scan *scan, unsigned tier, unsigned want,
		    struct draw_best *best_r);

/* draw_scan_hash - what a node draws under @key; draw_scan_inv_weight - what
 * counts for it; draw_scan_score - both as one score. */
static inline uint64_t draw_scan_hash(uint64_t id_hash, uint64_t key)
{
	return hash_mix(id_hash ^ key);
}
static inline float draw_scan_inv_weight(const struct snapshot_node *node)
{
	return (float)(1 / (node->tier == TIER_OPEN ? node->weight
						    : (double)node->reserve));
}
/*
 * Most nodes are nowhere near the list: -log2(u) >= (1-u)*log2(e), and what
 * draw_neg_log2() adds to the true value is more than what it rounds off. So a
 * node whose draw_scan_far() is beyond draw_scan_reach(x) has a score above x.
 */
static inline double draw_scan_far(uint64_t hash, double inv_weight)
{
	return (double)(int64_t)(~hash >> 1) * inv_weight;
}
static inline double draw_scan_reach(double score)
{
	/* 2^63 / log2(e), with a little to spare */
	return score * (9223372036854775808.0 / 1.4426);
}
static inline double draw_scan_score(uint64_t hash, double inv_weight)
{
	return (double)(int64_t)draw_neg_log2(hash) * (1.0 / 2147483648.0) *
	       inv_weight;
}

#endif
