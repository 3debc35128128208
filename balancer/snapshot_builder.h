/*
 * snapshot_builder.h - makes snapshots out of the fleet, the cells of the map
 * and the demand. Builder's thread.
 */
#ifndef PERI_BALANCER_SNAPSHOT_BUILDER_H
#define PERI_BALANCER_SNAPSHOT_BUILDER_H

#include "balancer/snapshot.h"

struct catalog;
struct demand;
struct snapshot_builder;

struct snapshot_input {
	struct fleet *fleet; /* est_conns and assigned_rate are updated */
	const struct cellmap_cell *cells; /* borrowed for the call */
	unsigned cell_count;
	struct demand *demand;
	struct snapshot_policy policy;
	uint64_t revision;
	int64_t now_ms;
	int64_t synced_at_ms; /* when the registry was last heard; -1: never */
};

/* snapshot_builder_new - what is kept from build to build: the sites of the
 * current registrations, the cost orders, scratch memory. Its snapshots have
 * the numbers @first_number, the next one and so on; 0 follows UINT32_MAX. */
struct snapshot_builder *snapshot_builder_new(uint32_t first_number);
void snapshot_builder_free(struct snapshot_builder **builder);

/*
 * snapshot_builder_build - demand, reckoning, waterfall and water-filling of
 * ranking.md, steps 1 to 5; calls demand_update().
 *
 * Equal input and an equal past (steady.h) give an equal snapshot (build_us
 * apart), on every replica: sites
 * and nodes stand in order of their names, sums run in that order. Cost orders
 * are kept as long as sites and cells do not change. Never fails; a fleet
 * without nodes gives a snapshot without services. Services are in order of
 * name; nodes of a 17th are counted in nodes_unranked. input->demand may be
 * NULL (no demand). Builder's thread, always the same fleet.
 * Returns the snapshot, owned by the caller. It outlives builder and fleet.
 */
struct snapshot *snapshot_builder_build(struct snapshot_builder *builder,
					const struct snapshot_input *input);

/*
 * snapshot_builder_blank - a snapshot with the arrays and names of @catalog
 * (given away) for cells 0 to @cell_count - 1. Nodes and draws are not written
 * yet, all else is zero. Owned by the caller. Any thread.
 */
struct snapshot *snapshot_builder_blank(struct catalog *catalog,
					uint32_t cell_count);

/* snapshot_builder_geometry_runs - how often this builder computed cost orders:
 * stands still while only loads and weights change. */
uint64_t snapshot_builder_geometry_runs(const struct snapshot_builder *builder);

#endif
