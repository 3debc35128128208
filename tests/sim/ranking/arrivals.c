/*
 * arrivals.c - see the header.
 */
#include "tests/sim/ranking/arrivals.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/sim/ranking/chance.h"
#include "tests/sim/ranking/ledger.h"

struct arrivals {
	double *demand;		/* share of each cell */
	double *running;	/* sum of the shares up to and with each cell */
	uint64_t *orphans;	/* of each cell, waiting to come back */
	uint64_t *site_clients; /* scratch, by site of the snapshot */
	uint64_t *first;	/* scratch, by node of the world */
	uint64_t orphan_count;
	double replica_shares; /* sum */
};

/* -- demand -------------------------------------------------------------- */

static double hot_factor(const struct sim_run *run, unsigned site)
{
	const struct sim_scenario *s = run->scenario;
	double factor = 1;

	for (unsigned i = 0; i < s->hot_count; i++)
		if (sim_world_find_site(run->world, s->hot[i].site) ==
		    (int)site)
			factor *= s->hot[i].factor;
	return factor;
}

static void fill_demand(struct arrivals *a, struct sim_run *run)
{
	const struct sim_world *world = run->world;
	double factor[SIM_SITES_MAX], sum = 0;

	for (unsigned s = 0; s < world->site_count; s++)
		factor[s] =
			hot_factor(run, s) * exp(run->scenario->demand_sigma *
						 chance_normal(&run->rng));
	for (unsigned c = 1; c < world->cell_count; c++) {
		a->demand[c] =
			world->cell_weights[c] * factor[world->cell_site[c]];
		sum += a->demand[c];
	}
	for (unsigned c = 1; c < world->cell_count; c++) {
		a->demand[c] /= sum;
		a->running[c] = a->running[c - 1] + a->demand[c];
	}
}

struct arrivals *arrivals_new(struct sim_run *run)
{
	struct arrivals *a = mem_alloc(sizeof(*a));

	a->demand = mem_array(run->world->cell_count, sizeof(double));
	a->running = mem_array(run->world->cell_count, sizeof(double));
	a->orphans = mem_array(run->world->cell_count, sizeof(uint64_t));
	a->first = mem_array(run->world->node_count, sizeof(uint64_t));
	a->site_clients = mem_array(run->world->site_count, sizeof(uint64_t));
	for (unsigned r = 0; r < run->scenario->replica_count; r++)
		a->replica_shares += run->scenario->replica_shares[r];
	fill_demand(a, run);
	return a;
}

void arrivals_free(struct arrivals **arrivals)
{
	struct arrivals *a = *arrivals;

	mem_free(a->demand);
	mem_free(a->running);
	mem_free(a->orphans);
	mem_free(a->first);
	mem_free(a->site_clients);
	mem_free(a);
	*arrivals = NULL;
}

/* Where a client came from is not kept: by the demand of the cells around. */
void arrivals_orphan(struct sim_run *run, unsigned site, uint64_t count)
{
	struct arrivals *a = run->arrivals;
	double left = 0;

	for (unsigned c = 1; c < run->world->cell_count; c++)
		if (run->world->cell_site[c] == site)
			left += a->demand[c];
	a->orphan_count += left > 0 ? count : 0;
	for (unsigned c = 1; left > 0 && c < run->world->cell_count; c++) {
		uint64_t some;

		if (run->world->cell_site[c] != site)
			continue;
		some = chance_binomial(&run->rng, count, a->demand[c] / left);
		a->orphans[c] += some;
		count -= some;
		left -= a->demand[c];
	}
}

/* The balancer counts a query; a client may ask more than once, or have its
 * list from a cache. */
static void count_queries(const struct sim_run *run, struct replica *r,
			  uint16_t cell, uint64_t clients)
{
	if (r->rival)
		return;
	r->owed_queries += (double)clients * run->scenario->asked_per_client;
	for (; r->owed_queries >= 1; r->owed_queries--)
		demand_count(r->counter, r->service->demand_slot, cell);
}

