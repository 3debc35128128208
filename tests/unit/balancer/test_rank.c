/*
 * test_rank.c - what holds in any world: 10,000 of them at random, each with
 * drained, suspect, full, young and silent nodes, weights from 50 to 200 and
 * capacities down to 1.
 */
#include "balancer/rank.h"

#include <math.h>

#include "balancer/draw_scan.h"
#include "tests/unit/balancer/ranking_world.h"

#define WORLDS 10000
#define KEYS   6

/* -- shares and weights -------------------------------------------------- */

static bool has_healthy(const struct snapshot_service *service,
			const struct snapshot_site *site)
{
	for (uint32_t i = 0; i < site->node_count; i++)
		if (service->nodes[site->first_node + i].limit > 0)
			return true;
	return false;
}

static void check_site(const struct snapshot_service *service, uint32_t s)
{
	const struct snapshot_site *site = &service->sites[s];
	double sum = 0, horizon_s = 10;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct snapshot_node *node =
			&service->nodes[site->first_node + i];
		double hard = fmin(node->limit, node->card->record.capacity);

		assert_int_equal(node->site, s);
		assert_true(node->weight >= 0 && isfinite(node->weight));
		assert_int_equal(node->weight > 0, node->tier == TIER_OPEN);
		if (node->card->record.weight == 0 || node->limit == 0)
			assert_true(node->weight == 0);
		if (!site->panic)
			assert_true(node->weight * site->admitted_per_s *
					    horizon_s <=
				    fmax(0, hard - node->est) * (1 + 1e-6) +
					    1e-6);
		sum += node->weight;
	}
	if (has_healthy(service, site))
		assert_true(fabs(sum - 1) < 1e-9);
	else
		assert_true(sum == 0 &&
			    site->ready[TIER_OPEN][SNAPSHOT_V46] == 0);
}

static void check_weights(const struct snapshot_service *service)
{
	double admitted = 0;

	for (uint32_t s = 0; s < service->site_count; s++) {
		check_site(service, s);
		admitted += service->sites[s].admitted_per_s;
	}
	if (service->anywhere_count > 0)
		assert_true(fabs(admitted - service->demand_per_s) <
			    1e-6 * (1 + service->demand_per_s));
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

/* -- lists --------------------------------------------------------------- */

static bool is_alive(const struct snapshot_node *node,
		     enum snapshot_family family)
{
	return node->tier != TIER_DOWN &&
	       snapshot_serves(node->card->families, family);
}

static unsigned count_alive(const struct snapshot_service *service,
			    enum snapshot_family family)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < service->node_count; i++)
		count += is_alive(&service->nodes[i], family);
	return count;
}

/* Healthy and suspect nodes in reach of this list, outside @site. */
static unsigned count_refuges(const struct snapshot_service *service,
			      uint16_t cell, const struct draw_list *list,
			      uint32_t site, enum snapshot_family family)
{
	uint32_t reach = list->anywhere ? service->anywhere_count
					: service->cells[cell].candidate_count;
	unsigned count = 0;

	for (uint32_t j = 0; j < reach; j++) {
		uint32_t s = list->anywhere ? service->anywhere[j].site
					    : service->cells[cell].site[j];

		for (unsigned t = TIER_OPEN; t <= TIER_SUSPECT; t++)
			if (s != site)
				count += service->sites[s].ready[t][family];
	}
	return count;
}

static void check_order(const struct snapshot_service *service,
			const struct draw_list *list,
			enum snapshot_family family)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct snapshot_node *node =
			&service->nodes[list->entries[i].node];

		assert_true(is_alive(node, family));
		for (unsigned j = 0; j < i; j++)
			assert_true(list->entries[j].node !=
				    list->entries[i].node);
		if (i > 0)
			assert_true(
				node->tier >=
				service->nodes[list->entries[i - 1].node].tier);
	}
}

/* Short only when it holds everybody in reach: drained nodes only if there is
 * nobody else. */
static void check_short(const struct snapshot_service *service, uint16_t cell,
			const struct draw_list *list,
			enum snapshot_family family)
{
	const struct snapshot_site *sites = service->sites;
	uint32_t first = service->nodes[list->entries[0].node].site;
	unsigned in_reach = count_refuges(service, cell, list, first, family);

	for (unsigned t = TIER_OPEN; t <= TIER_SUSPECT; t++)
		in_reach += sites[first].ready[t][family];
	if (in_reach > 0)
		assert_int_equal(list->count, in_reach);
}

