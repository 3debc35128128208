/*
 * catalog.c - groups the fleet's nodes into sites: one walk in order of id,
 * a hash table of the sites met, a sort of the sites, a counting sort of the
 * nodes. Builder's thread but for the count of holders.
 */
#include "balancer/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "balancer/catalog_content.h"
#include "balancer/draw_tree.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define NONE 0xffffffffU

/* A site while it is collected. */
struct group {
	const struct card *sample;
	uint32_t node_count;
	uint32_t index; /* in order of first node met */
};

struct grouping {
	struct group *groups;
	uint32_t count, room;
	uint32_t *table; /* open addressing: group or NONE */
	uint32_t table_mask;
	uint32_t *group_of; /* of each node of the fleet */
};

/* -- meeting the sites --------------------------------------------------- */

static void table_put(struct grouping *g, uint32_t group)
{
	uint32_t at =
		(uint32_t)g->groups[group].sample->site_hash & g->table_mask;

	while (g->table[at] != NONE)
		at = (at + 1) & g->table_mask;
	g->table[at] = group;
}

static void table_resize(struct grouping *g, uint32_t slots)
{
	mem_free(g->table);
	g->table = mem_array(slots, sizeof(uint32_t));
	memset(g->table, 0xff, slots * sizeof(uint32_t));
	g->table_mask = slots - 1;
	for (uint32_t i = 0; i < g->count; i++)
		table_put(g, i);
}

static uint32_t add_group(struct grouping *g, const struct card *sample)
{
	if (g->count == g->room) {
		g->room = g->room ? 2 * g->room : 64;
		g->groups = mem_grow(g->groups, g->room, sizeof(*g->groups));
		table_resize(g, 4 * g->room);
	}
	g->groups[g->count] =
		(struct group){.sample = sample, .index = g->count};
	table_put(g, g->count);
	return g->count++;
}

static uint32_t group_of(struct grouping *g, const struct card *card)
{
	uint32_t at = (uint32_t)card->site_hash & g->table_mask;

	for (; g->room && g->table[at] != NONE; at = (at + 1) & g->table_mask)
		if (card_same_site(g->groups[g->table[at]].sample, card))
			return g->table[at];
	return add_group(g, card);
}

static void meet_nodes(struct grouping *g, struct fleet_node *const *nodes,
		       uint32_t count)
{
	g->group_of = mem_array(count, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t group = group_of(g, nodes[i]->card);

		g->group_of[i] = group;
		g->groups[group].node_count++;
	}
}

static int compare_groups(const void *a, const void *b)
{
	const struct card_record *x =
		&((const struct group *)a)->sample->record;
	const struct card_record *y =
		&((const struct group *)b)->sample->record;
	int order = strcmp(x->service, y->service);

	if (order == 0)
		order = strcmp(x->region, y->region);
	return order ? order : strcmp(x->zone, y->zone);
}

/* -- forming sites ------------------------------------------------------- */

static int same_service(const struct group *a, const struct group *b)
{
	return strcmp(a->sample->record.service, b->sample->record.service) ==
	       0;
}

/* The site that the next group goes to, or NONE past the last service. */
static uint32_t open_site(struct catalog *cat, int new_service)
{
	struct catalog_service *service;

	if (new_service && cat->service_count == SNAPSHOT_SERVICES)
		return NONE;
	if (new_service) {
		service = &cat->services[cat->service_count++];
		service->first_site = cat->site_count;
	}
	service = &cat->services[cat->service_count - 1];
	if (service->site_count == SNAPSHOT_SITES_MAX)
		return cat->site_count - 1;
	service->site_count++;
	return cat->site_count++;
}

/* Sorted groups become sites; @site_of tells by the group's first index. */
static void form_sites(struct catalog *cat, const struct grouping *g,
		       uint32_t *site_of)
{
	int past = 0;

	cat->sites = mem_array(g->count, sizeof(*cat->sites));
	for (uint32_t i = 0; i < g->count; i++) {
		const struct group *group = &g->groups[i];
		uint32_t site = NONE;

		if (!past)
			site = open_site(
				cat, i == 0 || !same_service(group - 1, group));
		past = site == NONE;
		site_of[group->index] = site;
		if (past)
			cat->unranked_count += group->node_count;
		else
			cat->sites[site].node_count += group->node_count;
	}
}

static void number_nodes(struct catalog *cat)
{
	for (uint32_t i = 0; i < cat->service_count; i++) {
		struct catalog_service *service = &cat->services[i];

		service->first_node = cat->node_count;
		for (uint32_t s = 0; s < service->site_count; s++) {
			struct catalog_site *site =
				&cat->sites[service->first_site + s];

			site->first_node = cat->node_count;
			cat->node_count += site->node_count;
			service->node_count += site->node_count;
		}
	}
}

static void place_nodes(struct catalog *cat, const struct grouping *g,
			const uint32_t *site_of,
			struct fleet_node *const *nodes, uint32_t count)
{
	uint32_t *next = mem_array(cat->site_count, sizeof(uint32_t));

	cat->nodes = mem_array(cat->node_count, sizeof(*cat->nodes));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t site = site_of[g->group_of[i]];

		if (site == NONE)
			continue;
		cat->nodes[cat->sites[site].first_node + next[site]++].live =
			nodes[i];
	}
	mem_free(next);
}

