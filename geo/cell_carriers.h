/*
 * cell_carriers.h - whose network an address is in: carriers of AS numbers,
 * through databases of these, and of the operator's prefixes. Collected beside
 * the places and joined with them at the end of a build; one thread.
 */
#ifndef PERI_GEO_CELL_CARRIERS_H
#define PERI_GEO_CELL_CARRIERS_H

#include "geo/cell_places.h"
#include "geo/cell_spans.h"

/* A run's "place" is the number of a carrier in the places. */
struct cell_carriers {
	struct cell_spans spans[CELL_FAMILIES];
};

/* cell_carriers_init - no carrier anywhere. */
void cell_carriers_init(struct cell_carriers *carriers);
void cell_carriers_fini(struct cell_carriers *carriers);

/*
 * cell_carriers_collect - read what @config says of carriers.
 *
 * @places  gets the carriers' names
 *
 * Databases are only read when an override gives a carrier to an AS number.
 * Returns 0, or what geodb_open() says, or ERR_LIMIT, with the reason in @why.
 */
MUST_CHECK int cell_carriers_collect(struct cell_carriers *carriers,
				     struct cell_places *places,
				     const struct cellmap_config *config,
				     struct buf *why);

/* cell_carriers_apply - give @spans of @family places with carriers. Returns 0
 * or ERR_LIMIT. */
MUST_CHECK int cell_carriers_apply(const struct cell_carriers *carriers,
				   struct cell_places *places,
				   enum cell_family family,
				   struct cell_spans *spans);

#endif
