/*
 * cell_carry.h - which cell of a new map is which of the old one: numbers move
 * with every change of a database, so cells are known by where they are, by
 * country and by carrier. Pure; any thread.
 */
#ifndef PERI_BALANCER_CELL_CARRY_H
#define PERI_BALANCER_CELL_CARRY_H

#include "geo/cellmap.h"

/*
 * cell_carry_find - for each of @old_count cells the new one that its clients
 * are in now.
 *
 * @old, @new  cells by number; 0 is not a place
 * @to_r       out: @old_count numbers; CELLMAP_UNKNOWN for a cell that has gone
 *
 * Of the new cells in the same half-degree square and country it is the
 * nearest one of the same carrier, else the nearest of any, those without a
 * carrier first.
 */
void cell_carry_find(const struct cellmap_cell *old, uint32_t old_count,
		     const struct cellmap_cell *new, uint32_t new_count,
		     uint16_t *to_r);

#endif
