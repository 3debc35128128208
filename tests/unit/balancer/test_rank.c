/*
 * test_rank.c - what holds in any world: 10,000 small ones at random and some
 * with a site that has a draw tree, each with drained, suspect, full, young and
 * silent nodes and with some of the traits of random_world.h.
 */
#include "balancer/rank.h"

#include <math.h>

#include "balancer/candidates.h"
#include "balancer/draw_tree.h"
#include "tests/unit/balancer/random_world.h"
#include "tests/unit/balancer/rank_lists.h"

#define WORLDS	     10000
#define KEYS	     6
#define LARGE_WORLDS 20
#define LARGE_KEYS   3000
#define HORIZON_S    10

/* -- shares and weights -------------------------------------------------- */

static bool has_healthy(const struct snapshot_service *service,
			const struct snapshot_site *site)
{
	for (uint32_t i = 0; i < site->node_count; i++)
		if (service->nodes[site->first_node + i].limit > 0)
			return true;
	return false;
}

/* What operators let it draw, a node's own word before its region's; what it
 * says itself where they say nothing. */
static double wanted_limit(const struct world *w,
			   const struct card_record *record)
{
	const struct fleet_intents *all = fleet_intents(w->fleet);
	const struct intent *said[] = {
		fleet_intents_find(all, INTENT_REGION, record->region),
		fleet_intents_find(all, INTENT_NODE, record->id)};
	double weight = record->weight;

	for (unsigned i = 0; i < ARRAY_LEN(said); i++) {
		if (said[i] && said[i]->state != INTENT_UP)
			return 0;
		if (said[i] && said[i]->has_weight)
			weight = said[i]->weight;
	}
	return record->capacity * weight / 100;
}

static void check_node(const struct world *w, const struct snapshot_node *node)
{
	double wanted = wanted_limit(w, &node->card->record);

	assert_true(node->weight >= 0 && isfinite(node->weight));
	assert_int_equal(node->weight > 0, node->tier == TIER_OPEN);
	assert_true(node->limit == (node->tier <= TIER_FULL ? wanted : 0));
	if (wanted == 0)
		assert_true(node->tier >= TIER_DRAINED);
	else
		assert_true(node->tier != TIER_DRAINED);
}

/* How many more a healthy node may get in one horizon. */
static double room_of(const struct snapshot_node *node)
{
	double hard = fmin(node->limit, node->card->record.capacity);

	return fmax(0, hard - node->est);
}

static void check_site(const struct world *w,
		       const struct snapshot_service *service, uint32_t s)
{
	const struct snapshot_site *site = &service->sites[s];
	double sum = 0, rooms = 0, sent = site->admitted_per_s * HORIZON_S;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct snapshot_node *node =
			&service->nodes[site->first_node + i];

		assert_int_equal(node->site, s);
		check_node(w, node);
		if (!site->panic)
			assert_true(node->weight * sent <=
				    room_of(node) * (1 + 1e-6) + 1e-6);
		sum += node->weight;
		rooms += room_of(node);
	}
	if (!has_healthy(service, site)) {
		assert_true(sum == 0 && !site->panic &&
			    site->ready[TIER_OPEN][SNAPSHOT_V46] == 0);
		return;
	}
	assert_true(fabs(sum - 1) < 1e-9);
	/* It panics when it is sent more than it has room for, never else. */
	assert_true(site->panic ? sent >= rooms * (1 - 1e-6)
				: sent <= rooms * (1 + 1e-6) + 1e-6);
}

static void check_weights(const struct world *w,
			  const struct snapshot_service *service)
{
	double admitted = 0;

	for (uint32_t s = 0; s < service->site_count; s++) {
		check_site(w, service, s);
		admitted += service->sites[s].admitted_per_s;
	}
	if (service->anywhere_count > 0)
		assert_true(fabs(admitted - service->demand_per_s) <
			    1e-6 * (1 + service->demand_per_s));
}

