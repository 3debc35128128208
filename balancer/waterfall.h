/*
 * waterfall.h - step 4 of ranking.md: how much of each cell's demand goes to
 * which of its candidate sites, so that no site gets more than it has room for
 * as long as there is room anywhere near. Pure arithmetic on arrays, sums in
 * order of index; any thread.
 */
#ifndef PERI_BALANCER_WATERFALL_H
#define PERI_BALANCER_WATERFALL_H

#include <stdint.h>

#include "balancer/candidates.h"

#define WATERFALL_PASSES 2 /* up to 0.90*K, then up to 1.00*K */

struct waterfall_site {
	/* in: connections per second of the horizon up to each pass's level,
	 * >= 0 and growing; 0 for a site without healthy nodes */
	double room_per_s[WATERFALL_PASSES];
	double weight; /* in: K, what an overflow goes by; 0 = never any */
	uint8_t class; /* in: enum candidates_class */
	double admitted_per_s; /* out */
	double left_per_s;     /* scratch: room before one tie asks */
	double demand_per_s;   /* scratch: of one tie */
	double accept;	       /* scratch: phi of one tie */
};

/* One cell's result. */
struct waterfall_cell {
	double share[CANDIDATES_MAX]; /* of its demand, by rank; sums to 1 */
	double rest;		      /* scratch: not placed yet */
	uint8_t panic; /* a part did not fit and went by weight */
};

struct waterfall {
	struct waterfall_site *sites;
	const struct candidates_row *rows; /* of each cell */
	const double *demand_per_s;	   /* of each cell; NULL = none */
	double demand_factor;	      /* multiplies demand_per_s (replicas) */
	struct waterfall_cell *cells; /* out */
	double *anywhere;	      /* out: share of each site, sums to 1 */
	uint32_t *active;	      /* scratch, cell_count */
	uint32_t site_count, cell_count;
	uint8_t anywhere_panic; /* out */
};

/*
 * waterfall_run - fill shares and admitted rates.
 *
 * In each pass, for each tie in turn (the first tie of every cell, then the
 * second, ...), a cell offers what is not placed yet to the sites of its tie in
 * proportion to the room that they have left; a site accepts the share phi =
 * clamp(room left / what all cells offer it, 0, 1), the rest goes on to the
 * cell's next tie. After both passes the rest goes by weight to the cell's
 * candidates of the best class, flagged panic.
 *
 * A cell without demand gets what an infinitesimal demand would: phi of the
 * same ties, where a site that nobody asked accepts all if it has any room.
 *
 * Cells without candidates are one demand that may go anywhere: after the
 * ties of each pass it takes room in proportion to what is left, at the end
 * it goes by weight, flagged. When no site has any weight, all shares are 0.
 */
void waterfall_run(struct waterfall *w);

#endif
