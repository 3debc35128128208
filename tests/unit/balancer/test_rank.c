/*
 * test_rank.c - what holds in any world: 2,000 of them at random, each with
 * drained, suspect, full, young and silent nodes, weights from 50 to 200 and
 * capacities down to 1.
 */
#include "balancer/rank.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

#define WORLDS 2000
#define KEYS   12

typedef void check_fn(struct world *w, const struct snapshot *snap,
		      struct rng *rng);

static void in_any_world(check_fn *check)
{
	struct rng rng;

	rng_seed(&rng, 77);
	for (uint64_t seed = 0; seed < WORLDS; seed++) {
		struct world w;
		struct snapshot *snap;

		world_random(&w, seed);
		snap = world_build(&w);
		check(&w, snap, &rng);
		snapshot_free(snap);
		world_fini(&w);
	}
}

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

static void check_weights(struct world *w, const struct snapshot *snap,
			  struct rng *rng)
{
	const struct snapshot_service *service = &snap->services[0];
	double admitted = 0;

	(void)w;
	(void)rng;
	assert_int_equal(snap->service_count, 1);
	for (uint32_t s = 0; s < service->site_count; s++) {
		check_site(service, s);
		admitted += service->sites[s].admitted_per_s;
	}
	if (service->anywhere_count > 0)
		assert_true(fabs(admitted - service->demand_per_s) <
			    1e-6 * (1 + service->demand_per_s));
}

static void test_probabilities_sum_to_one_and_keep_headroom(void **state)
{
	(void)state;
	in_any_world(check_weights);
}

static void check_cells(struct world *w, const struct snapshot *snap,
			struct rng *rng)
{
	const struct snapshot_service *service = &snap->services[0];

	(void)rng;
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

static void test_every_cell_has_shares(void **state)
{
	(void)state;
	in_any_world(check_cells);
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
	if (first->tier == TIER_DRAINED) {
		assert_int_equal(service->ready[TIER_OPEN][family], 0);
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

static void check_lists(struct world *w, const struct snapshot *snap,
			struct rng *rng)
{
	const struct snapshot_service *service = &snap->services[0];

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

static void test_lists_keep_their_promises(void **state)
{
	(void)state;
	in_any_world(check_lists);
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
	for (uint64_t seed = 0; seed < WORLDS / 4; seed++) {
		struct world a, b;

		world_random(&a, seed);
		world_random(&b, seed);
		fleet_free(&b.fleet);
		b.fleet = fleet_new();
		copy_backwards(&a, &b);
		for (unsigned round = 0; round < 3; round++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_probabilities_sum_to_one_and_keep_headroom),
		cmocka_unit_test(test_every_cell_has_shares),
		cmocka_unit_test(test_lists_keep_their_promises),
		cmocka_unit_test(test_equal_input_gives_equal_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
