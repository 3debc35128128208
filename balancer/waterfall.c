/*
 * waterfall.c - see the header. Invariant in every step: for each cell the
 * shares and the rest sum to 1.
 */
#include "balancer/waterfall.h"

#include <string.h>

#define REST_MIN 1e-9 /* below that a cell counts as placed */
/* What rounding leaves of a full site's room must not count as room: a cell
 * without demand would go there as a whole. */
#define ROUNDING 1e-9

static double demand_of(const struct waterfall *w, uint32_t cell)
{
	return w->demand_per_s ? w->demand_per_s[cell] * w->demand_factor : 0;
}

static double room_left(const struct waterfall_site *site, unsigned pass)
{
	double room = site->room_per_s[pass] - site->admitted_per_s;

	return room > site->room_per_s[pass] * ROUNDING ? room : 0;
}

/* -- one tie of every cell ------------------------------------------------ */

/* What a cell offers to each site of a tie is its rest * room left * scale. */
struct tie {
	unsigned first, end; /* ranks */
	double scale;	     /* 1 / room of all; 0 = nobody has any */
};

static struct tie tie_of(const struct waterfall *w,
			 const struct candidates_row *row, unsigned number)
{
	struct tie tie = {
		.first = number > 0 ? row->tie_end[number - 1] : 0,
		.end = row->tie_end[number],
	};
	double room = 0;

	for (unsigned j = tie.first; j < tie.end; j++)
		room += w->sites[row->site[j]].left_per_s;
	tie.scale = room > 0 ? 1 / room : 0;
	return tie;
}

static void ask_tie(struct waterfall *w, unsigned pass, unsigned number,
		    uint32_t active_count)
{
	for (uint32_t s = 0; s < w->site_count; s++) {
		w->sites[s].left_per_s = room_left(&w->sites[s], pass);
		w->sites[s].demand_per_s = 0;
	}
	for (uint32_t i = 0; i < active_count; i++) {
		uint32_t c = w->active[i];
		const struct candidates_row *row = &w->rows[c];
		struct tie tie = tie_of(w, row, number);
		double demand = demand_of(w, c) * w->cells[c].rest * tie.scale;

		for (unsigned j = tie.first; j < tie.end; j++) {
			struct waterfall_site *site = &w->sites[row->site[j]];

			site->demand_per_s += demand * site->left_per_s;
		}
	}
}

static void accept_tie(struct waterfall *w)
{
	for (uint32_t s = 0; s < w->site_count; s++) {
		struct waterfall_site *site = &w->sites[s];
		double room = site->left_per_s;

		if (site->demand_per_s > room)
			site->accept = room / site->demand_per_s;
		else
			site->accept = room > 0 ? 1 : 0;
		site->admitted_per_s += site->accept * site->demand_per_s;
	}
}

static void place_tie(struct waterfall *w, unsigned number,
		      uint32_t active_count)
{
	for (uint32_t i = 0; i < active_count; i++) {
		struct waterfall_cell *cell = &w->cells[w->active[i]];
		const struct candidates_row *row = &w->rows[w->active[i]];
		struct tie tie = tie_of(w, row, number);
		double placed = 0;

		for (unsigned j = tie.first; j < tie.end; j++) {
			const struct waterfall_site *site =
				&w->sites[row->site[j]];
			double part =
				site->left_per_s * tie.scale * site->accept;

			cell->share[j] += cell->rest * part;
			placed += part;
		}
		cell->rest *= 1 - placed;
	}
}

/* Keeps the cells that are not placed, in order. */
static uint32_t keep_active(struct waterfall *w, uint32_t active_count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < active_count; i++)
		if (w->cells[w->active[i]].rest > REST_MIN)
			w->active[kept++] = w->active[i];
	return kept;
}

static uint32_t run_pass(struct waterfall *w, unsigned pass,
			 uint32_t active_count)
{
	for (unsigned t = 0; t < CANDIDATES_MAX && active_count; t++) {
		ask_tie(w, pass, t, active_count);
		accept_tie(w);
		place_tie(w, t, active_count);
		active_count = keep_active(w, active_count);
	}
	return active_count;
}