/* Of the best node that a site has: see snapshot_cell. */
static unsigned class_of(const struct snapshot_site *site)
{
	if (site->ready[TIER_OPEN][SNAPSHOT_V46] +
		    site->ready[TIER_FULL][SNAPSHOT_V46] >
	    0)
		return CANDIDATES_HEALTHY;
	return site->ready[TIER_SUSPECT][SNAPSHOT_V46] > 0 ? CANDIDATES_SUSPECT
							   : CANDIDATES_DRAINED;
}

/* By distance, carrier and bias; both are rounded to km. */
static void check_costs(const struct world *w,
			const struct snapshot_service *service, uint32_t c)
{
	const struct snapshot_cell *cell = &service->cells[c];
	uint32_t carrier = w->cells[c].carrier, last_class = 0;

	for (unsigned j = 0; j < cell->candidate_count; j++) {
		const struct snapshot_site *site =
			&service->sites[cell->site[j]];
		uint32_t own = cellmap_carrier_id(sv_str(site->carrier));
		bool other = carrier != 0 && own != 0 && carrier != own;
		double cost = fmax(0, cell->km[j] - 50.0) + other * 1500.0 -
			      site->bias_km;

		assert_true(fabs(cell->cost_km[j] - cost) <= 1);
		assert_true(class_of(site) >= last_class);
		assert_true(j == 0 || class_of(site) > last_class ||
			    cell->cost_km[j] >= cell->cost_km[j - 1]);
		last_class = class_of(site);
	}
}

static void check_cells(const struct world *w,
			const struct snapshot_service *service)
{
	assert_int_equal(service->cell_count, w->cell_count);
	assert_int_equal(service->cells[0].candidate_count, 0);
	for (uint32_t c = 1; c < service->cell_count; c++) {
		const struct snapshot_cell *cell = &service->cells[c];
		unsigned n = cell->candidate_count;

		assert_int_equal(n, service->anywhere_count < 6
					    ? service->anywhere_count
					    : 6);
		for (unsigned j = 0; j < n; j++) {
			assert_true(cell->site[j] < service->site_count);
			assert_true(j == 0 || cell->cumulative[j] >=
						      cell->cumulative[j - 1]);
			for (unsigned k = 0; k < j; k++)
				assert_true(cell->site[j] != cell->site[k]);
		}
		if (n > 0)
			assert_int_equal(cell->cumulative[n - 1], SNAPSHOT_TOP);
		check_costs(w, service, c);
	}
	for (uint32_t i = 0; i < service->anywhere_count; i++)
		assert_true(i == 0 ||
			    service->anywhere[i].cumulative >=
				    service->anywhere[i - 1].cumulative);
	if (service->anywhere_count > 0)
		assert_int_equal(service->anywhere[service->anywhere_count - 1]
					 .cumulative,
				 SNAPSHOT_TOP);
}

static void check_lists(const struct world *w,
			const struct snapshot_service *service, struct rng *rng)
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct draw_query query = {
			.service = service,
			.key = rng_u64(rng),
			.cell = (uint16_t)rng_below(rng, w->cell_count),
			.want = (uint8_t)(1 + rng_below(rng, DRAW_MAX)),
			.family = (enum snapshot_family)rng_below(rng, 3),
		};

		check_list(service, query.cell, &query);
	}
}

/* -- a node goes --------------------------------------------------------- */

/* The best two of the chosen site under @key. */
static struct draw_best best_of(const struct snapshot_service *service,
				const struct snapshot_site *site, uint64_t key)
{
	static const struct draw_list nothing;
	const struct draw_query query = {.service = service, .key = key};
	const struct draw_scan scan = {&query, &nothing, site};
	struct draw_best best;

	draw_scan_site(&scan, TIER_OPEN, 2, &best);
	return best;
}

static uint32_t open_count(const struct snapshot_site *site)
{
	return site->first_draw[TIER_OPEN + 1] - site->first_draw[TIER_OPEN];
}

/* Takes one of the open nodes of @site out of its draws, and of its tree if it
 * has one; the weights of the others stay. Returns which it was. */
static uint32_t take_out(const struct snapshot_service *service,
			 struct snapshot_site *site, uint32_t gone)
{
	struct snapshot_draw *draws =
		&service->draws[site->first_draw[TIER_OPEN]];
	uint32_t node = draws[gone].node;

