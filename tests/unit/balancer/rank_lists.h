/*
 * rank_lists.h - what holds for every list in every world. Header only.
 */
#ifndef PERI_TESTS_RANK_LISTS_H
#define PERI_TESTS_RANK_LISTS_H

#include "tests/unit/balancer/ranking_world.h"

static inline bool is_alive(const struct snapshot_node *node,
			    enum snapshot_family family)
{
	return node->tier != TIER_DOWN &&
	       snapshot_serves(node->card->families, family);
}

static inline unsigned count_alive(const struct snapshot_service *service,
				   enum snapshot_family family)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < service->node_count; i++)
		count += is_alive(&service->nodes[i], family);
	return count;
}

/* Healthy and suspect nodes in reach of this list, outside @site. */
static inline unsigned count_refuges(const struct snapshot_service *service,
				     uint16_t cell,
				     const struct draw_list *list,
				     uint32_t site, enum snapshot_family family)
{
	uint32_t reach = list->anywhere ? service->anywhere_count
					: service->cells[cell].candidate_count;
	unsigned count = 0;

	for (uint32_t j = 0; j < reach; j++) {
		uint32_t s = list->anywhere ? service->anywhere[j].site
					    : service->cells[cell].site[j];

		for (unsigned t = TIER_OPEN; t <= TIER_SUSPECT; t++)
			if (s != site)
				count += service->sites[s].ready[t][family];
	}
	return count;
}

static inline void check_order(const struct snapshot_service *service,
			       const struct draw_list *list,
			       enum snapshot_family family)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct snapshot_node *node =
			&service->nodes[list->entries[i].node];

		assert_true(is_alive(node, family));
		for (unsigned j = 0; j < i; j++)
			assert_true(list->entries[j].node !=
				    list->entries[i].node);
		if (i > 0)
			assert_true(
				node->tier >=
				service->nodes[list->entries[i - 1].node].tier);
	}
}

/* Short only when it holds everybody in reach: drained nodes only if there is
 * nobody else. */
static inline void check_short(const struct snapshot_service *service,
			       uint16_t cell, const struct draw_list *list,
			       enum snapshot_family family)
{
	const struct snapshot_site *sites = service->sites;
	uint32_t first = service->nodes[list->entries[0].node].site;
	unsigned in_reach = count_refuges(service, cell, list, first, family);

	for (unsigned t = TIER_OPEN; t <= TIER_SUSPECT; t++)
		in_reach += sites[first].ready[t][family];
	if (in_reach > 0)
		assert_int_equal(list->count, in_reach);
}

static inline void check_list(const struct snapshot_service *service,
			      uint16_t cell, const struct draw_query *query)
{
	enum snapshot_family family = query->family;
	struct draw_list list;
	const struct snapshot_node *first, *last;
	unsigned others = 0, refuges;

	draw_nodes(query, &list);
	assert_true(list.count <= query->want);
	assert_int_equal(list.count == 0, count_alive(service, family) == 0);
	if (list.count == 0)
		return;
	check_order(service, &list, family);
	first = &service->nodes[list.entries[0].node];
	last = &service->nodes[list.entries[list.count - 1].node];
	if (first->weight == 0)
		assert_true(list.panic);
	if (list.count < query->want)
		check_short(service, cell, &list, family);
	if (first->tier == TIER_DRAINED) {
		/* weight 0 is first only when nobody else is alive */
		for (unsigned t = TIER_OPEN; t < TIER_DRAINED; t++)
			assert_int_equal(service->ready[t][family], 0);
		return;
	}
	assert_true(last->tier < TIER_DRAINED);
	for (unsigned i = 1; i < list.count; i++)
		others += service->nodes[list.entries[i].node].site !=
			  first->site;
	refuges = count_refuges(service, cell, &list, first->site, family);
	if (query->want == 1)
		return;
	assert_int_equal(others > 0, refuges > 0);
	/* else all of the others are in the list already */
	if (refuges > others)
		assert_true(last->site != first->site);
}

#endif
