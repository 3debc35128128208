/*
 * snapshot_builder.c - lays out a snapshot's memory and has rank.c fill it. All
 * of it but the catalog is one block.
 */
#include "balancer/snapshot_builder.h"

#include <assert.h>
#include <string.h>

#include "balancer/catalog.h"
#include "balancer/demand.h"
#include "balancer/draw_table.h"
#include "balancer/draw_tree.h"
#include "balancer/rank.h"
#include "lib/base/clk.h"
#include "lib/base/def.h"
#include "lib/base/mem.h"

struct snapshot_builder {
	struct catalog *catalog; /* of the last build, or NULL */
	struct rank *rank;
	uint32_t next_number;
};

struct snapshot_builder *snapshot_builder_new(uint32_t first_number)
{
	struct snapshot_builder *builder = mem_alloc(sizeof(*builder));

	builder->rank = rank_new();
	builder->next_number = first_number;
	return builder;
}

void snapshot_builder_free(struct snapshot_builder **builder)
{
	struct snapshot_builder *b = *builder;

	if (!b)
		return;
	catalog_unref(&b->catalog);
	rank_free(&b->rank);
	mem_free(b);
	*builder = NULL;
}

uint64_t snapshot_builder_geometry_runs(const struct snapshot_builder *builder)
{
	return rank_geometry_runs(builder->rank);
}

/* -- memory -------------------------------------------------------------- */

static uint32_t cell_count_of(const struct snapshot_input *input)
{
	return input->cell_count > 0 ? input->cell_count : 1;
}

_Static_assert(sizeof(struct snapshot_cell) == CACHE_LINE_BYTES,
	       "one line, and no padding: snapshots are compared by bytes");

