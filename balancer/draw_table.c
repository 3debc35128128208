/*
 * draw_table.c - counts a site's nodes by tier, then deals their draws out in
 * the order of nodes. Builder's thread.
 */
#include "balancer/draw_table.h"

#include "balancer/draw_tree.h"

/* -- memory -------------------------------------------------------------- */

static size_t sums_bytes(unsigned depth)
{
	return draw_tree_size(depth) * sizeof(double);
}

/* Of the bounds of buckets, in whole multiples of 8. */
static size_t bounds_bytes(unsigned depth)
{
	return (draw_tree_buckets(depth) + 2) / 2 * 2 * sizeof(uint32_t);
}

size_t draw_table_bytes(uint32_t node_count)
{
	unsigned depth = draw_tree_depth(node_count);

	if (depth == 0)
		return 0;
	return TIER_COUNT *
	       (SNAPSHOT_FAMILIES * sums_bytes(depth) + bounds_bytes(depth));
}

void draw_table_carve(struct snapshot_service *to, struct snapshot_site *site,
		      char **at)
{
	for (unsigned tier = 0; tier < TIER_COUNT; tier++) {
		struct draw_tree *tree = &to->trees[site->first_tree + tier];

		for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++) {
			tree->inv_sum[f] = (double *)(void *)*at;
			*at += sums_bytes(site->tree_depth);
		}
		tree->first_draw = (uint32_t *)(void *)*at;
		*at += bounds_bytes(site->tree_depth);
	}
}

/* -- content ------------------------------------------------------------- */

typedef uint32_t counts[TIER_COUNT + 1][CARD_HAS_BOTH + 1];

static void count_ready(struct snapshot_service *to, struct snapshot_site *site,
			unsigned tier, const uint32_t *count)
{
	for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++) {
		for (unsigned has = 1; has <= CARD_HAS_BOTH; has++)
			if (snapshot_serves(has, (enum snapshot_family)f))
				site->ready[tier][f] += count[has];
		to->ready[tier][f] += site->ready[tier][f];
	}
}

static void count_nodes(struct snapshot_service *to, struct snapshot_site *site,
			const struct catalog_node *from)
{
	counts count = {{0}};
	uint32_t next = site->first_node;

	for (uint32_t i = 0; i < site->node_count; i++)
		count[to->nodes[site->first_node + i].tier][from[i].families]++;
	for (unsigned tier = 0; tier < TIER_COUNT; tier++) {
		site->first_draw[tier] = next;
		for (unsigned has = 0; has <= CARD_HAS_BOTH; has++)
			next += count[tier][has];
		count_ready(to, site, tier, count[tier]);
	}
	site->first_draw[TIER_COUNT] = next;
	to->usable_count += site->first_draw[TIER_OPEN + 1] - site->first_node;
}

static void deal(struct snapshot_service *to, const struct snapshot_site *site,
		 const struct catalog_node *from)
{
	uint32_t next[TIER_COUNT];

	for (unsigned tier = 0; tier < TIER_COUNT; tier++)
		next[tier] = site->first_draw[tier];
	for (uint32_t i = 0; i < site->node_count; i++) {
		uint32_t index = site->first_node + i;
		const struct snapshot_node *node = &to->nodes[index];

		if (node->tier == TIER_DOWN)
			continue;
		to->draws[next[node->tier]++] = (struct snapshot_draw){
			.id_hash = from[i].id_hash,
			.inv_weight = draw_scan_inv_weight(node),
			.node = index,
			.families = from[i].families & CARD_HAS_BOTH,
		};
	}
}

void draw_table_fill(struct snapshot_service *to, struct snapshot_site *site,
		     const struct catalog_node *from)
{
	count_nodes(to, site, from);
	deal(to, site, from);
	for (unsigned tier = 0; site->tree_depth && tier < TIER_COUNT; tier++)
		draw_tree_fill(to, site, tier, from->card->site_hash);
}
