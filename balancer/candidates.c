/*
 * candidates.c - cost orders by dot products of unit vectors: a site is only
 * looked at closely when it is near enough to beat the sixth best so far.
 */
#include "balancer/candidates.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"

#define EARTH_KM      6371.0088
#define FAR_KM	      20038.0 /* half of the way round, rounded up */
#define CLASS_COST_KM 1e6     /* above every cost inside a class */
#define COST_STEPS    64.0    /* to a km; ends ties that rounding would pick */
#define TIE_STEPS     ((int64_t)(CANDIDATES_TIE_KM * COST_STEPS))
#define RADIANS	      (3.14159265358979323846 / 180)
#define ANY_COUNTRY   0xffffffffU
#define UNASKED	      0xfffffffeU
#define REFILL_PART   16 /* of the sites; if more changed all are looked at */

struct vector {
	double x, y, z;
};

/* Sites and cells as the loops want them. */
struct field {
	double *x, *y, *z;
	uint32_t *country;     /* packed letters; UNASKED at first */
	struct vector *places; /* of cells; ones without have no direction */
	uint32_t count;
	double most_bias_km; /* of any class: the least cost has none */
};

struct best {
	int64_t cost[CANDIDATES_MAX];
	int64_t least_cost; /* of all sites, without their classes */
	struct candidates_row *row;
};

static struct vector unit_vector(double lat_deg, double lon_deg)
{
	double lat = lat_deg * RADIANS, lon = lon_deg * RADIANS;

	return (struct vector){cos(lat) * cos(lon), cos(lat) * sin(lon),
			       sin(lat)};
}

static double dot_to_km(double dot)
{
	return EARTH_KM * acos(dot > 1 ? 1 : dot < -1 ? -1 : dot);
}

static uint32_t pack_country(const char *country)
{
	return (uint32_t)(uint8_t)country[0] << 8 | (uint8_t)country[1];
}

static int is_place(const struct cellmap_cell *cell)
{
	return isfinite(cell->lat_deg) && isfinite(cell->lon_deg);
}

double candidates_cost(const struct candidates_site *site,
		       const struct candidates_policy *policy, double km,
		       uint32_t carrier, unsigned other_country)
{
	double cost = fmax(0, km - policy->free_km) - site->bias_km;

	if (carrier != 0 && site->carrier != 0 && carrier != site->carrier)
		cost += policy->carrier_penalty_km;
	if (other_country)
		cost += policy->border_km;
	return cost;
}

/* The cosine of the angle between a site and a cell. */
static double site_dot(const struct field *field, uint32_t s, uint32_t c)
{
	const struct vector *v = &field->places[c];

	return v->x * field->x[s] + v->y * field->y[s] + v->z * field->z[s];
}

/* -- sites --------------------------------------------------------------- */

/* The country of the cell that is nearest to a site. */
static uint32_t find_country(const struct candidates_input *in,
			     const struct field *field, uint32_t s)
{
	uint32_t country = ANY_COUNTRY;
	double best = -2;

	for (uint32_t c = 1; c < in->cell_count; c++) {
		double dot = site_dot(field, s, c);

		if (dot > best && is_place(&in->cells[c])) {
			best = dot;
			country = pack_country(in->cells[c].country);
		}
	}
	return country;
}

/* Found when first asked for: a few cells ask for few sites. */
static uint32_t country_of(const struct candidates_input *in,
			   const struct field *field, uint32_t s)
{
	if (in->policy.border_km == 0 || !in->sites[s].has_position)
		return ANY_COUNTRY;
	if (field->country[s] == UNASKED)
		field->country[s] = find_country(in, field, s);
	return field->country[s];
}

static void place_cells(struct field *field, const struct candidates_input *in)
{
	field->places = mem_array(in->cell_count, sizeof(*field->places));
	for (uint32_t c = 1; c < in->cell_count; c++)
		if (is_place(&in->cells[c]))
			field->places[c] = unit_vector(in->cells[c].lat_deg,
						       in->cells[c].lon_deg);
}

