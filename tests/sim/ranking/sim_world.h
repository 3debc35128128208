/*
 * sim_world.h - the ground of a simulation: sites with their nodes, and the
 * cells that clients come from (worlds/<name>.json). Read only after loading.
 */
#ifndef PERI_TESTS_SIM_RANKING_SIM_WORLD_H
#define PERI_TESTS_SIM_RANKING_SIM_WORLD_H

#include "geo/cellmap.h"
#include "lib/base/def.h"

#define SIM_SITES_MAX	   256
#define SIM_SITE_NODES_MAX 256
#define SIM_NODES_MAX	   4096
#define SIM_CELLS_MAX	   4096 /* cell 0, which is no place, among them */
#define SIM_NAME_BYTES	   24

struct sim_site {
	char id[SIM_NAME_BYTES]; /* the region; one zone each */
	double lat_deg, lon_deg;
	uint32_t capacities[SIM_SITE_NODES_MAX]; /* of its nodes */
	unsigned first_node, node_count;
	double capacity; /* of all of them */
};

/* Sites are in order of id, nodes in order of site and number: the order that
 * snapshots have too. */
struct sim_world {
	unsigned site_count, node_count, cell_count;
	struct sim_site sites[SIM_SITES_MAX];
	struct cellmap_cell cells[SIM_CELLS_MAX]; /* from 1 on */
	double cell_weights[SIM_CELLS_MAX];	  /* shares of the demand */
	/* derived */
	unsigned node_site[SIM_NODES_MAX];
	uint32_t node_capacity[SIM_NODES_MAX];
	unsigned cell_site[SIM_CELLS_MAX];	     /* the nearest */
	float cell_km[SIM_CELLS_MAX][SIM_SITES_MAX]; /* to each site */
	double capacity;			     /* of all nodes */
};

/* sim_world_load - read a file; complains on stderr. Returns 0 and a world for
 * sim_world_free(), or a negative error. */
MUST_CHECK int sim_world_load(const char *path, struct sim_world **world_r);
void sim_world_free(struct sim_world **world);

/* sim_world_find_site - its number, or -1. sim_world_find_node - by name:
 * "fra-03" is the third node of "fra"; or -1. */
int sim_world_find_site(const struct sim_world *world, const char *id);
int sim_world_find_node(const struct sim_world *world, const char *name);

#endif
