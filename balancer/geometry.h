/*
 * geometry.h - keeps the cost orders of all services from build to build and
 * computes them anew only when cells, sites or the parameters changed. Owned
 * by a snapshot builder; its thread.
 */
#ifndef PERI_BALANCER_GEOMETRY_H
#define PERI_BALANCER_GEOMETRY_H

#include "balancer/candidates.h"
#include "balancer/snapshot.h"

struct geometry;

/* geometry_new, geometry_free - nothing is kept yet. */
struct geometry *geometry_new(void);
void geometry_free(struct geometry **geometry);

/* geometry_set_cells - cells and parameters from now on; copies the cells. */
void geometry_set_cells(struct geometry *geometry,
			const struct cellmap_cell *cells, uint32_t cell_count,
			const struct candidates_policy *policy);

/*
 * geometry_rows - the candidates of every cell for service number @service.
 *
 * @sites  with their classes; copied
 *
 * Returns cell_count rows, borrowed until the next call for the service.
 */
const struct candidates_row *geometry_rows(struct geometry *geometry,
					   unsigned service,
					   const struct candidates_site *sites,
					   uint32_t site_count);

/* geometry_runs - how often rows were computed; a counter for tests and
 * metrics. */
uint64_t geometry_runs(const struct geometry *geometry);

#endif