/* -- counts -------------------------------------------------------------- */

static double rank_share(const struct snapshot_cell *cell, unsigned rank)
{
	uint32_t below = rank > 0 ? cell->cumulative[rank - 1] : 0;

	return (cell->cumulative[rank] - below) / (double)SNAPSHOT_TOP;
}

/* Whether clients of @cell are given open nodes of the site they choose. */
static bool is_plain(const struct snapshot_service *service,
		     const struct snapshot_cell *cell)
{
	if (cell->candidate_count == 0)
		return false;
	for (unsigned j = 0; j < cell->candidate_count; j++)
		if (rank_share(cell, j) > 0 &&
		    service->sites[cell->site[j]]
				    .ready[TIER_OPEN][SNAPSHOT_V46] == 0)
			return false;
	return true;
}

/* What @node draws by within its site; 0 when it is not drawn. */
static double weight_of(const struct replica *r, uint32_t node)
{
	const struct snapshot_node *n = &r->service->nodes[node];

	return n->tier == TIER_OPEN ? n->weight : 0;
}

static double weight_sum(const struct replica *r,
			 const struct snapshot_site *site)
{
	double sum = 0;

	for (uint32_t i = 0; i < site->node_count; i++)
		sum += weight_of(r, site->first_node + i);
	return sum;
}

void arrivals_split_site(const struct replica *r,
			 const struct snapshot_site *site, uint64_t clients,
			 struct rng *rng, uint64_t *first)
{
	double left = clients > 0 ? weight_sum(r, site) : 0;
	uint32_t last = 0;

	for (uint32_t i = 0; clients > 0 && i < site->node_count; i++) {
		double weight = weight_of(r, site->first_node + i);
		uint64_t some;

		if (weight <= 0)
			continue;
		last = r->node_of[site->first_node + i];
		some = chance_binomial(rng, clients, weight / left);
		first[last] += some;
		clients -= some;
		left -= weight;
	}
	first[last] += clients; /* what rounding left */
}

void arrivals_split_cell(const struct snapshot_cell *cell, uint64_t clients,
			 struct rng *rng, uint64_t *ranks_r)
{
	double left = 1;

	for (unsigned j = 0; j < cell->candidate_count; j++) {
		double share = rank_share(cell, j);

		ranks_r[j] =
			cell->cumulative[j] == SNAPSHOT_TOP
				? clients
				: chance_binomial(rng, clients, share / left);
		clients -= ranks_r[j];
		left -= share;
	}
}

static void expect_cell(struct replica *r, uint16_t number, double per_s)
{
	const struct snapshot_cell *cell = &r->service->cells[number];

	for (unsigned j = 0; j < cell->candidate_count; j++) {
		const struct snapshot_site *site =
			&r->service->sites[cell->site[j]];
		double share = per_s * rank_share(cell, j);

		if (share > 0)
			share /= weight_sum(r, site);
		for (uint32_t i = 0; share > 0 && i < site->node_count; i++)
			r->first_per_s[r->node_of[site->first_node + i]] +=
				share * weight_of(r, site->first_node + i);
	}
}

void arrivals_expect(struct sim_run *run, struct replica *replica)
{
	double per_s = run->rate_per_s * replica->share_of_clients;

	memset(replica->first_per_s, 0,
	       run->world->node_count * sizeof(double));
	replica->plain = true;
	for (unsigned c = 1; c < run->world->cell_count; c++) {
		expect_cell(replica, (uint16_t)c,
			    per_s * run->arrivals->demand[c]);
		if (!is_plain(replica->service, &replica->service->cells[c]))
			replica->plain = false;
	}
}

/* Whether the machine is sure to take all who come in this step: what is
 * expected, and eight standard deviations. */
