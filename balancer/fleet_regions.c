/*
 * fleet_regions.c - a sorted array: regions are few and seldom change.
 */
#include "balancer/fleet_regions.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/mem.h"

void fleet_regions_fini(struct fleet_regions *regions)
{
	mem_free(regions->list);
	mem_free(regions->rounds);
	*regions = (struct fleet_regions){0};
}

/* Where @id stands, or would stand. */
static unsigned place_of(const struct fleet_regions *regions, const char *id)
{
	unsigned low = 0, high = regions->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (strcmp(regions->list[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_at(const struct fleet_regions *regions, unsigned at,
		  const char *id)
{
	return at < regions->count && strcmp(regions->list[at].id, id) == 0;
}

static void del_at(struct fleet_regions *regions, unsigned at)
{
	unsigned behind = regions->count - at - 1;

	memmove(regions->list + at, regions->list + at + 1,
		behind * sizeof(*regions->list));
	memmove(regions->rounds + at, regions->rounds + at + 1,
		behind * sizeof(*regions->rounds));
	regions->count--;
}

static void open_at(struct fleet_regions *regions, unsigned at)
{
	unsigned behind = regions->count - at;

	if (regions->count == regions->room) {
		regions->room = regions->room ? 2 * regions->room : 16;
		regions->list = mem_grow(regions->list, regions->room,
					 sizeof(*regions->list));
		regions->rounds = mem_grow(regions->rounds, regions->room,
					   sizeof(*regions->rounds));
	}
	memmove(regions->list + at + 1, regions->list + at,
		behind * sizeof(*regions->list));
	memmove(regions->rounds + at + 1, regions->rounds + at,
		behind * sizeof(*regions->rounds));
	regions->count++;
}

static bool is_same(const struct feed_region *a, const struct feed_region *b)
{
	return a->lat_deg == b->lat_deg && a->lon_deg == b->lon_deg &&
	       a->bias_km == b->bias_km && strcmp(a->title, b->title) == 0;
}

enum fleet_regions_change fleet_regions_put(struct fleet_regions *regions,
					    const struct feed_region *region,
					    uint32_t round)
{
	unsigned at = place_of(regions, region->id);
	bool known = is_at(regions, at, region->id);
	enum fleet_regions_change change = FLEET_REGIONS_CHANGED;

	if (region->gone) {
		if (known)
			del_at(regions, at);
		return known ? FLEET_REGIONS_CHANGED : FLEET_REGIONS_SAME;
	}
	if (!known && regions->count >= FLEET_REGIONS_MAX)
		return FLEET_REGIONS_FULL;
	if (!known)
		open_at(regions, at);
	else if (is_same(&regions->list[at], region))
		change = FLEET_REGIONS_SAME;
	regions->list[at] = *region;
	regions->rounds[at] = round;
	return change;
}

unsigned fleet_regions_forget(struct fleet_regions *regions, uint32_t round)
{
	unsigned before = regions->count;

	for (unsigned i = regions->count; i-- > 0;)
		if (regions->rounds[i] != round)
			del_at(regions, i);
	return before - regions->count;
}

const struct feed_region *
fleet_regions_find(const struct fleet_regions *regions, const char *id)
{
	unsigned at = place_of(regions, id);

	return is_at(regions, at, id) ? &regions->list[at] : NULL;
}