	memmove(&draws[gone], &draws[gone + 1],
		(open_count(site) - gone - 1) * sizeof(*draws));
	site->first_draw[TIER_OPEN + 1]--;
	if (site->tree_depth > 0)
		draw_tree_fill(
			service, site, TIER_OPEN,
			service->trees[site->first_tree + TIER_OPEN].salt);
	return node;
}

/* Without one node, and with the weights of the others as they are, its
 * clients have what was their second choice; all others stay. Changes the
 * snapshot. */
static void check_removal(const struct snapshot_service *service,
			  struct rng *rng)
{
	struct draw_best before[KEYS], after;
	struct snapshot_site site;
	uint64_t keys[KEYS];
	uint32_t node;

	site = service->sites[rng_below(rng, service->site_count)];
	if (open_count(&site) < 2)
		return;
	for (unsigned i = 0; i < KEYS; i++) {
		keys[i] = rng_u64(rng);
		before[i] = best_of(service, &site, keys[i]);
	}
	node = take_out(service, &site, world_below(rng, open_count(&site)));
	for (unsigned i = 0; i < KEYS; i++) {
		after = best_of(service, &site, keys[i]);
		assert_int_equal(after.node[0],
				 before[i].node[before[i].node[0] == node]);
	}
}

/* -- small worlds -------------------------------------------------------- */

/* How many worlds had which trait, and in how many more was asked for than
 * there is room for. */
struct tally {
	unsigned traits[WORLD_TRAITS], panics;
};

static void tally_world(struct tally *tally, unsigned traits,
			const struct snapshot_service *service)
{
	unsigned panics = service->anywhere_panic;

	for (unsigned i = 0; i < WORLD_TRAITS; i++)
		tally->traits[i] += traits >> i & 1;
	for (uint32_t c = 0; c < service->cell_count; c++)
		panics += service->cells[c].panic;
	tally->panics += panics > 0;
}

static void print_tally(const struct tally *tally, const char *kind,
			unsigned worlds)
{
	print_message("%s worlds of the seeds 0 to %u, %u in panic\n", kind,
		      worlds - 1, tally->panics);
	for (unsigned i = 0; i < WORLD_TRAITS; i++)
		print_message("  %s: %u\n", world_trait_name(i),
			      tally->traits[i]);
}

/* Probabilities sum to 1 and keep to the room there is, every cell has shares,
 * lists keep their promises, a node that goes moves only its own clients. */
static void check_world(struct world *w, struct rng *rng, unsigned traits,
			struct tally *tally)
{
	struct snapshot *snap = world_build(w);
	const struct snapshot_service *service = &snap->services[0];

	assert_int_equal(snap->service_count, 1);
	tally_world(tally, traits, service);
	check_weights(w, service);
	check_cells(w, service);
	check_lists(w, service, rng);
	check_removal(service, rng);
	snapshot_free(snap);
}

/* Of each third world what comes after its first snapshot, too. */
static void test_what_holds_in_any_world(void **state)
{
	struct tally tally = {0}, later = {0};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 77);
	for (uint64_t seed = 0; seed < WORLDS; seed++) {
		struct world w;
		unsigned traits = world_random(&w, seed);
		double factor =
			traits & WORLD_OVERLOAD ? WORLD_OVERLOAD_FACTOR : 1;

		check_world(&w, &rng, traits, &tally);
		for (unsigned i = 0; seed % 3 == 0 && i < 2; i++) {
			world_pass(&w, &rng, factor);
			check_world(&w, &rng, traits, &later);
		}
		world_fini(&w);
	}
	print_tally(&tally, "small", WORLDS);
	for (unsigned i = 0; i < WORLD_TRAITS; i++)
		assert_true(tally.traits[i] > WORLDS / 50);
	assert_in_range(tally.panics, WORLDS / 50, WORLDS / 2);
}

/* -- large ones ---------------------------------------------------------- */

/* Clients who moved when a node of a large site went. */
struct moves {
	unsigned own, others;
};