static uint32_t bucket_of(const struct catalog_node *node, unsigned depth)
{
	return draw_tree_bucket(node->live->card->id_hash, depth);
}

/* One counting sort a large site; order of id is kept in a bucket. */
static void sort_by_bucket(struct catalog *cat, const struct catalog_site *site)
{
	unsigned depth = draw_tree_depth(site->node_count);
	struct catalog_node *nodes = &cat->nodes[site->first_node], *sorted;
	uint32_t *next, at = 0;

	if (depth == 0)
		return;
	next = mem_array(draw_tree_buckets(depth), sizeof(*next));
	for (uint32_t i = 0; i < site->node_count; i++)
		next[bucket_of(&nodes[i], depth)]++;
	for (uint32_t b = 0; b < draw_tree_buckets(depth); b++) {
		at += next[b];
		next[b] = at - next[b];
	}
	sorted = mem_dup(nodes, site->node_count * sizeof(*nodes));
	for (uint32_t i = 0; i < site->node_count; i++)
		nodes[next[bucket_of(&sorted[i], depth)]++] = sorted[i];
	mem_free(sorted);
	mem_free(next);
}

/* A build walks over the nodes in this order, so they had better lie in it. */
static void arrange_fleet(const struct catalog *cat, struct fleet *fleet)
{
	struct fleet_node **nodes = mem_array(cat->node_count, sizeof(*nodes));

	for (uint32_t i = 0; i < cat->node_count; i++)
		nodes[i] = cat->nodes[i].live;
	fleet_arrange(fleet, nodes, cat->node_count);
	for (uint32_t i = 0; i < cat->node_count; i++)
		cat->nodes[i].live = nodes[i];
	mem_free(nodes);
}

static void group_fleet(struct catalog *cat, struct fleet *fleet)
{
	struct grouping g = {0};
	struct fleet_node *const *nodes;
	uint32_t *site_of;
	unsigned count;

	nodes = fleet_nodes(fleet, &count);
	meet_nodes(&g, nodes, count);
	if (g.count > 0)
		qsort(g.groups, g.count, sizeof(*g.groups), compare_groups);
	site_of = mem_array(g.count, sizeof(uint32_t));
	form_sites(cat, &g, site_of);
	number_nodes(cat);
	place_nodes(cat, &g, site_of, nodes, count);
	for (uint32_t s = 0; s < cat->site_count; s++)
		sort_by_bucket(cat, &cat->sites[s]);
	arrange_fleet(cat, fleet);
	mem_free(site_of);
	mem_free(g.groups);
	mem_free(g.table);
	mem_free(g.group_of);
}

static void copy_layout(struct catalog *cat, const struct catalog *last)
{
	cat->service_count = last->service_count;
	cat->site_count = last->site_count;
	cat->node_count = last->node_count;
	cat->unranked_count = last->unranked_count;
	memcpy(cat->services, last->services, sizeof(cat->services));
	cat->sites = mem_array(cat->site_count, sizeof(*cat->sites));
	cat->nodes = mem_array(cat->node_count, sizeof(*cat->nodes));
	if (cat->node_count == 0)
		return;
	memcpy(cat->sites, last->sites, cat->site_count * sizeof(*cat->sites));
	memcpy(cat->nodes, last->nodes, cat->node_count * sizeof(*cat->nodes));
}

/* -- the whole ----------------------------------------------------------- */

struct catalog *catalog_of(struct fleet *fleet, struct catalog *last)
{
	struct catalog *cat;

	if (last && last->cards == fleet_cards(fleet) &&
	    last->shape == fleet_shape(fleet))
		return last;
	cat = mem_alloc(sizeof(*cat));
	cat->cards = fleet_cards(fleet);
	cat->shape = fleet_shape(fleet);
	atomic_init(&cat->refs, 1);
	if (last && last->shape == cat->shape)
		copy_layout(cat, last);
	else
		group_fleet(cat, fleet);
	catalog_content_take(cat, fleet);
	catalog_unref(&last);
	return cat;
}

const struct card_record *catalog_record(const struct catalog *catalog,
					 const struct catalog_site *site)
{
	return &catalog->nodes[site->first_node].card->record;
}

const char *catalog_carrier(const struct catalog *cat,
			    const struct catalog_site *site)
{
	const char *carrier = catalog_record(cat, site)->carrier;

	for (uint32_t i = 1; i < site->node_count; i++) {
		const char *other =
			cat->nodes[site->first_node + i].card->record.carrier;

		if (other != carrier && strcmp(other, carrier) != 0)
			return "";
	}
	return carrier;
}

void catalog_gather_texts(struct catalog *cat)
{
	cat->texts = mem_array_huge(cat->node_count, sizeof(*cat->texts));
	for (uint32_t i = 0; i < cat->node_count; i++)
		cat->texts[i] = cat->nodes[i].card->text;
}

struct catalog *catalog_ref(struct catalog *catalog)
{
	atomic_fetch_add_explicit(&catalog->refs, 1, memory_order_relaxed);
	return catalog;
}

void catalog_unref(struct catalog **catalog)
{
	struct catalog *cat = *catalog;

	*catalog = NULL;
	if (!cat ||
	    atomic_fetch_sub_explicit(&cat->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < cat->node_count; i++)
		card_unref(&cat->nodes[i].card);
	mem_free_huge(cat->texts);
	mem_free(cat->nodes);
	mem_free(cat->sites);
	mem_free(cat);
}
