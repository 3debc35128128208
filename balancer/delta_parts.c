/*
 * delta_parts.c - which members of a snapshot are kept, and how the arrays of
 * one snapshot are laid out as those of another. Pure.
 */
#include "balancer/delta_parts.h"

#include "lib/base/mem.h"

/* What the draw needs is kept bit by bit, and so is what seldom changes: only
 * the estimates of nodes are kept as they are shown. */
static const struct column node_members[] = {
	COLUMN(snapshot_node, weight),
	COLUMN(snapshot_node, limit),
	{offsetof(struct snapshot_node, est), 8, 1},
	COLUMN(snapshot_node, reserve),
	COLUMN(snapshot_node, cap),
	COLUMN(snapshot_node, floor),
	COLUMN(snapshot_node, ramp),
	COLUMN(snapshot_node, load_at_ms),
	COLUMN(snapshot_node, reported_conns),
	COLUMN(snapshot_node, tier),
	COLUMN(snapshot_node, why),
	COLUMN(snapshot_node, by_clients),
	COLUMN(snapshot_node, intent),
	COLUMN(snapshot_node, operator_weight),
};

static const struct column site_members[] = {
	COLUMN(snapshot_site, first_node),
	COLUMN(snapshot_site, node_count),
	COLUMN(snapshot_site, lat_deg),
	COLUMN(snapshot_site, lon_deg),
	COLUMN(snapshot_site, bias_km),
	COLUMN(snapshot_site, limit),
	COLUMN(snapshot_site, est),
	COLUMN(snapshot_site, steady_est),
	COLUMN(snapshot_site, headroom_per_s),
	COLUMN(snapshot_site, admitted_per_s),
	COLUMN(snapshot_site, level),
	COLUMN(snapshot_site, by_clients_count),
	COLUMN(snapshot_site, has_position),
	COLUMN(snapshot_site, panic),
	COLUMN(snapshot_site, bias_by_intent),
};

/* Six numbers of 16 bits in two columns: they change together. */
#define SIX_SHORTS(member)                                                     \
	{offsetof(struct snapshot_cell, member), 8, 0},                        \
	{                                                                      \
		offsetof(struct snapshot_cell, member) + 8, 4, 0               \
	}

static const struct column cell_members[] = {
	COLUMN(snapshot_cell, cumulative[0]),
	COLUMN(snapshot_cell, cumulative[1]),
	COLUMN(snapshot_cell, cumulative[2]),
	COLUMN(snapshot_cell, cumulative[3]),
	COLUMN(snapshot_cell, cumulative[4]),
	COLUMN(snapshot_cell, cumulative[5]),
	SIX_SHORTS(site),
	SIX_SHORTS(km),
	SIX_SHORTS(cost_km),
	COLUMN(snapshot_cell, candidate_count),
	COLUMN(snapshot_cell, panic),
	COLUMN(snapshot_cell, nearest_ranks),
};

static const struct column anywhere_members[] = {
	COLUMN(snapshot_anywhere, site),
	COLUMN(snapshot_anywhere, cumulative),
};

const struct columns *delta_parts_columns(enum delta_part part)
{
#define TABLE(list, type)                                                      \
	{                                                                      \
		list, ARRAY_LEN(list), (uint32_t)sizeof(struct type)           \
	}
	static const struct columns tables[DELTA_PARTS_COUNT] = {
		[DELTA_PARTS_NODES] = TABLE(node_members, snapshot_node),
		[DELTA_PARTS_SITES] = TABLE(site_members, snapshot_site),
		[DELTA_PARTS_CELLS] = TABLE(cell_members, snapshot_cell),
		[DELTA_PARTS_ANYWHERE] =
			TABLE(anywhere_members, snapshot_anywhere),
	};

	return &tables[part];
}

bool delta_parts_has_same_sites(const struct delta_service *delta,
				const struct snapshot_service *facts,
				const struct snapshot_service *base)
{
	return facts->cell_count == base->cell_count &&
	       facts->anywhere_count == base->anywhere_count &&
	       alignment_is_same(&delta->sites, base->site_count);
}

bool delta_parts_is_same(const struct delta_service *delta,
			 const struct snapshot_service *facts,
			 const struct snapshot_service *base)
{
	return delta_parts_has_same_sites(delta, facts, base) &&
	       alignment_is_same(&delta->nodes, base->node_count);
}

/* Where each site of the base stands in the older service. */
static uint16_t *renumbered(const struct alignment *sites, uint32_t count)
{
	uint16_t *to = mem_array(count + 1, sizeof(*to));
	uint32_t target = 0;

	for (uint32_t i = 0; i < sites->count; i++) {
		const struct alignment_segment *s = &sites->segments[i];

		for (uint32_t j = 0; j < s->count; j++, target++)
			if (s->base != ALIGNMENT_NONE)
				to[s->base + j] = (uint16_t)target;
	}
	return to;
}

static void renumber(const struct delta_service *delta,
		     const struct snapshot_service *base,
		     struct snapshot_service *to)
{
	uint16_t *site = renumbered(&delta->sites, base->site_count);

	for (uint32_t c = 0; c < to->cell_count; c++)
		for (unsigned j = 0; j < to->cells[c].candidate_count; j++)
			to->cells[c].site[j] = site[to->cells[c].site[j]];
	for (uint32_t i = 0; i < to->anywhere_count; i++)
		if (to->anywhere[i].site < base->site_count)
			to->anywhere[i].site = site[to->anywhere[i].site];
	mem_free(site);
}

/* The first of @from_count elements, zeros behind them. */
static void *resized(const void *from, uint32_t from_count, uint32_t count,
		     size_t elem_bytes)
{
	char *to = mem_grow(NULL, count + 1U, elem_bytes);
	uint32_t both = from_count < count ? from_count : count;

	if (both > 0)
		memcpy(to, from, both * elem_bytes);
	memset(to + both * elem_bytes, 0, (count - both) * elem_bytes);
	return to;
}

void delta_parts_rebase_sites(const struct delta_service *delta,
			      const struct snapshot_service *facts,
			      const struct snapshot_service *base,
			      struct snapshot_service *to_r)
{
	*to_r = *facts;
	to_r->nodes = NULL;
	to_r->sites = alignment_apply(&delta->sites, base->sites,
				      sizeof(*base->sites));
	to_r->cells = resized(base->cells, base->cell_count, facts->cell_count,
			      sizeof(*base->cells));
	to_r->anywhere =
		resized(base->anywhere, base->anywhere_count,
			facts->anywhere_count, sizeof(*base->anywhere));
	if (!alignment_is_same(&delta->sites, base->site_count))
		renumber(delta, base, to_r);
}

void delta_parts_rebase(const struct delta_service *delta,
			const struct snapshot_service *facts,
			const struct snapshot_service *base,
			struct snapshot_service *to_r)
{
	delta_parts_rebase_sites(delta, facts, base, to_r);
	to_r->nodes = alignment_apply(&delta->nodes, base->nodes,
				      sizeof(*base->nodes));
}

void delta_parts_free(struct snapshot_service *service)
{
	mem_free(service->nodes);
	mem_free(service->sites);
	mem_free(service->cells);
	mem_free(service->anywhere);
}
