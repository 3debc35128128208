/*
 * rank.c - see the header. One service at a time, sums in order of index.
 */
#include "balancer/rank.h"

#include <math.h>
#include <string.h>

#include "balancer/demand.h"
#include "balancer/draw_table.h"
#include "balancer/geometry.h"
#include "balancer/reckon.h"
#include "balancer/steady.h"
#include "balancer/waterfall.h"
#include "balancer/waterfill.h"
#include "lib/base/mem.h"

#define HORIZON_MIN_S  10.0
#define HORIZON_RENEWS 2 /* a report may be one renewal late */
#define QUANTUM	       (uint32_t)((1ULL << 32) / STEADY_QUANTA)

struct rank {
	struct geometry *geometry;
	struct steady *steady;
	/* of the current build */
	const struct snapshot_input *input;
	const struct catalog *catalog;
	double horizon_s;
	/* scratch, grown to the largest service */
	struct candidates_site *places;
	struct waterfall_site *rooms;
	double *anywhere;
	struct steady_place *order;
	uint64_t *site_ids;
	uint32_t site_room;
	struct waterfall_cell *cells;
	uint32_t *active;
	uint32_t cell_room;
	struct waterfill_node *nodes;
	uint32_t node_room;
};

/* The service that the steps below are at. */
struct work {
	struct rank *rank;
	struct kappa *kappa; /* of the service */
	const struct catalog_service *from;
	struct snapshot_service *to;
	unsigned index;
};

struct rank *rank_new(void)
{
	struct rank *rank = mem_alloc(sizeof(*rank));

	rank->geometry = geometry_new();
	rank->steady = steady_new();
	return rank;
}

void rank_free(struct rank **rank)
{
	struct rank *r = *rank;

	if (!r)
		return;
	geometry_free(&r->geometry);
	steady_free(&r->steady);
	mem_free(r->places);
	mem_free(r->rooms);
	mem_free(r->anywhere);
	mem_free(r->order);
	mem_free(r->site_ids);
	mem_free(r->cells);
	mem_free(r->active);
	mem_free(r->nodes);
	mem_free(r);
	*rank = NULL;
}

uint64_t rank_geometry_runs(const struct rank *rank)
{
	return geometry_runs(rank->geometry);
}

static void grow_sites(struct rank *r, uint32_t count)
{
	if (count <= r->site_room)
		return;
	r->places = mem_grow(r->places, count, sizeof(*r->places));
	r->rooms = mem_grow(r->rooms, count, sizeof(*r->rooms));
	r->anywhere = mem_grow(r->anywhere, count, sizeof(*r->anywhere));
	r->order = mem_grow(r->order, count, sizeof(*r->order));
	r->site_ids = mem_grow(r->site_ids, count, sizeof(*r->site_ids));
	r->site_room = count;
}

static void grow_cells(struct rank *r, uint32_t count)
{
	if (count <= r->cell_room)
		return;
	r->cells = mem_grow(r->cells, count, sizeof(*r->cells));
	r->active = mem_grow(r->active, count, sizeof(*r->active));
	r->cell_room = count;
}

static void grow_nodes(struct rank *r, uint32_t count)
{
	if (count <= r->node_room)
		return;
	r->nodes = mem_grow(r->nodes, count, sizeof(*r->nodes));
	r->node_room = count;
}

/* -- reckoning ----------------------------------------------------------- */

static void describe_site(const struct work *work, uint32_t s)
{
	const struct catalog *catalog = work->rank->catalog;
	const struct catalog_site *from =
		&catalog->sites[work->from->first_site + s];
	const struct card_record *record = catalog_record(catalog, from);
	struct snapshot_site *site = &work->to->sites[s];

	site->first_node = from->first_node - work->from->first_node;
	site->node_count = from->node_count;
	site->region = record->region;
	site->zone = record->zone;
	site->carrier = from->carrier;
	site->lat_deg = (float)from->place.lat_deg;
	site->lon_deg = (float)from->place.lon_deg;
	site->has_position = from->place.has_position;
	site->bias_km = from->place.bias_km;
	site->bias_by_intent = from->bias_by_intent;
	work->rank->places[s] = from->place;
}

static void reckon_service(struct work *work)
{
	struct rank *r = work->rank;
	struct reckon reckon = {
		.catalog = r->catalog,
		.service = work->from,
		.policy = &work->rank->input->policy,
		.horizon_s = work->rank->horizon_s,
		.kappa_step_s =
			kappa_step_s(work->kappa, work->rank->input->now_ms),
		.now_ms = work->rank->input->now_ms,
		.heard_at_ms = work->rank->input->synced_at_ms,
		.nodes = work->to->nodes,
		.sites = work->to->sites,
		.rooms = r->rooms,
	};

	for (uint32_t s = 0; s < work->to->site_count; s++) {
		describe_site(work, s);
		reckon_site(&reckon, s);
		r->places[s].class = r->rooms[s].class;
		work->to->by_clients_count +=
			work->to->sites[s].by_clients_count;
	}
}

