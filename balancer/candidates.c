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

struct vector {
	double x, y, z;
};

/* Sites as the loops want them. */
struct field {
	double *x, *y, *z;
	uint32_t *country; /* packed letters */
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

/* -- sites --------------------------------------------------------------- */

/* The country of the cell that is nearest to a site. */
static uint32_t country_of(const struct candidates_input *in, struct vector at)
{
	uint32_t country = ANY_COUNTRY;
	double best = -2;

	for (uint32_t c = 1; c < in->cell_count; c++) {
		struct vector v;
		double dot;

		if (!is_place(&in->cells[c]))
			continue;
		v = unit_vector(in->cells[c].lat_deg, in->cells[c].lon_deg);
		dot = v.x * at.x + v.y * at.y + v.z * at.z;
		if (dot > best) {
			best = dot;
			country = pack_country(in->cells[c].country);
		}
	}
	return country;
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
		field->country[s] =
			in->policy.border_km != 0 && site->has_position
				? country_of(in, v)
				: ANY_COUNTRY;
	}
}

static void field_fini(struct field *field)
{
	mem_free(field->x);
	mem_free(field->country);
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

/* Looks at one site closely; returns whether it got in. */
static int consider(const struct candidates_input *in,
		    const struct field *field, struct best *best, uint32_t c,
		    uint32_t s, double dot)
{
	const struct candidates_site *site = &in->sites[s];
	double km = site->has_position ? dot_to_km(dot) : -1, cost_km;
	uint32_t country = pack_country(in->cells[c].country);
	int64_t cost;
	unsigned rank;

	cost_km = candidates_cost(site, &in->policy, km < 0 ? FAR_KM : km,
				  in->cells[c].carrier,
				  field->country[s] != ANY_COUNTRY &&
					  field->country[s] != country);
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

static void fill_row(const struct candidates_input *in,
		     const struct field *field, uint32_t c,
		     struct candidates_row *row)
{
	struct vector v =
		unit_vector(in->cells[c].lat_deg, in->cells[c].lon_deg);
	struct best best = {.row = row, .least_cost = INT64_MAX};
	double threshold = -2;

	for (uint32_t s = 0; s < field->count; s++) {
		double dot = v.x * field->x[s] + v.y * field->y[s] +
			     v.z * field->z[s];

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
