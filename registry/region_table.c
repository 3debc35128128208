/*
 * region_table.c - regions by id, in the order of their appearance. Pure; the
 * loop's thread.
 */
#include "registry/region_table.h"

#include <string.h>

#include "registry/id_hash.h"

struct entry {
	struct region region; /* must come first */
	UT_hash_handle hh;
};

struct region_table {
	struct entry *entries;
	struct hash_key hash_key;
};

struct region_table *region_table_new(void)
{
	struct region_table *table = mem_alloc(sizeof(*table));

	table->hash_key = id_hash_key();
	return table;
}

void region_table_free(struct region_table **table)
{
	struct entry *entry, *next;

	if (!*table)
		return;
	for (entry = (*table)->entries; entry; entry = next) {
		next = entry->hh.next;
		region_table_del(*table, &entry->region);
	}
	mem_free(*table);
	*table = NULL;
}

static struct entry *entry_find(const struct region_table *table, struct sv id)
{
	unsigned hash = id_hash(&table->hash_key, id);
	struct entry *entry;

	HASH_FIND_BYHASHVALUE(hh, table->entries, id.ptr, id.len, hash, entry);
	return entry;
}

static bool same(const struct region *region, const struct feed_region *feed,
		 enum store_region_source source)
{
	return region->source == source &&
	       strcmp(region->feed.title, feed->title) == 0 &&
	       region->feed.lat_deg == feed->lat_deg &&
	       region->feed.lon_deg == feed->lon_deg &&
	       region->feed.bias_km == feed->bias_km;
}

bool region_table_put(struct region_table *table,
		      const struct feed_region *feed,
		      enum store_region_source source, struct region **region_r)
{
	struct sv id = sv_str(feed->id);
	struct entry *entry = entry_find(table, id);
	unsigned hash = id_hash(&table->hash_key, id);

	if (!entry) {
		entry = mem_alloc(sizeof(*entry));
		entry->region.feed = *feed;
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->entries,
					    entry->region.feed.id, id.len, hash,
					    entry);
	} else if (same(&entry->region, feed, source)) {
		*region_r = &entry->region;
		return false;
	}
	entry->region.feed = *feed;
	entry->region.source = source;
	*region_r = &entry->region;
	return true;
}

void region_table_del(struct region_table *table, struct region *region)
{
	struct entry *entry = CONTAINER_OF(region, struct entry, region);

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): in uthash */
	HASH_DEL(table->entries, entry);
	mem_free(entry);
}

struct region *region_table_find(const struct region_table *table, struct sv id)
{
	struct entry *entry = entry_find(table, id);

	return entry ? &entry->region : NULL;
}

size_t region_table_count(const struct region_table *table)
{
	return HASH_COUNT(table->entries);
}

struct region *region_table_next(const struct region_table *table,
				 const struct region *region)
{
	const struct entry *at;
	struct entry *next;

	if (!region) {
		next = table->entries;
	} else {
		at = (const struct entry *)(const void *)region;
		next = at->hh.next;
	}
	return next ? &next->region : NULL;
}
