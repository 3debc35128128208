/*
 * cell_layers.h - prefixes that lie over and in each other, as the operator
 * writes them, to runs without overlaps: the innermost one wins, of two equal
 * ones the later. Building thread only.
 */
#ifndef PERI_GEO_CELL_LAYERS_H
#define PERI_GEO_CELL_LAYERS_H

#include "geo/cell_spans.h"

struct cell_layer {
	cell_key first, last;
	uint32_t value;
	uint32_t order; /* in the operator's list */
};

/* cell_layers_of - @prefix with @value, which is not 0. */
struct cell_layer cell_layers_of(const struct addr_prefix *prefix,
				 uint32_t value, uint32_t order);

/* cell_layers_over - lay @count layers of one family, which are sorted here,
 * over @base. Returns 0 or ERR_LIMIT. */
MUST_CHECK int cell_layers_over(struct cell_spans *base,
				struct cell_layer *layers, unsigned count);

#endif
