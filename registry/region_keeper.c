/*
 * region_keeper.c - where regions come from and when they end. Loop thread.
 */
#include "registry/region_keeper.h"

#include <assert.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "registry/lease_sums.h"
#include "registry/region_file.h"

static void put(struct registry *r, const struct feed_region *feed,
		enum store_region_source source)
{
	struct region *region;

	if (!region_table_put(r->regions, feed, source, &region))
		return;
	store_put_region(r->store, &region->feed, source);
	feed_hub_region(r->hub, region);
}

static void end(struct registry *r, struct region *region)
{
	log_info("region.end id=%s", region->feed.id);
	store_delete_region(r->store, region->feed.id);
	feed_hub_region_gone(r->hub, region);
	region_table_del(r->regions, region);
}

static bool has_nodes(const struct registry *r, const char *id)
{
	return lease_sums_find(lease_regions(r->leases), id) != NULL;
}

static bool is_listed(const struct feed_region *list, size_t count,
		      const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].id, id) == 0)
			return true;
	}
	return false;
}

static void apply_file(struct registry *r, const struct feed_region *list,
		       size_t count)
{
	struct region *region, *next;

	for (size_t i = 0; i < count; i++)
		put(r, &list[i], STORE_REGION_FILE);
	for (region = region_table_next(r->regions, NULL); region;
	     region = next) {
		next = region_table_next(r->regions, region);
		if (region->source != STORE_REGION_FILE ||
		    is_listed(list, count, region->feed.id))
			continue;
		if (region->holds > 0 || has_nodes(r, region->feed.id))
			put(r, &region->feed, STORE_REGION_NODE);
		else
			end(r, region);
	}
}

int region_keeper_read_file(struct registry *r)
{
	const char *path = registry_settings_of(r)->regions_file;
	struct feed_region *list;
	char storage[512];
	struct buf why;
	size_t count;
	int rc;

	if (!path[0])
		return 0;
	buf_init_fixed(&why, storage, sizeof(storage));
	rc = region_file_read(path, &why, &list, &count);
	if (rc != 0) {
		log_err("region.file_refused path=%s why=\"%s\"", path,
			buf_cstr(&why));
		return rc;
	}
	apply_file(r, list, count);
	mem_free(list);
	log_info("region.file path=%s regions=%zu", path, count);
	return 0;
}

int region_keeper_check(const struct registry *r,
			const struct node_record *record)
{
	if (region_table_find(r->regions, sv_str(record->region)))
		return 0;
	if (!record->has_position)
		return ERR_NOTFOUND;
	return region_table_count(r->regions) < REGION_TABLE_MAX ? 0
								 : ERR_LIMIT;
}

/* The region that its first node makes: called like its id, where it is. */
static struct feed_region region_of(const struct node_record *record)
{
	struct feed_region feed = {
		.lat_deg = record->lat_deg,
		.lon_deg = record->lon_deg,
	};

	memcpy(feed.id, record->region, sizeof(feed.id));
	memcpy(feed.title, record->region, sizeof(feed.title));
	return feed;
}

bool region_keeper_hold(struct registry *r, const char *id)
{
	struct region *region = region_table_find(r->regions, sv_str(id));

	if (!region)
		return false;
	region->holds++;
	return true;
}

void region_keeper_release(struct registry *r, const char *id)
{
	struct region *region = region_table_find(r->regions, sv_str(id));

	assert(region && region->holds > 0);
	region->holds--;
	region_keeper_leave(r, id);
}

void region_keeper_join(struct registry *r, const struct node_record *record)
{
	struct feed_region feed;

	if (region_table_find(r->regions, sv_str(record->region)))
		return;
	if (!record->has_position) {
		/* Only a damaged store gets here: without its region the node
		 * is nowhere. It stays; watchers see no position. */
		log_warn("region.unknown id=%s node=%s", record->region,
			 record->id);
		return;
	}
	feed = region_of(record);
	log_info("region.begin id=%s by=%s", feed.id, record->id);
	put(r, &feed, STORE_REGION_NODE);
}

void region_keeper_leave(struct registry *r, const char *id)
{
	struct region *region = region_table_find(r->regions, sv_str(id));

	if (region && region->source == STORE_REGION_NODE &&
	    region->holds == 0 && !has_nodes(r, id))
		end(r, region);
}
