/*
 * geometry.c - see the header. What rows were computed from is kept beside them
 * and compared byte by byte: a pointer may be reused, content cannot lie.
 */
#include "balancer/geometry.h"

#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"

static_assert(CANDIDATES_MAX == SNAPSHOT_CANDIDATES &&
		      CANDIDATES_KM_UNKNOWN == SNAPSHOT_KM_UNKNOWN,
	      "rows are copied into cells");
/* memcmp() must not see padding. */
static_assert(sizeof(struct candidates_site) == 3 * 8 + 4 + 4,
	      "struct candidates_site has no padding");
static_assert(sizeof(struct cellmap_cell) == 2 * 4 + 4 + 4,
	      "struct cellmap_cell has no padding");

struct service_rows {
	struct candidates_site *sites;
	struct candidates_row *rows;
	uint32_t site_count;
	int valid;
};

struct geometry {
	struct cellmap_cell *cells;
	uint32_t cell_count;
	struct candidates_policy policy;
	struct service_rows services[SNAPSHOT_SERVICES];
	uint64_t runs;
};

struct geometry *geometry_new(void)
{
	return mem_alloc(sizeof(struct geometry));
}

void geometry_free(struct geometry **geometry)
{
	struct geometry *g = *geometry;

	if (!g)
		return;
	for (unsigned i = 0; i < SNAPSHOT_SERVICES; i++) {
		mem_free(g->services[i].sites);
		mem_free(g->services[i].rows);
	}
	mem_free(g->cells);
	mem_free(g);
	*geometry = NULL;
}

static int same_policy(const struct candidates_policy *a,
		       const struct candidates_policy *b)
{
	return a->free_km == b->free_km &&
	       a->carrier_penalty_km == b->carrier_penalty_km &&
	       a->border_km == b->border_km;
}

void geometry_set_cells(struct geometry *geometry,
			const struct cellmap_cell *cells, uint32_t cell_count,
			const struct candidates_policy *policy)
{
	size_t size_bytes = cell_count * sizeof(*cells);

	if (geometry->cell_count == cell_count &&
	    same_policy(&geometry->policy, policy) &&
	    (cell_count == 0 ||
	     memcmp(geometry->cells, cells, size_bytes) == 0))
		return;
	geometry->policy = *policy;
	geometry->cells =
		mem_grow(geometry->cells, cell_count + 1, sizeof(*cells));
	if (cell_count > 0)
		memcpy(geometry->cells, cells, size_bytes);
	geometry->cell_count = cell_count;
	for (unsigned i = 0; i < SNAPSHOT_SERVICES; i++)
		geometry->services[i].valid = 0;
}

const struct candidates_row *geometry_rows(struct geometry *geometry,
					   unsigned service,
					   const struct candidates_site *sites,
					   uint32_t site_count)
{
	struct service_rows *rows = &geometry->services[service];
	int comparable = rows->valid && rows->site_count == site_count;
	size_t size_bytes = site_count * sizeof(*sites);
	const struct candidates_input input = {
		.sites = sites,
		.cells = geometry->cells,
		.cell_count = geometry->cell_count,
		.site_count = site_count,
		.policy = geometry->policy,
	};

	if (comparable && memcmp(rows->sites, sites, size_bytes) == 0)
		return rows->rows;
	rows->rows = mem_grow(rows->rows, geometry->cell_count + 1,
			      sizeof(*rows->rows));
	if (comparable)
		candidates_refill(&input, rows->sites, rows->rows);
	else
		candidates_fill(&input, rows->rows);
	rows->sites = mem_grow(rows->sites, site_count + 1, sizeof(*sites));
	memcpy(rows->sites, sites, size_bytes);
	rows->site_count = site_count;
	rows->valid = 1;
	geometry->runs++;
	return rows->rows;
}

uint64_t geometry_runs(const struct geometry *geometry)
{
	return geometry->runs;
}
