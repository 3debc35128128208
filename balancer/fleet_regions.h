/*
 * fleet_regions.h - the regions that the registry told of, in order of id.
 * Belongs to one fleet; builder's thread.
 */
#ifndef PERI_BALANCER_FLEET_REGIONS_H
#define PERI_BALANCER_FLEET_REGIONS_H

#include "lib/proto/feed.h"

#define FLEET_REGIONS_MAX (1 << 16)

/* Zeroed at first. */
struct fleet_regions {
	struct feed_region *list; /* count of them; owned */
	uint32_t *rounds;	  /* that saw each of them last */
	unsigned count, room;
};

enum fleet_regions_change {
	FLEET_REGIONS_SAME,
	FLEET_REGIONS_CHANGED,
	FLEET_REGIONS_FULL, /* one more than FLEET_REGIONS_MAX: ignored */
};

/* fleet_regions_fini - free the list, which is empty again then. */
void fleet_regions_fini(struct fleet_regions *regions);

/* fleet_regions_put - add, replace or (gone) delete; seen in @round. */
enum fleet_regions_change fleet_regions_put(struct fleet_regions *regions,
					    const struct feed_region *region,
					    uint32_t round);
/* fleet_regions_forget - delete those that @round has not seen; returns how
 * many. */
unsigned fleet_regions_forget(struct fleet_regions *regions, uint32_t round);

/* fleet_regions_find - by id; borrowed until the next change, or NULL. */
const struct feed_region *
fleet_regions_find(const struct fleet_regions *regions, const char *id);

#endif
