/*
 * steady.c - see the header. What is kept of a service belongs to the list of
 * its sites: with another list it is forgotten, not carried over.
 */
#include "balancer/steady.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/snapshot.h"
#include "lib/base/mem.h"

#define ROUNDS_MAX 16 /* of finding who is at the cap */
#define ROUNDING   1e-12

/* One cell as published: 26 bytes, 60,000 of them. */
struct kept_cell {
	uint16_t site[CANDIDATES_MAX];
	uint16_t cumulative[CANDIDATES_MAX];
	uint16_t count; /* 0 = nothing published yet */
};

struct kept_service {
	uint64_t *site_ids;
	struct kept_cell *cells;
	struct steady_place *places; /* as published */
	uint32_t *position;	     /* of each site in places */
	double *ests;		     /* of each site; below 0: none yet */
	uint32_t site_count, cell_count, place_count;
};

struct steady {
	struct kept_service services[SNAPSHOT_SERVICES];
	struct kept_service *now;
};

struct steady *steady_new(void)
{
	return mem_alloc(sizeof(struct steady));
}

static void forget(struct kept_service *s)
{
	mem_free(s->site_ids);
	mem_free(s->cells);
	mem_free(s->places);
	mem_free(s->position);
	mem_free(s->ests);
	memset(s, 0, sizeof(*s));
}

void steady_free(struct steady **steady)
{
	if (!*steady)
		return;
	for (unsigned i = 0; i < SNAPSHOT_SERVICES; i++)
		forget(&(*steady)->services[i]);
	mem_free(*steady);
	*steady = NULL;
}

/* Both ways, so that two that keep one another's neighbours are one step
 * apart at most. Only 0 is near 0. */
static bool is_near(double a, double b)
{
	return a <= b * (1 + STEADY_PART) && b <= a * (1 + STEADY_PART);
}

/* -- nodes --------------------------------------------------------------- */

/* The grid is the same on every replica; what is near two of its points may be
 * published as either, and they are 2 % apart. */
static uint32_t on_grid(double ratio)
{
	double step = log(1 + STEADY_PART);
	double power = exp(step * round(log(ratio) / step));

	return (uint32_t)fmax(
		1, fmin(UINT32_MAX / 2, round(power * STEADY_QUANTA)));
}

uint32_t steady_quanta(uint32_t published, double ratio)
{
	double fresh = ratio * STEADY_QUANTA;

	if (!(ratio > 0))
		return 0;
	if (published > 0 &&
	    (is_near(fresh, published) || (fresh <= (double)published + 1 &&
					   fresh >= (double)published - 1)))
		return published;
	return on_grid(ratio);
}

static double sum_limits(const struct waterfill_site *site)
{
	double sum = 0;

	for (uint32_t i = 0; i < site->node_count; i++)
		sum += site->nodes[i].limit > 0 ? site->nodes[i].limit : 0;
	return sum;
}

/* What nodes ask for (gain), and which are below their cap (offset: 1, else 0).
 * Returns what all ask for. */
static double ask(struct waterfill_site *site)
{
	double limits = sum_limits(site), asked = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];
		double ratio = node->p > 0 ? node->p * limits / node->limit : 0;

		node->published = steady_quanta(node->published, ratio);
		node->gain = node->published * node->limit;
		node->offset = 1;
		asked += node->gain;
	}
	return asked;
}

/* What those at their cap leave, and what the others ask for. */
struct rest {
	double free, asked;
};

/* Caps those that get too much at @per_unit; returns whether there is one more
 * of them. Without branches: nobody could foresee them. */
static bool cap_at(struct waterfill_site *site, double per_unit,
		   struct rest *rest_r)
{
	double free = 1, asked = 0, more = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];
		double below =
			node->gain * per_unit <= node->cap * (1 + ROUNDING)
				? node->offset
				: 0;

		more += node->offset - below;
		node->offset = below;
		asked += below * node->gain;
		free -= (1 - below) * node->cap;
	}
	*rest_r = (struct rest){free, asked};
	return more > 0;
}

/* Shares by what is asked for, nobody above his cap. */
void steady_nodes(struct waterfill_site *site)
{
	struct rest rest = {1, ask(site)};
	double per_unit;
	unsigned round = 0;

	if (site->overflow)
		return;
	do {
		if (!(rest.asked > 0 && rest.free > 0) || round++ == ROUNDS_MAX)
			return;
		per_unit = rest.free / rest.asked;
	} while (cap_at(site, per_unit, &rest));
	for (uint32_t i = 0; i < site->node_count; i++) {
		struct waterfill_node *node = &site->nodes[i];
		double p = node->gain * per_unit;

		node->p = node->offset > 0 ? p : node->cap;
	}
}