static void field_init(struct field *field, const struct candidates_input *in)
{
	double *block = mem_array((size_t)in->site_count * 3, sizeof(double));

	field->count = in->site_count;
	field->x = block;
	field->y = block + in->site_count;
	field->z = block + 2 * (size_t)in->site_count;
	field->country = mem_array(in->site_count, sizeof(uint32_t));
	field->most_bias_km = -INFINITY;
	for (uint32_t s = 0; s < in->site_count; s++) {
		const struct candidates_site *site = &in->sites[s];
		struct vector v = unit_vector(site->lat_deg, site->lon_deg);

		field->x[s] = v.x;
		field->y[s] = v.y;
		field->z[s] = v.z;
		field->most_bias_km = fmax(field->most_bias_km, site->bias_km);
		field->country[s] = UNASKED;
	}
	place_cells(field, in);
}

static void field_fini(struct field *field)
{
	mem_free(field->x);
	mem_free(field->country);
	mem_free(field->places);
}

/* -- one cell ------------------------------------------------------------ */

static int16_t clamp_cost(double cost_km)
{
	return (int16_t)lround(fmax(INT16_MIN, fmin(INT16_MAX, cost_km)));
}

/* Makes room for a site; sites come in order of index, so that an equal cost
 * stays in front. Returns its rank. */
static unsigned insert(struct best *best, int64_t cost)
{
	struct candidates_row *row = best->row;
	unsigned at =
		row->count < CANDIDATES_MAX ? row->count++ : CANDIDATES_MAX - 1;

	for (; at > 0 && best->cost[at - 1] > cost; at--) {
		best->cost[at] = best->cost[at - 1];
		row->site[at] = row->site[at - 1];
		row->km[at] = row->km[at - 1];
		row->cost_km[at] = row->cost_km[at - 1];
	}
	best->cost[at] = cost;
	return at;
}

static int64_t worst_cost(const struct best *best)
{
	return best->row->count < CANDIDATES_MAX
		       ? INT64_MAX
		       : best->cost[CANDIDATES_MAX - 1];
}

/* The dot product below which no site can beat the worst of @best. */
static double least_dot(const struct best *best, const struct field *field,
			double free_km)
{
	int64_t worst = worst_cost(best);
	double reach_km;

	if (worst == INT64_MAX)
		return -2;
	reach_km = (double)(worst + 1) / COST_STEPS + field->most_bias_km +
		   free_km;
	if (reach_km >= FAR_KM)
		return -2;
	return reach_km <= 0 ? 1 - 1e-12 : cos(reach_km / EARTH_KM) - 1e-12;
}

static int64_t class_cost(const struct candidates_site *site)
{
	return (int64_t)(site->class * CLASS_COST_KM * COST_STEPS);
}

/* -1: nobody knows. */
static double km_of(const struct candidates_site *site, double dot)
{
	return site->has_position ? dot_to_km(dot) : -1;
}

/* What a site costs a cell without its class; @km as km_of() has it. */
static double cost_of(const struct candidates_input *in,
		      const struct field *field, uint32_t c, uint32_t s,
		      double km)
{
	uint32_t country = country_of(in, field, s);

	return candidates_cost(
		&in->sites[s], &in->policy, km < 0 ? FAR_KM : km,
		in->cells[c].carrier,
		country != ANY_COUNTRY &&
			country != pack_country(in->cells[c].country));
}

/* Looks at one site closely; returns whether it got in. */
static int consider(const struct candidates_input *in,
		    const struct field *field, struct best *best, uint32_t c,
		    uint32_t s, double dot)
{
	const struct candidates_site *site = &in->sites[s];
	double km = km_of(site, dot);
	double cost_km = cost_of(in, field, c, s, km);
	int64_t cost;
	unsigned rank;

	cost = llround(cost_km * COST_STEPS);
	if (cost < best->least_cost)
		best->least_cost = cost;
	cost += class_cost(site);
	if (site->class == CANDIDATES_NEVER || cost >= worst_cost(best))
		return 0;
	rank = insert(best, cost);
	best->row->site[rank] = (uint16_t)s;
	best->row->km[rank] =
		km < 0 ? CANDIDATES_KM_UNKNOWN : (uint16_t)lround(km);
	best->row->cost_km[rank] = clamp_cost(cost_km);
	return 1;
}

/* Measured from the first of a tie: a chain of small steps is no tie. */
static void find_ties(const struct best *best)
{
	struct candidates_row *row = best->row;
	unsigned end = 0;

	for (unsigned t = 0; t < CANDIDATES_MAX; t++) {
		unsigned first = end;

		while (end < row->count &&
		       best->cost[end] - best->cost[first] <= TIE_STEPS)
			end++;
		row->tie_end[t] = (uint8_t)end;
	}
}

