/*
 * steady.h - what is published moves only when it has to: weights of nodes,
 * shares of cells and how full sites are keep what they were while what is
 * right now is within 2 % of it, so that noise does not change a device's list.
 * Pure but for what it keeps; builder's thread.
 */
#ifndef PERI_BALANCER_STEADY_H
#define PERI_BALANCER_STEADY_H

#include <stdbool.h>

#include "balancer/candidates.h"
#include "balancer/waterfill.h"

#define STEADY_QUANTA 4096
#define STEADY_PART   0.02

/* What was published of each service's cells. */
struct steady;

/* A site in the order for clients without a place. */
struct steady_place {
	double free_part, share;
	uint32_t site;
	uint8_t class; /* enum candidates_class */
};

/* steady_new, steady_free - nothing published yet. */
struct steady *steady_new(void);
void steady_free(struct steady **steady);

/*
 * steady_quanta - what to publish for a node whose part of its fair share is
 * @ratio, in 1/4096 of it: @published while that is within 2 % or one quantum,
 * else the nearest of the powers of 1.02. 0 exactly for 0.
 */
uint32_t steady_quanta(uint32_t published, double ratio);

/*
 * steady_nodes - replace the p of a solved @site by the published ones and
 * bring published up to date. They sum to 1 as before, and none is above its
 * cap; where that cannot be, and where more arrives than fits, p stays as it
 * was solved.
 */
void steady_nodes(struct waterfill_site *site);

/*
 * steady_service - the cells that follow are those of service @index. What was
 * published is forgotten when its sites or the number of cells are others.
 *
 * @site_ids  what tells the sites apart, by index; borrowed for the call
 */
void steady_service(struct steady *steady, unsigned index,
		    const uint64_t *site_ids, uint32_t site_count,
		    uint32_t cell_count);

/*
 * steady_est - the connections to publish for @site of that service: what was
 * published while @est is within 2 % of @limit of it, else @est.
 */
double steady_est(struct steady *steady, uint32_t site, double est,
		  double limit);

/*
 * steady_cell - the shares to publish for @cell, added up, in 1/4096; the last
 * of the row->count ones is 4096. Borrowed until the next call.
 *
 * @share  of its candidates in @row; sums to 1, or all 0
 */
const uint16_t *steady_cell(struct steady *steady, uint32_t cell,
			    const struct candidates_row *row,
			    const double *share);

/*
 * steady_places - put the sites for clients without a place in order and give
 * each its share: those published, while every share is within 2 %, every free
 * part within 2 points and no class has changed; else as they are, in order of
 * class, free part and index, which is published then.
 *
 * @places  in order of site, all different
 */
void steady_places(struct steady *steady, struct steady_place *places,
		   uint32_t count);

#endif