/* -- sites and cells ----------------------------------------------------- */

void steady_service(struct steady *steady, unsigned index,
		    const uint64_t *site_ids, uint32_t site_count,
		    uint32_t cell_count)
{
	struct kept_service *s = &steady->services[index];
	size_t bytes = site_count * sizeof(*site_ids);

	steady->now = s;
	if (s->site_count == site_count && s->cell_count == cell_count &&
	    memcmp(s->site_ids, site_ids, bytes) == 0)
		return;
	forget(s);
	s->site_ids = mem_dup(site_ids, bytes);
	s->cells = mem_array(cell_count, sizeof(*s->cells));
	s->places = mem_array(site_count, sizeof(*s->places));
	s->position = mem_array(site_count, sizeof(*s->position));
	s->ests = mem_array(site_count, sizeof(*s->ests));
	for (uint32_t i = 0; i < site_count; i++)
		s->ests[i] = -1;
	s->site_count = site_count;
	s->cell_count = cell_count;
}

double steady_est(struct steady *steady, uint32_t site, double est,
		  double limit)
{
	double *kept = &steady->now->ests[site];

	if (*kept < 0 || fabs(est - *kept) > STEADY_PART * limit)
		*kept = est;
	return *kept;
}

/* Sums are rounded, not shares: so they end at 4096. */
static void quantise(const double *share, unsigned count, uint16_t *to)
{
	double total = 0, sum = 0;
	unsigned last = 0;

	for (unsigned j = 0; j < count; j++) {
		total += share[j];
		if (share[j] > 0)
			last = j;
	}
	for (unsigned j = 0; j < count; j++) {
		sum += share[j];
		to[j] = j >= last
				? STEADY_QUANTA
				: (uint16_t)lround(sum / total * STEADY_QUANTA);
	}
}

static bool same_shares(const uint16_t *kept, const uint16_t *fresh,
			unsigned count)
{
	for (unsigned j = 0; j < count; j++) {
		int was = kept[j] - (j > 0 ? kept[j - 1] : 0);
		int is = fresh[j] - (j > 0 ? fresh[j - 1] : 0);

		if (is_near(was, is))
			continue;
		/* To 0 at once, by one quantum never. */
		if (is == 0 || abs(was - is) > 1)
			return false;
	}
	return true;
}

const uint16_t *steady_cell(struct steady *steady, uint32_t cell,
			    const struct candidates_row *row,
			    const double *share)
{
	struct kept_cell *kept = &steady->now->cells[cell];
	uint16_t fresh[CANDIDATES_MAX];
	size_t bytes = row->count * sizeof(*fresh);

	quantise(share, row->count, fresh);
	if (kept->count == row->count &&
	    memcmp(kept->site, row->site, bytes) == 0 &&
	    (memcmp(kept->cumulative, fresh, bytes) == 0 ||
	     same_shares(kept->cumulative, fresh, row->count)))
		return kept->cumulative;
	kept->count = row->count;
	memcpy(kept->site, row->site, bytes);
	memcpy(kept->cumulative, fresh, bytes);
	return kept->cumulative;
}

/* -- clients without a place --------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct steady_place *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->free_part != y->free_part)
		return x->free_part > y->free_part ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static bool same_places(const struct kept_service *s,
			const struct steady_place *places, uint32_t count)
{
	if (s->place_count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct steady_place *is = &places[i];
		const struct steady_place *was =
			&s->places[s->position[is->site]];

		if (was->site != is->site || was->class != is->class ||
		    !is_near(was->share, is->share) ||
		    fabs(was->free_part - is->free_part) > STEADY_PART)
			return false;
	}
	return true;
}

void steady_places(struct steady *steady, struct steady_place *places,
		   uint32_t count)
{
	struct kept_service *s = steady->now;

	if (same_places(s, places, count)) {
		memcpy(places, s->places, count * sizeof(*places));
		return;
	}
	qsort(places, count, sizeof(*places), compare_places);
	memcpy(s->places, places, count * sizeof(*places));
	for (uint32_t i = 0; i < count; i++)
		s->position[places[i].site] = i;
	s->place_count = count;
}
