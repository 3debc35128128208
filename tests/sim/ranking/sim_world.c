/*
 * sim_world.c - see the header.
 */
#include "tests/sim/ranking/sim_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/place.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "tests/sim/ranking/sim_json.h"

/* A cell as it is written. */
struct row {
	double lat_deg, lon_deg, weight;
	char country[3];
};

#define FIELD(owner, key, kind_, member)                                       \
	.name = key, .kind = kind_, .offset = offsetof(struct owner, member),  \
	.size = sizeof(((struct owner *)0)->member)

static int decode_capacities(const struct json *list, void *member,
			     struct json_problem *p)
{
	struct sim_site *site =
		(struct sim_site *)(void *)((char *)member -
					    offsetof(struct sim_site,
						     capacities));
	size_t count = json_array_len(list);
	int64_t capacity;

	if (count < 1 || count > SIM_SITE_NODES_MAX)
		return json_problem_set(p, ERR_RANGE, "",
					"must be a list of 1..%d capacities",
					SIM_SITE_NODES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (json_get_i64(json_array_at(list, i), &capacity) != 0 ||
		    capacity < 1 || capacity > 100000000) {
			json_problem_set(p, ERR_RANGE, "",
					 "must be 1..100000000");
			return sim_json_at(p, i);
		}
		site->capacities[i] = (uint32_t)capacity;
	}
	site->node_count = (unsigned)count;
	return 0;
}

static const struct json_field site_fields[] = {
	{FIELD(sim_site, "id", JSON_TEXT, id), .required = true, .min = 1,
	 .max = SIM_NAME_BYTES - 5},
	{FIELD(sim_site, "lat", JSON_REAL, lat_deg), .required = true,
	 .min = -90, .max = 90},
	{FIELD(sim_site, "lon", JSON_REAL, lon_deg), .required = true,
	 .min = -180, .max = 180},
	{FIELD(sim_site, "capacities", JSON_CUSTOM, capacities),
	 .required = true, .decode = decode_capacities},
};
static const struct json_table site_table = {site_fields,
					     ARRAY_LEN(site_fields), false};

static const struct json_field cell_fields[] = {
	{FIELD(row, "lat", JSON_REAL, lat_deg), .required = true, .min = -90,
	 .max = 90},
	{FIELD(row, "lon", JSON_REAL, lon_deg), .required = true, .min = -180,
	 .max = 180},
	{FIELD(row, "country", JSON_TEXT, country)},
	{FIELD(row, "weight", JSON_REAL, weight), .required = true, .min = 0,
	 .max = 1e12},
};
static const struct json_table cell_table = {cell_fields,
					     ARRAY_LEN(cell_fields), false};

static struct sim_world *owner_of(void *member, size_t offset)
{
	return (struct sim_world *)(void *)((char *)member - offset);
}

static int decode_sites(const struct json *list, void *member,
			struct json_problem *p)
{
	struct sim_world *w =
		owner_of(member, offsetof(struct sim_world, sites));

	return sim_json_list(list, &site_table, w->sites, sizeof(w->sites[0]),
			     SIM_SITES_MAX, &w->site_count, p);
}

static int decode_cells(const struct json *list, void *member,
			struct json_problem *p)
{
	struct sim_world *w =
		owner_of(member, offsetof(struct sim_world, cells));
	struct row *rows = mem_array(SIM_CELLS_MAX, sizeof(*rows));
	unsigned count = 0;
	int rc = sim_json_list(list, &cell_table, rows, sizeof(*rows),
			       SIM_CELLS_MAX - 1, &count, p);

	for (unsigned i = 0; i < count; i++) {
		struct cellmap_cell *cell = &w->cells[i + 1];

		cell->lat_deg = (float)rows[i].lat_deg;
		cell->lon_deg = (float)rows[i].lon_deg;
		memcpy(cell->country, rows[i].country, sizeof(cell->country));
		w->cell_weights[i + 1] = rows[i].weight;
	}
	w->cell_count = count + 1;
	mem_free(rows);
	return rc;
}

static const struct json_field world_fields[] = {
	{.name = "description", .kind = JSON_IGNORE},
	{FIELD(sim_world, "sites", JSON_CUSTOM, sites), .required = true,
	 .decode = decode_sites},
	{FIELD(sim_world, "cells", JSON_CUSTOM, cells), .required = true,
	 .decode = decode_cells},
};
static const struct json_table world_table = {world_fields,
					      ARRAY_LEN(world_fields), false};

static int compare_sites(const void *a, const void *b)
{
	const struct sim_site *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* Returns 0 or ERR_RANGE for too many nodes, ERR_EXISTS for a doubled id. */
static int number_nodes(struct sim_world *w)
{
	qsort(w->sites, w->site_count, sizeof(w->sites[0]), compare_sites);
	for (unsigned s = 0; s < w->site_count; s++) {
		struct sim_site *site = &w->sites[s];

		if (s > 0 && strcmp(site->id, site[-1].id) == 0)
			return ERR_EXISTS;
		if (w->node_count + site->node_count > SIM_NODES_MAX)
			return ERR_RANGE;
		site->first_node = w->node_count;
		for (unsigned i = 0; i < site->node_count; i++) {
			w->node_site[w->node_count] = s;
			w->node_capacity[w->node_count++] = site->capacities[i];
			site->capacity += site->capacities[i];
		}
		w->capacity += site->capacity;
	}
	return w->site_count > 0 && w->cell_count > 1 ? 0 : ERR_MISSING_FIELD;
}

static void measure(struct sim_world *w)
{
	for (unsigned c = 1; c < w->cell_count; c++) {
		float *km = w->cell_km[c];

		for (unsigned s = 0; s < w->site_count; s++) {
			km[s] = (float)place_km(
				w->cells[c].lat_deg, w->cells[c].lon_deg,
				w->sites[s].lat_deg, w->sites[s].lon_deg);
			if (km[s] < km[w->cell_site[c]])
				w->cell_site[c] = s;
		}
	}
}

int sim_world_load(const char *path, struct sim_world **world_r)
{
	struct sim_world *w = mem_alloc(sizeof(*w));
	int rc = sim_json_load(path, &world_table, w);

	if (rc == 0) {
		rc = number_nodes(w);
		if (rc != 0)
			fprintf(stderr,
				"%s: a site twice, none at all, or more than "
				"%d nodes\n",
				path, SIM_NODES_MAX);
	}
	if (rc != 0) {
		mem_free(w);
		return rc;
	}
	measure(w);
	*world_r = w;
	return 0;
}

void sim_world_free(struct sim_world **world)
{
	mem_free(*world);
	*world = NULL;
}

int sim_world_find_site(const struct sim_world *world, const char *id)
{
	for (unsigned s = 0; s < world->site_count; s++)
		if (strcmp(world->sites[s].id, id) == 0)
			return (int)s;
	return -1;
}

int sim_world_find_node(const struct sim_world *world, const char *name)
{
	const char *dash = strrchr(name, '-');
	uint64_t number;

	if (!dash || num_u64(sv_str(dash + 1), SIM_SITE_NODES_MAX, &number))
		return -1;
	for (unsigned s = 0; s < world->site_count; s++) {
		const struct sim_site *site = &world->sites[s];

		if (strncmp(site->id, name, (size_t)(dash - name)) == 0 &&
		    strlen(site->id) == (size_t)(dash - name) && number > 0 &&
		    number <= site->node_count)
			return (int)(site->first_node + number - 1);
	}
	return -1;
}
