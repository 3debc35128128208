/*
 * what_if_all.h - what a change would do to all clients: each region's and
 * node's share of all first choices, before and after. The answer to a what-if
 * that is not about one client. Pure.
 */
#ifndef PERI_BALANCER_WHAT_IF_ALL_H
#define PERI_BALANCER_WHAT_IF_ALL_H

#include "balancer/what_if.h"

#define WHAT_IF_ALL_REGIONS_MAX 256 /* shown, those that move most first */
#define WHAT_IF_ALL_NODES_MAX	64

/*
 * what_if_all_put - append
 * {"changes":[..],"basis":"demand|room","regions":[{id,
 * before,after}],"nodes":[{id,before,after}],"moved_share","truncated"}.
 *
 * Shares are of the demand of all services, as reckoned; while nobody asks, of
 * clients without a place, who go by room: then basis is "room". Regions are
 * all there are, nodes only those whose share changes. moved_share is half
 * the sum of the nodes' changes: the least part of all clients that has
 * another first node.
 */
void what_if_all_put(struct buf *out, const struct what_if *what_if,
		     const struct snapshot *before,
		     const struct snapshot *after);

#endif