/* -- shares of cells ----------------------------------------------------- */

/* The demand of all replicas: ours * R * kappa. */
static void calibrate(struct work *work, struct waterfall *fall)
{
	const struct snapshot_input *input = work->rank->input;
	struct snapshot_service *to = work->to;
	double own_per_s = 0, replicas = input->policy.replica_count;

	if (input->demand) {
		to->demand_slot = demand_slot(input->demand, sv_str(to->name));
		fall->demand_per_s =
			demand_rates(input->demand, to->demand_slot);
	}
	for (uint32_t c = 0; fall->demand_per_s && c < to->cell_count; c++)
		own_per_s += fall->demand_per_s[c];
	to->kappa = kappa_renew(work->kappa, input->policy.renew_ms,
				own_per_s * replicas, input->now_ms);
	fall->demand_factor = replicas * to->kappa;
	to->demand_per_s = own_per_s * fall->demand_factor;
}

static void run_waterfall(struct work *work, const struct candidates_row *rows)
{
	struct rank *r = work->rank;
	struct snapshot_service *to = work->to;
	struct waterfall fall = {
		.sites = r->rooms,
		.rows = rows,
		.cells = r->cells,
		.anywhere = r->anywhere,
		.active = r->active,
		.site_count = to->site_count,
		.cell_count = to->cell_count,
	};

	calibrate(work, &fall);
	waterfall_run(&fall);
	to->anywhere_panic = fall.anywhere_panic;
}

/* Writes the whole cell. */
static void fill_cell(struct steady *steady, uint32_t number,
		      const struct candidates_row *row,
		      const struct waterfall_cell *from,
		      struct snapshot_cell *cell)
{
	const uint16_t *sum = steady_cell(steady, number, row, from->share);

	*cell = (struct snapshot_cell){
		.candidate_count = (uint8_t)row->count,
		.panic = from->panic,
		.nearest_ranks = row->nearest_ranks,
	};
	for (unsigned j = 0; j < row->count; j++) {
		cell->site[j] = row->site[j];
		cell->km[j] = row->km[j];
		cell->cost_km[j] = row->cost_km[j];
		cell->cumulative[j] = sum[j] < STEADY_QUANTA ? sum[j] * QUANTUM
							     : SNAPSHOT_TOP;
	}
}

/* What is published from here on is what was published of these sites. */
static void steady_sites(struct work *work)
{
	struct rank *r = work->rank;

	for (uint32_t s = 0; s < work->to->site_count; s++) {
		const struct catalog_site *site =
			&r->catalog->sites[work->from->first_site + s];

		r->site_ids[s] =
			r->catalog->nodes[site->first_node].card->site_hash;
	}
	steady_service(r->steady, work->index, r->site_ids,
		       work->to->site_count, work->to->cell_count);
	for (uint32_t s = 0; s < work->to->site_count; s++) {
		struct snapshot_site *site = &work->to->sites[s];

		site->steady_est =
			steady_est(r->steady, s, site->est, site->limit);
	}
}

static void fill_cells(struct work *work, const struct candidates_row *rows)
{
	struct rank *r = work->rank;

	for (uint32_t c = 0; c < work->to->cell_count; c++)
		fill_cell(r->steady, c, &rows[c], &r->cells[c],
			  &work->to->cells[c]);
}

/* The running sum as a number of 2^-32ths; the end of it is the top. */
static uint32_t cumulate(double *sum, double share, double total)
{
	double scaled;

	*sum += share;
	scaled = *sum / total * 4294967296.0;
	return scaled >= SNAPSHOT_TOP ? SNAPSHOT_TOP : (uint32_t)scaled;
}

static uint32_t list_places(struct work *work)
{
	struct rank *r = work->rank;
	uint32_t count = 0;

	for (uint32_t s = 0; s < work->to->site_count; s++) {
		const struct waterfall_site *room = &r->rooms[s];

		if (room->class == CANDIDATES_NEVER)
			continue;
		r->order[count++] = (struct steady_place){
			.free_part = room->room_per_s[1] *
				     work->rank->horizon_s / room->weight,
			.share = r->anywhere[s],
			.site = s,
			.class = room->class,
		};
	}
	steady_places(r->steady, r->order, count);
	return count;
}