static bool has_plenty(const struct sim_run *run, unsigned node, double dt_s)
{
	const struct machine *m = &run->machines->list[node];
	double expected = 0;

	for (unsigned r = 0; r < run->scenario->replica_count; r++)
		expected += run->replicas[r].first_per_s[node] * dt_s;
	if (expected <= 0)
		return true;
	return m->state == MACHINE_UP &&
	       m->conns + expected + 8 * sqrt(expected) + 10 < m->capacity;
}

static bool counts_will_do(const struct sim_run *run, double dt_s)
{
	if (run->policy != RIVAL_NONE || run->scenario->always_lists ||
	    run->scenario->share_draws || run->arrivals->orphan_count > 0)
		return false;
	for (unsigned i = 0; i < run->machines->count; i++)
		if (!has_plenty(run, i, dt_s))
			return false;
	for (unsigned r = 0; r < run->scenario->replica_count; r++)
		if (!run->replicas[r].plain)
			return false;
	return true;
}

static double extra_km(const struct sim_world *world, uint16_t cell,
		       unsigned node)
{
	const float *km = world->cell_km[cell];

	return km[world->node_site[node]] - km[world->cell_site[cell]];
}

static void count_cell(struct sim_run *run, struct replica *r, uint16_t number,
		       uint64_t clients)
{
	const struct snapshot_cell *cell = &r->service->cells[number];
	uint64_t ranks[SNAPSHOT_CANDIDATES];

	count_queries(run, r, number, clients);
	arrivals_split_cell(cell, clients, &run->rng, ranks);
	for (unsigned j = 0; j < cell->candidate_count; j++) {
		const struct snapshot_site *site =
			&r->service->sites[cell->site[j]];

		if (ranks[j] == 0)
			continue;
		run->arrivals->site_clients[cell->site[j]] += ranks[j];
		figures_extra(run->figures, ranks[j],
			      extra_km(run->world, number,
				       r->node_of[site->first_node]));
	}
}

static void take_counts(struct sim_run *run)
{
	uint64_t *first = run->arrivals->first;

	for (unsigned i = 0; i < run->machines->count; i++) {
		if (first[i] == 0)
			continue;
		run->machines->list[i].conns += (uint32_t)first[i];
		run->machines->list[i].accepts += first[i];
		figures_first(run->figures, i, first[i],
			      run->now_ms - run->start_ms);
		figures_accept(run->figures, i, first[i]);
		first[i] = 0;
	}
}

static void step_counts(struct sim_run *run, struct replica *r, double dt_s)
{
	double mean = run->rate_per_s * r->share_of_clients * dt_s;
	struct arrivals *a = run->arrivals;

	for (unsigned c = 1; c < run->world->cell_count; c++) {
		uint64_t clients =
			chance_poisson(&run->rng, mean * a->demand[c]);

		if (clients == 0)
			continue;
		count_cell(run, r, (uint16_t)c, clients);
		if (run->figures->warm)
			run->figures->lists += clients;
	}
	for (uint32_t s = 0; s < r->service->site_count; s++) {
		arrivals_split_site(r, &r->service->sites[s],
				    a->site_clients[s], &run->rng, a->first);
		a->site_clients[s] = 0;
	}
	take_counts(run);
}

/* -- clients ------------------------------------------------------------- */

enum coming { FOR_THE_FIRST_TIME, BACK };

/* A client that does so asks again with all of them, which counts as one query;
 * it goes on with the list that it has. */
static void report_dead(struct sim_run *run, struct replica *r, uint16_t cell,
			const uint32_t *dead, unsigned count, int64_t at_ms)
{
	if (count == 0 || !run->scenario->feedback)
		return;
	count_queries(run, r, cell, 1);
	for (unsigned i = 0; i < count; i++)
		replica_report(r, dead[i], &run->rng, at_ms);
}

/* The addresses in turn, until one takes it. Dead ones are left at the front
 * of @list. Returns whether the client is connected. */