static void check_list(const struct snapshot_service *service, uint16_t cell,
		       const struct draw_query *query)
{
	enum snapshot_family family = query->family;
	struct draw_list list;
	const struct snapshot_node *first, *last;
	unsigned others = 0, refuges;

	draw_nodes(query, &list);
	assert_true(list.count <= query->want);
	assert_int_equal(list.count == 0, count_alive(service, family) == 0);
	if (list.count == 0)
		return;
	check_order(service, &list, family);
	first = &service->nodes[list.entries[0].node];
	last = &service->nodes[list.entries[list.count - 1].node];
	if (first->weight == 0)
		assert_true(list.panic);
	if (list.count < query->want)
		check_short(service, cell, &list, family);
	if (first->tier == TIER_DRAINED) {
		/* weight 0 is first only when nobody else is alive */
		for (unsigned t = TIER_OPEN; t < TIER_DRAINED; t++)
			assert_int_equal(service->ready[t][family], 0);
		return;
	}
	assert_true(last->tier < TIER_DRAINED);
	for (unsigned i = 1; i < list.count; i++)
		others += service->nodes[list.entries[i].node].site !=
			  first->site;
	refuges = count_refuges(service, cell, &list, first->site, family);
	if (query->want == 1)
		return;
	assert_int_equal(others > 0, refuges > 0);
	/* else all of the others are in the list already */
	if (refuges > others)
		assert_true(last->site != first->site);
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

/* Without one node, and with the weights of the others as they are, its
 * clients have what was their second choice; all others stay. */
static void check_removal(const struct snapshot_service *service,
			  struct rng *rng)
{
	struct draw_best before[KEYS], after;
	const struct snapshot_site *from;
	struct snapshot_site site;
	struct snapshot_service less = *service;
	uint32_t open, gone, node;
	uint64_t keys[KEYS];

	from = &service->sites[rng_below(rng, service->site_count)];
	site = *from;
	open = site.first_draw[TIER_OPEN + 1] - site.first_draw[TIER_OPEN];
	if (open < 2)
		return;
	for (unsigned i = 0; i < KEYS; i++) {
		keys[i] = rng_u64(rng);
		before[i] = best_of(service, from, keys[i]);
	}
	less.draws = mem_dup(&service->draws[site.first_draw[TIER_OPEN]],
			     open * sizeof(*less.draws));
	gone = world_below(rng, open);
	node = less.draws[gone].node;
	memmove(&less.draws[gone], &less.draws[gone + 1],
		(open - gone - 1) * sizeof(*less.draws));
	site.first_draw[TIER_OPEN] = 0;
	site.first_draw[TIER_OPEN + 1] = open - 1;
	for (unsigned i = 0; i < KEYS; i++) {
		after = best_of(&less, &site, keys[i]);
		assert_int_equal(after.node[0],
				 before[i].node[before[i].node[0] == node]);
	}
	mem_free(less.draws);
}

/* Probabilities sum to 1 and keep to the room there is, every cell has shares,
 * lists keep their promises, a node that goes moves only its own clients. */
static void test_what_holds_in_any_world(void **state)
{
	struct rng rng;

	(void)state;
	print_message("worlds of the seeds 0 to %d\n", WORLDS - 1);
	rng_seed(&rng, 77);
	for (uint64_t seed = 0; seed < WORLDS; seed++) {
		const struct snapshot_service *service;
		struct snapshot *snap;
		struct world w;

		world_random(&w, seed);
		snap = world_build(&w);
		assert_int_equal(snap->service_count, 1);
		service = &snap->services[0];
		check_weights(service);
		check_cells(&w, service);
		check_lists(&w, service, &rng);
		check_removal(service, &rng);
		snapshot_free(snap);
		world_fini(&w);
	}
}

/* -- replicas ------------------------------------------------------------ */

static void same_draws(const struct snapshot_service *a,
		       const struct snapshot_service *b, uint32_t s)
{
	const uint32_t *first = a->sites[s].first_draw;

	assert_memory_equal(first, b->sites[s].first_draw,
			    sizeof(a->sites[s].first_draw));
	assert_memory_equal(&a->draws[first[0]], &b->draws[first[0]],
			    (first[TIER_COUNT] - first[0]) * sizeof(*a->draws));
}

static void same_nodes(const struct snapshot_service *a,
		       const struct snapshot_service *b)
{
	assert_int_equal(a->node_count, b->node_count);
	for (uint32_t i = 0; i < a->node_count; i++) {
		struct snapshot_node x = a->nodes[i], y = b->nodes[i];

		assert_string_equal(x.card->record.id, y.card->record.id);
		assert_true(x.weight == y.weight && x.est == y.est &&
			    x.limit == y.limit && x.cap == y.cap &&
			    x.floor == y.floor && x.ramp == y.ramp &&
			    x.reserve == y.reserve);
		assert_int_equal(x.site, y.site);
		assert_int_equal(x.tier, y.tier);
		assert_int_equal(x.why, y.why);
	}
	assert_int_equal(a->usable_count, b->usable_count);
	for (uint32_t s = 0; s < a->site_count; s++)
		same_draws(a, b, s);
	assert_memory_equal(a->cells, b->cells,
			    a->cell_count * sizeof(*a->cells));
	assert_memory_equal(a->anywhere, b->anywhere,
			    a->anywhere_count * sizeof(*a->anywhere));
}

/* Puts the nodes of @from into @to in another order. */
static void copy_backwards(struct world *from, struct world *to)
{
	unsigned count;
	struct fleet_node *const *nodes = fleet_nodes(from->fleet, &count);

	for (unsigned i = count; i-- > 0;) {
		struct feed_node node;

		memset(&node, 0, sizeof(node));
		card_unpack(nodes[i]->card, &node.record);
		node.state = nodes[i]->state;
		node.conns = nodes[i]->conns;
		node.load_age_ms =
			nodes[i]->load_at_ms < 0
				? -1
				: from->now_ms - nodes[i]->load_at_ms;
		node.registered_age_ms =
			from->now_ms - nodes[i]->registered_at_ms;
		fleet_put(to->fleet, &node, to->now_ms);
	}
}

static void test_equal_input_gives_equal_snapshots(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < WORLDS; seed++) {
		struct world a, b;

		world_random(&a, seed);
		world_random(&b, seed);
		fleet_free(&b.fleet);
		b.fleet = fleet_new();
		copy_backwards(&a, &b);
		for (unsigned round = 0; round < 2; round++) {
			struct snapshot *x = world_build(&a);
			struct snapshot *y = world_build(&b);

			same_nodes(&x->services[0], &y->services[0]);
			snapshot_free(x);
			snapshot_free(y);
			a.now_ms += 700;
			b.now_ms += 700;
		}
		world_fini(&a);
		world_fini(&b);
	}
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
		cmocka_unit_test(test_what_holds_in_any_world),
		cmocka_unit_test(test_equal_input_gives_equal_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
