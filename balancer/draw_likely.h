/*
 * draw_likely.h - which nodes of a site are near enough to be among the best,
 * before any of them is scored: the only thing that a list does for every node
 * of a site. Pure, any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_DRAW_LIKELY_H
#define PERI_BALANCER_DRAW_LIKELY_H

#include "balancer/draw_scan.h"

#define DRAW_LIKELY_MAX	  64
#define DRAW_LIKELY_LANES 4 /* found at one time */

struct draw_likely_query {
	uint64_t key;
	double limit;	   /* draw_scan_far() of those that are wanted */
	uint32_t families; /* CARD_HAS_*: one of them is enough */
};

/* What was found, in no order; behind it is room for one step too much. */
struct draw_likely {
	uint32_t index[DRAW_LIKELY_MAX + DRAW_LIKELY_LANES];
	uint64_t hash[DRAW_LIKELY_MAX + DRAW_LIKELY_LANES];
};

/*
 * draw_likely_find - the draws that are within the limit, and their hashes.
 *
 * Returns how many there are; more than DRAW_LIKELY_MAX: at least so many, and
 * what is in @likely_r is not all of them. Uses AVX-512 where there is.
 */
unsigned draw_likely_find(const struct draw_likely_query *query,
			  const struct snapshot_draw *draws, uint32_t count,
			  struct draw_likely *likely_r);

/* draw_likely_by_hand - the same on every processor. */
unsigned draw_likely_by_hand(const struct draw_likely_query *query,
			     const struct snapshot_draw *draws, uint32_t count,
			     struct draw_likely *likely_r);

#endif
