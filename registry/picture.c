/*
 * picture.c - see the header. Pure.
 */
#include "registry/picture.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

/* ---- one node ---- */

static const char *why_not(const struct lease *lease,
			   const struct picture_node *node, uint32_t weight)
{
	if (lease->state == NODE_DOWN)
		return "down";
	if (node->effect.state == INTENT_MAINTENANCE)
		return "maintenance";
	if (node->effect.state == INTENT_DRAIN)
		return "drain";
	if (weight == 0)
		return "weight 0";
	if (lease->state == NODE_SUSPECT)
		return "suspect";
	if (node->conns >= lease->record.capacity)
		return "full";
	return "";
}

struct picture_node picture_node(const struct picture_source *source,
				 const struct lease *lease)
{
	struct picture_node node = {.lease = lease};
	uint32_t weight = lease->record.weight;

	/* Most fleets have none, and asking is two look-ups. */
	if (override_count(source->overrides) > 0)
		override_effective(source->overrides, &lease->record,
				   &node.effect);
	if (node.effect.has_weight)
		weight = node.effect.weight;
	node.conns = lease->load_at_ms >= 0 ? lease->load.conns : 0;
	node.why = why_not(lease, &node, weight);
	/* A full or silent node keeps its weight: it is back in a moment. */
	node.weight =
		lease->state != NODE_DOWN && node.effect.state == INTENT_UP
			? weight
			: 0;
	return node;
}

/* ---- sums ---- */

static void add_node(struct picture_sum *sum, const struct picture_node *node)
{
	const struct lease *lease = node->lease;
	bool stays = node->effect.state == INTENT_UP;

	sum->nodes++;
	sum->suspect += lease->state == NODE_SUSPECT;
	sum->down += lease->state == NODE_DOWN;
	if (lease->state == NODE_DOWN) {
		sum->excused += node->effect.state == INTENT_MAINTENANCE;
		return;
	}
	sum->draining += !stays;
	if (node->why[0] == '\0') {
		sum->ready++;
		sum->weight += node->weight;
	}
	if (node->effect.state == INTENT_MAINTENANCE)
		return;
	sum->conns += node->conns;
	sum->capacity += lease->record.capacity;
}

const char *picture_region_state(const struct picture_sum *sum)
{
	uint32_t alive = sum->nodes - sum->down;

	if (sum->nodes == 0)
		return "empty";
	if (alive == 0)
		return "down";
	if (sum->draining == alive)
		return "drain";
	if (sum->conns >= sum->capacity)
		return "full";
	if ((double)sum->conns >= PICTURE_HOT * (double)sum->capacity)
		return "hot";
	return "ok";
}

/* ---- regions ---- */

static struct picture_region *add_region(struct picture *picture, size_t at,
					 const char *id)
{
	struct picture_region *region;
	size_t count = picture->region_count;

	picture->regions =
		mem_grow(picture->regions, count + 1, sizeof(*region));
	region = &picture->regions[at];
	memmove(region + 1, region, (count - at) * sizeof(*region));
	memset(region, 0, sizeof(*region));
	memcpy(region->id, id, strnlen(id, sizeof(region->id) - 1));
	picture->region_count++;
	return region;
}

/* The region @id, made if need be: a node's whose region is not known. */
static struct picture_region *region_of(struct picture *picture, const char *id)
{
	size_t low = 0, high = picture->region_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(picture->regions[middle].id, id);

		if (order == 0)
			return &picture->regions[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return add_region(picture, low, id);
}

static int by_id(const void *a, const void *b)
{
	const struct picture_region *left = a, *right = b;

	return strcmp(left->id, right->id);
}

static void take_regions(struct picture *picture)
{
	const struct region_table *table = picture->source.regions;
	const struct region *region = NULL;
	size_t count = region_table_count(table);

	picture->regions = mem_array(count + 1, sizeof(*picture->regions));
	while ((region = region_table_next(table, region)) != NULL) {
		struct picture_region *entry =
			&picture->regions[picture->region_count++];

		memcpy(entry->id, region->feed.id, sizeof(entry->id));
		entry->feed = &region->feed;
	}
	qsort(picture->regions, count, sizeof(*picture->regions), by_id);
}

static void take_nodes(struct picture *picture)
{
	struct picture_region *region = NULL;
	const struct lease *lease;
	struct picture_node node;

	for (size_t i = 0;
	     (lease = lease_at(picture->source.leases, i)) != NULL; i++) {
		const char *id = lease->record.region;

		node = picture_node(&picture->source, lease);
		/* Neighbours in the order of ids are mostly of one region. */
		if (!region || strcmp(region->id, id) != 0)
			region = region_of(picture, id);
		add_node(&region->sum, &node);
		add_node(&picture->sum, &node);
	}
}

void picture_take(struct picture *picture, const struct picture_source *source,
		  int64_t now_ms)
{
	memset(picture, 0, sizeof(*picture));
	picture->source = *source;
	picture->now_ms = now_ms;
	take_regions(picture);
	take_nodes(picture);
}

void picture_fini(struct picture *picture)
{
	mem_free(picture->regions);
	memset(picture, 0, sizeof(*picture));
}