/* How many levels below the root two nodes go the same way. */
static unsigned common_levels(const struct snapshot_service *service,
			      unsigned depth, uint32_t a, uint32_t b)
{
	uint64_t of_a = service->nodes[a].card->id_hash;
	uint64_t of_b = service->nodes[b].card->id_hash;
	unsigned level = 0;

	while (level < depth && draw_tree_bucket(of_a, level + 1) ==
					draw_tree_bucket(of_b, level + 1))
		level++;
	return level;
}

/*
 * A node that goes makes its branches of the tree lighter, and nothing else
 * changes: clients leave these branches, nobody comes in. So of the clients of
 * other nodes only those move that were on its way down, and to where they are
 * less so.
 */
static void check_tree_removal(const struct snapshot_service *service,
			       struct snapshot_site site, struct rng *rng,
			       struct moves *moves)
{
	static uint32_t before[LARGE_KEYS];
	static uint64_t keys[LARGE_KEYS];
	uint32_t gone = world_below(rng, open_count(&site)), node;
	unsigned depth = site.tree_depth;

	for (unsigned i = 0; i < LARGE_KEYS; i++) {
		keys[i] = rng_u64(rng);
		before[i] = best_of(service, &site, keys[i]).node[0];
	}
	node = take_out(service, &site, gone);
	for (unsigned i = 0; i < LARGE_KEYS; i++) {
		uint32_t after = best_of(service, &site, keys[i]).node[0];

		assert_true(after != node);
		moves->own += before[i] == node;
		if (after == before[i] || before[i] == node)
			continue;
		moves->others++;
		assert_true(common_levels(service, depth, after, node) <
			    common_levels(service, depth, before[i], node));
	}
}

/* As above, for sites that are drawn through a tree. */
static void test_what_holds_with_large_sites(void **state)
{
	struct tally tally = {0};
	struct moves moves = {0};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 78);
	for (uint64_t seed = 0; seed < LARGE_WORLDS; seed++) {
		const struct snapshot_service *service;
		struct snapshot *snap;
		struct world w;
		unsigned traits = world_random_large(&w, seed), trees = 0;

		snap = world_build(&w);
		service = &snap->services[0];
		tally_world(&tally, traits, service);
		check_weights(&w, service);
		check_cells(&w, service);
		for (unsigned i = 0; i < 30; i++)
			check_lists(&w, service, &rng);
		for (uint32_t s = 0; s < service->site_count; s++) {
			if (service->sites[s].tree_depth == 0)
				continue;
			trees++;
			if (open_count(&service->sites[s]) > 1)
				check_tree_removal(service, service->sites[s],
						   &rng, &moves);
		}
		assert_int_equal(trees, 1);
		snapshot_free(snap);
		world_fini(&w);
	}
	print_tally(&tally, "large", LARGE_WORLDS);
	print_message("  nodes that went had %u clients, %u others moved\n",
		      moves.own, moves.others);
	assert_in_range(moves.own, 20, 10000);
	assert_in_range(moves.others, 1, 2 * moves.own); /* two levels */
}

/* H is two renewals, but 10 s at least: a site's room is per second of it. */
static void test_the_horizon(void **state)
{
	static const struct {
		int64_t renew_ms;
		double set_s, horizon_s;
	} rows[] = {{1000, 0, 10},
		    {5000, 0, 10},
		    {5001, 0, 10.002},
		    {30000, 0, 60},
		    {30000, 15, 15}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *snap;
		struct world w;

		world_init(&w);
		world_put(&w, &(struct world_node){.id = "a",
						   .capacity = 1000,
						   .conns = 300});
		w.policy.renew_ms = rows[i].renew_ms;
		w.policy.horizon_s = rows[i].set_s;
		snap = world_build(&w);
		assert_true(fabs(snap->services[0].sites[0].headroom_per_s -
				 600 / rows[i].horizon_s) < 1e-9);
		snapshot_free(snap);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_horizon),
		cmocka_unit_test_teardown(test_what_holds_in_any_world,
					  world_print_seed),
		cmocka_unit_test_teardown(test_what_holds_with_large_sites,
					  world_print_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