/* -- demand that may go anywhere ----------------------------------------- */

/* Takes room in proportion to what is left; returns what is not placed. */
static double spread_by_room(struct waterfall *w, unsigned pass, double demand,
			     double rest)
{
	double room = 0, part;

	for (uint32_t s = 0; s < w->site_count; s++)
		room += room_left(&w->sites[s], pass);
	if (room <= 0 || rest <= 0)
		return rest;
	part = demand * rest > room ? room / demand : rest;
	for (uint32_t s = 0; s < w->site_count; s++) {
		double share = part * room_left(&w->sites[s], pass) / room;

		w->anywhere[s] += share;
		w->sites[s].admitted_per_s += share * demand;
	}
	return rest - part;
}

static void spread_by_weight(struct waterfall *w, double demand, double rest)
{
	unsigned best = CANDIDATES_CLASSES;
	double weight = 0;

	for (uint32_t s = 0; s < w->site_count; s++)
		if (w->sites[s].weight > 0 && w->sites[s].class < best)
			best = w->sites[s].class;
	for (uint32_t s = 0; s < w->site_count; s++)
		if (w->sites[s].class == best)
			weight += w->sites[s].weight;
	if (weight <= 0)
		return;
	w->anywhere_panic = 1;
	for (uint32_t s = 0; s < w->site_count; s++) {
		double share;

		if (w->sites[s].class != best)
			continue;
		share = rest * w->sites[s].weight / weight;
		w->anywhere[s] += share;
		w->sites[s].admitted_per_s += share * demand;
	}
}

/* -- overflow ------------------------------------------------------------ */

static double panic_weight(const struct waterfall *w,
			   const struct candidates_row *row, unsigned rank)
{
	const struct waterfall_site *site = &w->sites[row->site[rank]];

	/* Candidates stand in order of class: the first one's is the best. */
	return site->class == w->sites[row->site[0]].class ? site->weight : 0;
}

static void overflow_cell(struct waterfall *w, uint32_t c)
{
	const struct candidates_row *row = &w->rows[c];
	struct waterfall_cell *cell = &w->cells[c];
	double weight = 0;

	for (unsigned j = 0; j < row->count; j++)
		weight += panic_weight(w, row, j);
	if (weight <= 0)
		return;
	cell->panic = 1;
	for (unsigned j = 0; j < row->count; j++) {
		double share = cell->rest * panic_weight(w, row, j) / weight;

		cell->share[j] += share;
		w->sites[row->site[j]].admitted_per_s +=
			share * demand_of(w, c);
	}
	cell->rest = 0;
}

/* -- the whole ----------------------------------------------------------- */

/* Returns the demand of the cells without candidates. */
static double start(struct waterfall *w, uint32_t *active_count_r)
{
	double anywhere = 0;
	uint32_t active = 0;

	memset(w->cells, 0, w->cell_count * sizeof(*w->cells));
	w->anywhere_panic = 0;
	for (uint32_t s = 0; s < w->site_count; s++) {
		w->anywhere[s] = 0;
		w->sites[s].admitted_per_s = 0;
	}
	for (uint32_t c = 0; c < w->cell_count; c++) {
		w->cells[c].rest = 1;
		if (w->rows[c].count > 0)
			w->active[active++] = c;
		else
			anywhere += demand_of(w, c);
	}
	*active_count_r = active;
	return anywhere;
}

void waterfall_run(struct waterfall *w)
{
	uint32_t active_count;
	double anywhere = start(w, &active_count), rest = 1;

	for (unsigned pass = 0; pass < WATERFALL_PASSES; pass++) {
		active_count = run_pass(w, pass, active_count);
		rest = spread_by_room(w, pass, anywhere, rest);
	}
	for (uint32_t i = 0; i < active_count; i++)
		overflow_cell(w, w->active[i]);
	if (rest > REST_MIN)
		spread_by_weight(w, anywhere, rest);
}
