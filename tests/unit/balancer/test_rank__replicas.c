/*
 * test_rank__replicas.c - equal input gives equal snapshots on every replica,
 * in whatever order it heard of the nodes, in any world.
 */
#include "balancer/rank.h"

#include "balancer/draw_tree.h"
#include "tests/unit/balancer/random_world.h"

#define WORLDS	     10000
#define LARGE_WORLDS 20

static void same_draws(const struct snapshot_service *a,
		       const struct snapshot_service *b, uint32_t s)
{
	const uint32_t *first = a->sites[s].first_draw;

	assert_memory_equal(first, b->sites[s].first_draw,
			    sizeof(a->sites[s].first_draw));
	assert_memory_equal(&a->draws[first[0]], &b->draws[first[0]],
			    (first[TIER_COUNT] - first[0]) * sizeof(*a->draws));
}

/* What lists are drawn by in a site with a tree. */
static void same_trees(const struct snapshot_service *a,
		       const struct snapshot_service *b, uint32_t s)
{
	const struct snapshot_site *site = &a->sites[s];
	unsigned depth = site->tree_depth;

	assert_int_equal(depth, b->sites[s].tree_depth);
	for (unsigned t = 0; depth > 0 && t < TIER_COUNT; t++) {
		const struct draw_tree *x = &a->trees[site->first_tree + t];
		const struct draw_tree *y = &b->trees[site->first_tree + t];

		assert_true(x->salt == y->salt);
		assert_memory_equal(x->first_draw, y->first_draw,
				    (draw_tree_buckets(depth) + 1) *
					    sizeof(*x->first_draw));
		for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++)
			assert_memory_equal(x->inv_sum[f], y->inv_sum[f],
					    draw_tree_size(depth) *
						    sizeof(*x->inv_sum[f]));
	}
}

static void same_services(const struct snapshot_service *a,
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
	for (uint32_t s = 0; s < a->site_count; s++) {
		same_draws(a, b, s);
		same_trees(a, b, s);
	}
	assert_memory_equal(a->cells, b->cells,
			    a->cell_count * sizeof(*a->cells));
	assert_memory_equal(a->anywhere, b->anywhere,
			    a->anywhere_count * sizeof(*a->anywhere));
}

static void copy_operators(const struct world *from, struct world *to)
{
	unsigned count;
	const struct feed_region *regions = fleet_regions(from->fleet, &count);

	for (unsigned i = count; i-- > 0;)
		fleet_put_region(to->fleet, &regions[i]);
	for (unsigned scope = INTENT_NODE; scope <= INTENT_REGION; scope++) {
		const struct fleet_intents *all = fleet_intents(from->fleet);
		const struct intent *intent = NULL;

		while ((intent = fleet_intents_next(
				all, (enum intent_scope)scope, intent)))
			fleet_put_intent(to->fleet, intent);
	}
}

static void copy_clients(const struct world *from, struct world *to)
{
	const double *rates =
		demand_rates(from->demand, demand_slot(from->demand, SV("im")));

	memcpy(to->cells, from->cells, sizeof(to->cells));
	to->cell_count = from->cell_count;
	for (unsigned c = 0; c < from->cell_count; c++)
		world_demand(to, "im", (uint16_t)c, rates[c]);
}

/* All that @from has heard of, in another order. */
static void copy_backwards(const struct world *from, struct world *to)
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
	copy_operators(from, to);
	copy_clients(from, to);
}

typedef unsigned make_world_fn(struct world *w, uint64_t seed);

static void check_replicas(make_world_fn *make, uint64_t seed)
{
	struct world a, b;

	make(&a, seed);
	world_init(&b);
	copy_backwards(&a, &b);
	for (unsigned round = 0; round < 2; round++) {
		struct snapshot *x = world_build(&a);
		struct snapshot *y = world_build(&b);

		same_services(&x->services[0], &y->services[0]);
		snapshot_free(x);
		snapshot_free(y);
		a.now_ms += 700;
		b.now_ms += 700;
	}
	world_fini(&a);
	world_fini(&b);
}

static void test_equal_input_gives_equal_snapshots(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < WORLDS; seed++)
		check_replicas(world_random, seed);
}

static void test_large_sites_are_equal_too(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < LARGE_WORLDS; seed++)
		check_replicas(world_random_large, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			test_equal_input_gives_equal_snapshots,
			world_print_seed),
		cmocka_unit_test_teardown(test_large_sites_are_equal_too,
					  world_print_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