/* Every array of the block begins a cache line: a cell is one. */
static size_t padded(size_t count, size_t elem_bytes)
{
	return (count * elem_bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
	       CACHE_LINE_BYTES;
}

/* Of the trees of a service's large sites; *@count_r sites have some. */
static size_t tree_bytes(const struct catalog *catalog,
			 const struct catalog_service *from, uint32_t *count_r)
{
	const struct catalog_site *sites = &catalog->sites[from->first_site];
	size_t total = 0;

	*count_r = 0;
	for (uint32_t i = 0; i < from->site_count; i++) {
		total += draw_table_bytes(sites[i].node_count);
		*count_r += draw_tree_depth(sites[i].node_count) > 0;
	}
	return total + *count_r * TIER_COUNT * sizeof(struct draw_tree);
}

static size_t service_bytes(const struct catalog *catalog,
			    const struct catalog_service *from, uint32_t cells)
{
	uint32_t tree_sites;

	return padded(tree_bytes(catalog, from, &tree_sites), 1) +
	       padded(from->node_count, sizeof(struct snapshot_node)) +
	       padded(from->node_count, sizeof(struct snapshot_draw)) +
	       padded(from->site_count, sizeof(struct snapshot_site)) +
	       padded(from->site_count, sizeof(struct snapshot_anywhere)) +
	       padded(cells, sizeof(struct snapshot_cell));
}

static void *carve(char **at, size_t count, size_t elem_bytes)
{
	void *block = *at;

	*at += padded(count, elem_bytes);
	return block;
}

static void carve_trees(struct snapshot_service *to,
			const struct catalog *catalog,
			const struct catalog_service *from, char **at)
{
	uint32_t next = 0, tree_sites;

	tree_bytes(catalog, from, &tree_sites);
	to->trees =
		carve(at, (size_t)tree_sites * TIER_COUNT, sizeof(*to->trees));
	for (uint32_t i = 0; i < to->site_count; i++) {
		struct snapshot_site *site = &to->sites[i];

		site->tree_depth = draw_tree_depth(
			catalog->sites[from->first_site + i].node_count);
		site->first_tree = next;
		if (site->tree_depth == 0)
			continue;
		next += TIER_COUNT;
		draw_table_carve(to, site, at);
	}
}

/* Nodes, draws, trees and cells are written whole later; the rest starts out as
 * zeros. */
static void carve_service(struct snapshot_service *to,
			  const struct catalog *catalog,
			  const struct catalog_service *from, uint32_t cells,
			  char **at)
{
	to->node_count = from->node_count;
	to->site_count = from->site_count;
	to->cell_count = cells;
	to->texts = &catalog->texts[from->first_node];
	to->nodes = carve(at, from->node_count, sizeof(*to->nodes));
	to->draws = carve(at, from->node_count, sizeof(*to->draws));
	to->sites = carve(at, from->site_count, sizeof(*to->sites));
	to->anywhere = carve(at, from->site_count, sizeof(*to->anywhere));
	to->cells = carve(at, cells, sizeof(*to->cells));
	memset(to->sites, 0, from->site_count * sizeof(*to->sites));
	memset(to->anywhere, 0, from->site_count * sizeof(*to->anywhere));
	carve_trees(to, catalog, from, at);
}

static char *first_line(char *pool)
{
	return pool + (CACHE_LINE_BYTES - (uintptr_t)pool % CACHE_LINE_BYTES) %
			      CACHE_LINE_BYTES;
}

static void carve_all(struct snapshot *snap, uint32_t cells)
{
	const struct catalog *catalog = snap->catalog;
	size_t total = 0;
	char *at;

	for (uint32_t i = 0; i < catalog->service_count; i++)
		total += service_bytes(catalog, &catalog->services[i], cells);
	snap->pool = mem_grow(NULL, total + CACHE_LINE_BYTES - 1, 1);
	at = first_line(snap->pool);
	for (uint32_t i = 0; i < catalog->service_count; i++) {
		const struct catalog_service *from = &catalog->services[i];
		char *own = at;

		carve_service(&snap->services[i], catalog, from, cells, &own);
		at += service_bytes(catalog, from, cells);
		assert(own <= at);
	}
}

/* -- build --------------------------------------------------------------- */

static void count_states(struct snapshot *snap, const struct fleet *fleet)
{
	snap->nodes_up = fleet_count(fleet, NODE_UP);
	snap->nodes_suspect = fleet_count(fleet, NODE_SUSPECT);
	snap->nodes_down = fleet_count(fleet, NODE_DOWN);
	snap->nodes_total =
		snap->nodes_up + snap->nodes_suspect + snap->nodes_down;
}

struct snapshot *snapshot_builder_blank(struct catalog *catalog,
					uint32_t cell_count)
{
	struct snapshot *snap = mem_alloc(sizeof(*snap));

	snap->catalog = catalog;
	snap->service_count = catalog->service_count;
	snap->nodes_unranked = catalog->unranked_count;
	carve_all(snap, cell_count);
	for (uint32_t i = 0; i < snap->service_count; i++) {
		uint32_t first = catalog->services[i].first_site;

		snap->services[i].name =
			catalog_record(catalog, &catalog->sites[first])
				->service;
	}
	return snap;
}

static struct snapshot *new_snapshot(struct snapshot_builder *builder,
				     const struct snapshot_input *input)
{
	struct snapshot *snap;

	builder->catalog = catalog_of(input->fleet, builder->catalog);
	snap = snapshot_builder_blank(catalog_ref(builder->catalog),
				      cell_count_of(input));
	snap->number = builder->next_number++;
	snap->revision = input->revision;
	snap->built_at_ms = input->now_ms;
	snap->synced_at_ms = input->synced_at_ms;
	snap->session_tau_s = sessions_tau_s(fleet_sessions(input->fleet),
					     input->policy.session_tau_s);
	snap->replica_count = input->policy.replica_count > 0
				      ? input->policy.replica_count
				      : 1;
	return snap;
}

struct snapshot *snapshot_builder_build(struct snapshot_builder *builder,
					const struct snapshot_input *input)
{
	int64_t start_us = clk_mono_us();
	struct snapshot *snap = new_snapshot(builder, input);
	struct snapshot_input measured = *input;

	measured.policy.session_tau_s = snap->session_tau_s;
	measured.policy.replica_count = snap->replica_count;
	if (input->demand)
		demand_update(input->demand, input->now_ms);
	count_states(snap, input->fleet);
	rank_begin(builder->rank, &measured, snap->catalog);
	for (uint32_t i = 0; i < snap->service_count; i++)
		rank_service(builder->rank, i, &snap->services[i]);
	snap->build_us = clk_mono_us() - start_us;
	return snap;
}
