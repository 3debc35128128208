/*
 * candidates.h - for every client cell the six sites of least cost:
 * cost = max(0, km - free_km) + carrier penalty + border - bias, whole classes
 * of sites (healthy, suspects only, drained only) one behind the other. Sites
 * whose costs are equal are one tie. Pure; any thread. Expensive: called when
 * sites or cells changed, not on each build.
 */
#ifndef PERI_BALANCER_CANDIDATES_H
#define PERI_BALANCER_CANDIDATES_H

#include <stdint.h>

#include "geo/cellmap.h"

#define CANDIDATES_MAX	      6
#define CANDIDATES_KM_UNKNOWN 0xffff
#define CANDIDATES_TIE_KM     1 /* costs that differ by no more are equal */

enum candidates_class {
	CANDIDATES_HEALTHY,
	CANDIDATES_SUSPECT,
	CANDIDATES_DRAINED,
	CANDIDATES_CLASSES,
	CANDIDATES_NEVER = CANDIDATES_CLASSES, /* no live node */
};

/* All members count when geometries are compared; no padding. */
struct candidates_site {
	double lat_deg, lon_deg; /* valid when has_position */
	double bias_km;
	uint32_t carrier; /* cellmap_carrier_id(); 0 = multi-line */
	uint8_t has_position;
	uint8_t class; /* enum candidates_class */
	uint8_t zero[2];
};

struct candidates_policy {
	double free_km, carrier_penalty_km, border_km;
};

struct candidates_row {
	uint16_t site[CANDIDATES_MAX];
	uint16_t km[CANDIDATES_MAX];
	int16_t cost_km[CANDIDATES_MAX]; /* clamped; without the class */
	uint16_t count; /* 0: the cell has no place, or no site is alive */
	/* Tie t is the ranks from tie_end[t - 1] (0 for the first) up to, not
	 * with, tie_end[t]; behind the last tie all are @count. */
	uint8_t tie_end[CANDIDATES_MAX];
	/* Bit j: rank j costs what the site of least cost does, whatever class
	 * that is of, without a live node too. The rest is spill. */
	uint8_t nearest_ranks;
};

struct candidates_input {
	const struct candidates_site *sites; /* at most 65,535 */
	const struct cellmap_cell *cells;    /* index 0 is not a place */
	uint32_t site_count, cell_count;
	struct candidates_policy policy;
};

/*
 * candidates_fill - the rows of all cells, in order of class, then cost (in
 * steps of 1/64 km), then index of the site. A tie is a site and those behind
 * it that cost at most CANDIDATES_TIE_KM more than it.
 *
 * A site without a position is as far away as the other side of the world, its
 * km unknown. A site's country (for border_km) is that of the nearest cell.
 */
void candidates_fill(const struct candidates_input *input,
		     struct candidates_row *rows_r);
/*
 * candidates_refill - the same result for much less where a site in sixteen or
 * fewer changed its class and nothing else has changed.
 *
 * @was   the sites that @rows are of, as many as @input has
 * @rows  what candidates_fill() made of the same input with @was
 */
void candidates_refill(const struct candidates_input *input,
		       const struct candidates_site *was,
		       struct candidates_row *rows);

/* candidates_cost - cost in km of one site at @km for a client of @carrier;
 * @other_country is 0 or 1. What candidates_fill() uses. */
double candidates_cost(const struct candidates_site *site,
		       const struct candidates_policy *policy, double km,
		       uint32_t carrier, unsigned other_country);

#endif
