/*
 * region_table.h - the regions and where they are. Pure; loop thread.
 */
#ifndef PERI_REGISTRY_REGION_TABLE_H
#define PERI_REGISTRY_REGION_TABLE_H

#include "registry/store.h"

#define REGION_TABLE_MAX 4096

struct region_table;

struct region {
	struct feed_region feed; /* never gone */
	enum store_region_source source;
	uint64_t rev;	/* of the last change */
	uint32_t holds; /* registrations under way that rely on it */
	bool is_up;	/* it had a node when event_source last looked */
};

/* region_table_new - empty; owned by the caller. region_table_free - with all
 * regions. */
struct region_table *region_table_new(void);
void region_table_free(struct region_table **table);

/* region_table_put - add or replace. Returns whether anything changed; the
 * entry is *@region_r (borrowed until it is deleted). */
bool region_table_put(struct region_table *table,
		      const struct feed_region *feed,
		      enum store_region_source source,
		      struct region **region_r);
/* region_table_del - @region is in the table; freed. */
void region_table_del(struct region_table *table, struct region *region);

/* region_table_find - by id, borrowed, or NULL. */
struct region *region_table_find(const struct region_table *table,
				 struct sv id);
size_t region_table_count(const struct region_table *table);
/* region_table_next - walk all regions, oldest first: NULL gives the first,
 * the last gives NULL. Ask for the next one before deleting. */
struct region *region_table_next(const struct region_table *table,
				 const struct region *region);

#endif
