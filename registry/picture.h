/*
 * picture.h - the whole fleet at one moment, as people look at it: sums over
 * all nodes and regions, what balancers reported, what operators want. Taken
 * by one walk over the leases when somebody looks; never kept. Pure.
 */
#ifndef PERI_REGISTRY_PICTURE_H
#define PERI_REGISTRY_PICTURE_H

#include "registry/drain_book.h"
#include "registry/lease.h"
#include "registry/override.h"
#include "registry/region_table.h"
#include "registry/report_sum.h"

#define PICTURE_HOT 0.8 /* part of its capacity from which a region is hot */

/* Where it all stands; borrowed. */
struct picture_source {
	const struct lease_table *leases;
	const struct region_table *regions;
	const struct override_table *overrides;
	const struct drain_book *drains; /* NULL = nobody counts */
	const struct balancer_table *balancers;
	const struct report_sum *sum; /* of @balancers */
	uint64_t revision;	      /* of the change stream */
};

/* Sums over nodes. Connections and capacity are of those that are neither down
 * nor in maintenance. */
struct picture_sum {
	uint32_t nodes;
	uint32_t ready; /* take new clients */
	uint32_t suspect, down;
	uint32_t draining; /* not down; maintenance counts */
	uint32_t excused;  /* down, and in maintenance: no alarm */
	uint64_t conns, capacity;
	uint64_t weight; /* of those that are ready */
};

struct picture_region {
	char id[NODE_ID_BYTES];
	const struct feed_region *feed; /* NULL = the region is not known */
	struct picture_sum sum;
};

struct picture {
	struct picture_source source;
	int64_t now_ms;
	struct picture_sum sum;
	struct picture_region *regions; /* in the order of ids */
	size_t region_count;
};

/* picture_take - as everything stands at @now_ms. Borrows from what @source
 * names: picture_fini() before any of it changes. */
void picture_take(struct picture *picture, const struct picture_source *source,
		  int64_t now_ms);
void picture_fini(struct picture *picture);

/* One node, as it is looked at. */
struct picture_node {
	const struct lease *lease;
	struct intent_effect effect;
	const char *why; /* it takes no new clients; "" = it does; constant */
	uint32_t conns;	 /* reported */
	uint32_t weight; /* in force, 0 when it takes none */
};

/* picture_node - @lease with what operators want of it. */
struct picture_node picture_node(const struct picture_source *source,
				 const struct lease *lease);

/* picture_region_state - "ok", "hot", "full", "drain", "down" or "empty". */
const char *picture_region_state(const struct picture_sum *sum);

#endif
