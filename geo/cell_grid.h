/*
 * cell_grid.h - gives each place its cell: the square of half a degree, the
 * country it lies in, and the clients' carrier. Equal places give equal
 * numbers, so replicas agree. Building thread only.
 */
#ifndef PERI_GEO_CELL_GRID_H
#define PERI_GEO_CELL_GRID_H

#include "geo/cell_places.h"

struct cell_grid {
	struct cellmap_cell *cells; /* owned; by number, 0 = unknown */
	uint64_t *addresses;	    /* owned; IPv4 addresses of each cell */
	uint32_t count;		    /* with number 0 */
	uint32_t merged;	    /* cells given up for the limit */
};

/*
 * cell_grid_build - number the cells and fill places->cells.
 *
 * @addresses  IPv4 addresses of each place, by place id
 *
 * A cell's centre is the mean of its places, weighted by their addresses. An
 * override's position is a cell of its own, shared by overrides of the same
 * position and country. Cells are numbered from 1, those of databases first,
 * from south to north and west to east; those of carriers behind the one
 * without. A carrier without a place is in cell 0.
 *
 * Of more than 65,535 cells the smallest are merged (cellmap_build()). Returns
 * 0 or ERR_LIMIT when that is not enough; cell_grid_fini() after both.
 */
MUST_CHECK int cell_grid_build(struct cell_grid *grid,
			       struct cell_places *places,
			       const uint64_t *addresses);
void cell_grid_fini(struct cell_grid *grid);

#endif