static void find_nearest(const struct candidates_site *sites,
			 const struct best *best)
{
	struct candidates_row *row = best->row;

	for (unsigned j = 0; j < row->count; j++) {
		int64_t cost = best->cost[j] - class_cost(&sites[row->site[j]]);

		if (cost - best->least_cost <= TIE_STEPS)
			row->nearest_ranks |= (uint8_t)(1U << j);
	}
}

/* @row is zeroed. */
static void fill_row(const struct candidates_input *in,
		     const struct field *field, uint32_t c,
		     struct candidates_row *row)
{
	struct best best = {.row = row, .least_cost = INT64_MAX};
	double threshold = -2;

	for (uint32_t s = 0; s < field->count; s++) {
		double dot = site_dot(field, s, c);

		if (dot < threshold && in->sites[s].has_position)
			continue;
		if (consider(in, field, &best, c, s, dot))
			threshold = least_dot(&best, field, in->policy.free_km);
	}
	find_ties(&best);
	find_nearest(in->sites, &best);
}

void candidates_fill(const struct candidates_input *input,
		     struct candidates_row *rows_r)
{
	struct field field;

	memset(rows_r, 0, input->cell_count * sizeof(*rows_r));
	field_init(&field, input);
	for (uint32_t c = 1; c < input->cell_count; c++)
		if (is_place(&input->cells[c]))
			fill_row(input, &field, c, &rows_r[c]);
	field_fini(&field);
}

/* -- some sites changed -------------------------------------------------- */

struct refill {
	const struct candidates_input *in;
	const struct candidates_site *was;
	struct field field;
	uint32_t *changed; /* indices of sites */
	uint32_t changed_count;
};

/* Whether a site whose class changed was or is in the row of cell @c, or may be
 * what those in it are compared with. */
static int matters(const struct refill *r, uint32_t c,
		   const struct candidates_row *row)
{
	int worst_km = INT16_MIN;
	uint8_t last_class;

	if (row->count < CANDIDATES_MAX)
		return 1;
	last_class = r->was[row->site[CANDIDATES_MAX - 1]].class;
	for (unsigned j = 0; j < CANDIDATES_MAX; j++)
		if (row->cost_km[j] > worst_km)
			worst_km = row->cost_km[j];
	for (uint32_t i = 0; i < r->changed_count; i++) {
		uint32_t s = r->changed[i];
		double dot = site_dot(&r->field, s, c);

		/* Costs in rows are rounded and clamped; ones that are equal in
		 * steps may be a km apart by that. */
		if (r->in->sites[s].class < last_class ||
		    clamp_cost(cost_of(r->in, &r->field, c, s,
				       km_of(&r->in->sites[s], dot))) <=
			    worst_km + 1)
			return 1;
	}
	return 0;
}

/* Returns whether nothing but classes changed, and not too many. */
static int find_changed(struct refill *r)
{
	uint32_t most = r->in->site_count / REFILL_PART;

	for (uint32_t s = 0; s < r->in->site_count; s++) {
		struct candidates_site was = r->was[s];

		if (was.class == r->in->sites[s].class &&
		    memcmp(&was, &r->in->sites[s], sizeof(was)) == 0)
			continue;
		was.class = r->in->sites[s].class;
		if (r->changed_count == most ||
		    memcmp(&was, &r->in->sites[s], sizeof(was)) != 0)
			return 0;
		r->changed[r->changed_count++] = s;
	}
	return 1;
}

void candidates_refill(const struct candidates_input *input,
		       const struct candidates_site *was,
		       struct candidates_row *rows)
{
	struct refill r = {
		.in = input,
		.was = was,
		.changed = mem_array(input->site_count, sizeof(*r.changed)),
	};

	if (find_changed(&r)) {
		field_init(&r.field, input);
		for (uint32_t c = 1; c < input->cell_count; c++) {
			if (!is_place(&input->cells[c]) ||
			    !matters(&r, c, &rows[c]))
				continue;
			memset(&rows[c], 0, sizeof(rows[c]));
			fill_row(input, &r.field, c, &rows[c]);
		}
		field_fini(&r.field);
	} else {
		candidates_fill(input, rows);
	}
	mem_free(r.changed);
}