static bool try_list(struct sim_run *run, uint16_t cell, uint32_t *list,
		     unsigned count, unsigned *dead_r)
{
	*dead_r = 0;
	for (unsigned i = 0; i < count; i++) {
		uint32_t node = list[i];
		struct machine *m = &run->machines->list[node];
		uint64_t refused = m->refused, accepts = m->accepts;
		bool stays = machine_try(m);

		if (m->state == MACHINE_DEAD)
			list[(*dead_r)++] = node;
		if (m->accepts > accepts)
			figures_accept(run->figures, node, 1);
		if (stays) {
			figures_extra(run->figures, 1,
				      extra_km(run->world, cell, node));
			return true;
		}
		if (run->figures->warm)
			run->figures->refused += m->refused - refused;
	}
	return false;
}

/* Returns whether the client is connected in the end. */
static bool connect_one(struct sim_run *run, struct replica *r, uint16_t cell,
			int64_t at_ms)
{
	uint32_t list[DRAW_MAX];
	unsigned count, dead;
	bool connected;

	count_queries(run, r, cell, 1);
	count = replica_ask(r, run->world, run->scenario, cell, &run->rng,
			    at_ms, list);
	if (run->figures->warm) {
		run->figures->lists++;
		run->figures->lists_drawn++;
	}
	if (count > 0)
		figures_first(run->figures, list[0], 1, at_ms - run->start_ms);
	connected = try_list(run, cell, list, count, &dead);
	report_dead(run, r, cell, list, dead, at_ms);
	return connected;
}

static void come(struct sim_run *run, struct replica *r, uint16_t cell,
		 enum coming coming, int64_t at_ms)
{
	bool connected = connect_one(run, r, cell, at_ms);
	struct figures *f = run->figures;

	if (f->warm && coming == BACK)
		f->orphan_lists++;
	if (connected)
		return;
	if (f->warm) {
		f->failed++;
		f->orphan_failed += coming == BACK;
	}
	/* It tries again, as one who comes back. */
	run->arrivals->orphans[cell]++;
	run->arrivals->orphan_count++;
}

static uint16_t any_cell(struct sim_run *run)
{
	double u = rng_unit(&run->rng);
	const double *running = run->arrivals->running;
	unsigned low = 1, high = run->world->cell_count - 1;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (u < running[mid])
			high = mid;
		else
			low = mid + 1;
	}
	return (uint16_t)low;
}

static void step_lists(struct sim_run *run, struct replica *r, double dt_s)
{
	double mean = run->rate_per_s * r->share_of_clients * dt_s;
	uint64_t clients = chance_poisson(&run->rng, mean);

	for (uint64_t i = 0; i < clients; i++)
		come(run, r, any_cell(run), FOR_THE_FIRST_TIME,
		     run->now_ms + (int64_t)((double)i / (double)clients *
					     dt_s * 1000));
}

static struct replica *any_replica(struct sim_run *run)
{
	double u = rng_unit(&run->rng);
	unsigned r = 0;

	while (r + 1 < run->scenario->replica_count &&
	       u >= run->replicas[r].share_of_clients)
		u -= run->replicas[r++].share_of_clients;
	return &run->replicas[r];
}

static void step_orphans(struct sim_run *run, double dt_s)
{
	struct arrivals *a = run->arrivals;
	double comes = -expm1(-dt_s / run->scenario->reconnect_s);

	for (unsigned c = 1; a->orphan_count > 0 && c < run->world->cell_count;
	     c++) {
		uint64_t some =
			chance_binomial(&run->rng, a->orphans[c], comes);

		a->orphans[c] -= some;
		a->orphan_count -= some;
		for (; some > 0; some--)
			come(run, any_replica(run), (uint16_t)c, BACK,
			     run->now_ms);
	}
}

void arrivals_step(struct sim_run *run, double dt_s)
{
	bool counts = counts_will_do(run, dt_s);

	for (unsigned r = 0; r < run->scenario->replica_count; r++) {
		if (counts)
			step_counts(run, &run->replicas[r], dt_s);
		else
			step_lists(run, &run->replicas[r], dt_s);
	}
	step_orphans(run, dt_s);
}
