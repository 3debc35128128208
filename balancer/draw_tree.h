/*
 * draw_tree.h - weighted rendezvous in a large site without looking at every
 * node: a tree of fan-out 16 over hash(id), whose nodes draw with the sums of
 * what lies below them. Pure; any thread that may read the snapshot.
 *
 * What is drawn. Every tree node v has a first arrival T(v). The root's is
 * -log2(u)/sum; of the children c of v, each with X(c) = -log2(u)/sum(c), the
 * one with the least X arrives with v, the others as much later as their X is
 * more: T(c) = T(v) + X(c) - min X. The leaves are the nodes of the site, in
 * order of T. An exponential race has no memory, so this is the race that the
 * flat scan runs over all nodes (every set and order has the same probability),
 * but with other clients for each node: see docs/RANKING.md.
 */
#ifndef PERI_BALANCER_DRAW_TREE_H
#define PERI_BALANCER_DRAW_TREE_H

#include "balancer/draw_scan.h"

#define DRAW_TREE_FANOUT 16
/* A site with more nodes than this has a tree (measured, docs/BENCHMARKS.md);
 * whether it has one depends on registrations alone, never on loads. */
#define DRAW_TREE_SITE	 1024
#define DRAW_TREE_MEAN	 64 /* nodes of a bucket at most, on average */

/*
 * The draws of one tier of a large site as a tree. Node v has
 * the children 16v+1 .. 16v+16; the lowest level are the buckets.
 */
struct draw_tree {
	/* of each node, by family: 1 / sum of the weights below; INFINITY when
	 * there is nobody */
	double *inv_sum[SNAPSHOT_FAMILIES];
	uint32_t *first_draw; /* of each bucket, and where the last ends */
	uint64_t salt;	      /* of the site */
};

/* draw_tree_depth - levels below the root for a site of @node_count nodes; 0:
 * no tree. */
unsigned draw_tree_depth(uint32_t node_count);

/* draw_tree_buckets, draw_tree_size - how many buckets, and nodes in all, a
 * tree of @depth has. */
uint32_t draw_tree_buckets(unsigned depth);
uint32_t draw_tree_size(unsigned depth);

/* draw_tree_bucket - where a node with @id_hash belongs: its upper bits. */
uint32_t draw_tree_bucket(uint64_t id_hash, unsigned depth);

/*
 * draw_tree_fill - sum up @tier of @site, whose draws are written, in order of
 * bucket.
 *
 * @salt  of the site, the same on every replica
 *
 * Builder's thread.
 */
void draw_tree_fill(const struct snapshot_service *service,
		    const struct snapshot_site *site, unsigned tier,
		    uint64_t salt);

/* draw_tree_best - as draw_scan_site(), for a site with a tree. */
void draw_tree_best(const struct draw_scan *scan, unsigned tier, unsigned want,
		    struct draw_best *best_r);

/* draw_tree_score - T of a node of @tier of scan->site, of which these two
 * are known; for explaining. scan->listed may be NULL. */
double draw_tree_score(const struct draw_scan *scan, unsigned tier,
		       uint64_t id_hash, double inv_weight);

#endif