static void fill_anywhere(struct work *work)
{
	struct rank *r = work->rank;
	struct snapshot_service *to = work->to;
	uint32_t last = 0;
	double sum = 0, total = 0;

	to->anywhere_count = list_places(work);
	for (uint32_t i = 0; i < to->anywhere_count; i++) {
		total += r->order[i].share;
		if (r->order[i].share > 0)
			last = i;
	}
	for (uint32_t i = 0; i < to->anywhere_count; i++) {
		to->anywhere[i].site = r->order[i].site;
		to->anywhere[i].cumulative =
			i >= last ? SNAPSHOT_TOP
				  : cumulate(&sum, r->order[i].share, total);
	}
}

/* -- weights of nodes ---------------------------------------------------- */

static void load_fill(const struct work *work, const struct snapshot_site *site,
		      struct waterfill_node *nodes)
{
	const struct catalog_node *from =
		&work->rank->catalog
			 ->nodes[work->from->first_node + site->first_node];
	const struct snapshot_node *own = &work->to->nodes[site->first_node];

	for (uint32_t i = 0; i < site->node_count; i++)
		nodes[i] = (struct waterfill_node){
			.limit = own[i].limit,
			.hard = from[i].hard,
			.est = own[i].est,
			.ramp = own[i].ramp,
			.published = from[i].live->published,
		};
}

static void store_fill(struct work *work, struct snapshot_site *site,
		       const struct waterfill_node *nodes)
{
	struct snapshot_service *to = work->to;
	const struct catalog_node *from =
		&work->rank->catalog
			 ->nodes[work->from->first_node + site->first_node];

	for (uint32_t i = 0; i < site->node_count; i++) {
		struct snapshot_node *node = &to->nodes[site->first_node + i];

		node->weight = nodes[i].p;
		from[i].live->published = nodes[i].published;
		node->cap = (float)nodes[i].cap;
		node->floor = (float)nodes[i].floor;
		from[i].live->assigned_rate_per_s =
			nodes[i].p * site->admitted_per_s;
		/* An overflow goes to full nodes too. */
		if (node->tier == TIER_FULL && node->weight > 0)
			node->tier = TIER_OPEN;
		if (node->tier == TIER_OPEN && !(node->weight > 0))
			node->tier = TIER_FULL;
	}
	draw_table_fill(to, site, from);
}

static void fill_site(struct work *work, uint32_t s)
{
	struct snapshot_site *site = &work->to->sites[s];
	struct waterfill_site fill = {
		.node_count = site->node_count,
		.horizon_s = work->rank->horizon_s,
		.beta = work->rank->input->policy.beta,
		.floor_share = work->rank->input->policy.floor_share,
	};

	site->admitted_per_s = work->rank->rooms[s].admitted_per_s;
	fill.rate_per_s = site->admitted_per_s;
	grow_nodes(work->rank, site->node_count);
	fill.nodes = work->rank->nodes;
	load_fill(work, site, fill.nodes);
	waterfill_solve(&fill);
	site->level = fill.level;
	site->panic = fill.overflow;
	steady_nodes(&fill);
	store_fill(work, site, fill.nodes);
}

/* -- the whole ----------------------------------------------------------- */

void rank_begin(struct rank *rank, const struct snapshot_input *input,
		const struct catalog *catalog)
{
	const struct snapshot_policy *policy = &input->policy;
	struct candidates_policy costs = {
		.free_km = policy->free_km,
		.carrier_penalty_km = policy->carrier_penalty_km,
		.border_km = policy->border_km,
	};

	rank->input = input;
	rank->catalog = catalog;
	rank->horizon_s = policy->horizon_s;
	if (!(rank->horizon_s > 0))
		rank->horizon_s =
			fmax(HORIZON_MIN_S,
			     HORIZON_RENEWS * (double)policy->renew_ms / 1000);
	geometry_set_cells(rank->geometry, input->cells, input->cell_count,
			   &costs);
}

/* The rows of all cells; cell 0 alone has none when there is no map. */
static const struct candidates_row *cost_orders(const struct work *work)
{
	static const struct candidates_row nowhere;

	if (work->rank->input->cell_count == 0)
		return &nowhere;
	return geometry_rows(work->rank->geometry, work->index,
			     work->rank->places, work->to->site_count);
}

void rank_service(struct rank *rank, unsigned index,
		  struct snapshot_service *to)
{
	struct work work = {
		.rank = rank,
		.from = &rank->catalog->services[index],
		.to = to,
		.index = index,
	};
	const struct candidates_row *rows;

	/* All nodes of a service share its kappa. */
	work.kappa = rank->catalog->nodes[work.from->first_node].live->kappa;
	grow_sites(rank, to->site_count);
	grow_cells(rank, to->cell_count);
	reckon_service(&work);
	rows = cost_orders(&work);
	run_waterfall(&work, rows);
	for (uint32_t s = 0; s < to->site_count; s++)
		fill_site(&work, s);
	steady_sites(&work);
	fill_cells(&work, rows);
	fill_anywhere(&work);
}
