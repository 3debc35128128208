/*
 * test_draw_tree.c - lists of sites that are too large to be looked at whole:
 * the tree gives the nodes with the best scores, by their weights, whatever
 * their tier and family, and a change moves few clients.
 */
#include "balancer/draw_tree.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/balancer/ranking_world.h"

static void test_depth_goes_by_the_count_of_nodes(void **state)
{
	static const struct row {
		uint32_t nodes;
		unsigned depth;
	} rows[] = {
		{0, 0},	     {1024, 0},	  {1025, 1},	{1039, 1},
		{1040, 2},   {16639, 2},  {16640, 3},	{100000, 3},
		{266239, 3}, {266240, 4}, {1048576, 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(draw_tree_depth(rows[i].nodes), rows[i].depth);
	assert_int_equal(draw_tree_size(0), 1);
	assert_int_equal(draw_tree_size(2), 1 + 16 + 256);
	assert_int_equal(draw_tree_bucket(0xfedcba9876543210ULL, 2), 0xfe);
}

static void put_numbered(struct world *w, struct world_node *n, unsigned number)
{
	char id[16];
	struct buf b;

	buf_init_fixed(&b, id, sizeof(id));
	buf_printf(&b, "n%05u", number);
	buf_cstr(&b);
	n->id = id;
	world_put(w, n);
}

/* One site of @count nodes of all kinds, but for @state all that are up. */
static void large_site(struct world *w, unsigned count, enum node_state state)
{
	struct rng rng;

	rng_seed(&rng, 5);
	world_init(w);
	world_cell(w, 0, 0);
	for (unsigned i = 0; i < count; i++) {
		struct world_node n = {
			.capacity = 100U << world_below(&rng, 10),
			.state = state,
			.families = 1 + world_below(&rng, 3),
			.weight = world_below(&rng, 20) == 0 ? -1 : 0,
		};

		n.conns = world_below(&rng, n.capacity);
		put_numbered(w, &n, i);
	}
}

struct scored {
	double score;
	uint32_t node;
};

static int compare_scored(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* All nodes of @tier that serve the family, the best first. */
static unsigned score_all(const struct draw_query *query, unsigned tier,
			  struct scored *scored)
{
	const struct snapshot_service *service = query->service;
	unsigned count = 0;

	for (uint32_t i = 0; i < service->node_count; i++) {
		const struct snapshot_node *node = &service->nodes[i];

		if (node->tier == tier &&
		    snapshot_serves(node->card->families, query->family))
			scored[count++] =
				(struct scored){draw_score(query, i), i};
	}
	qsort(scored, count, sizeof(*scored), compare_scored);
	return count;
}

static void check_against_all(struct world *w, unsigned tier, unsigned keys)
{
	struct snapshot *snap = world_build(w);
	const struct snapshot_service *service = &snap->services[0];
	struct scored *scored = mem_array(service->node_count, sizeof(*scored));

	assert_true(service->sites[0].tree_depth > 0);
	for (uint64_t key = 0; key < keys; key++) {
		struct draw_query query = {
			.service = service,
			.key = hash_mix(key),
			.cell = 1,
			.want = 1 + key % DRAW_MAX,
			.family = (enum snapshot_family)(key % 3),
		};
		struct draw_list list;

		assert_true(score_all(&query, tier, scored) >= DRAW_MAX);
		draw_nodes(&query, &list);
		assert_int_equal(list.count, query.want);
		for (unsigned i = 0; i < list.count; i++) {
			assert_int_equal(list.entries[i].node, scored[i].node);
			assert_true(list.entries[i].score ==
				    (float)scored[i].score);
		}
	}
	mem_free(scored);
	snapshot_free(snap);
}

static void test_a_list_holds_the_best_scores(void **state)
{
	static const unsigned counts[] = {1030, 3000, 20000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct world w;

		large_site(&w, counts[i], NODE_UP);
		check_against_all(&w, TIER_OPEN, 30);
		world_fini(&w);
	}
}

static void test_suspects_have_a_tree_too(void **state)
{
	struct world w;

	(void)state;
	large_site(&w, 2000, NODE_SUSPECT);
	check_against_all(&w, TIER_SUSPECT, 30);
	world_fini(&w);
}

/* Two open nodes, both listed when the others fill up. */
static void test_open_nodes_come_before_the_full_ones(void **state)
{
	struct world w;
	struct snapshot *snap;
	const struct snapshot_service *service;

	(void)state;
	world_init(&w);
	world_cell(&w, 0, 0);
	for (unsigned i = 0; i < 1100; i++)
		put_numbered(&w,
			     &(struct world_node){
				     .conns = i == 17 || i == 900 ? 0 : 1000},
			     i);
	snap = world_build(&w);
	service = &snap->services[0];
	for (uint64_t key = 0; key < 100; key++) {
		struct draw_list list =
			world_draw(service, 1, hash_mix(key), 5, SNAPSHOT_V46);

		assert_int_equal(list.count, 5);
		for (unsigned i = 0; i < 5; i++) {
			uint32_t node = list.entries[i].node;

			assert_int_equal(service->nodes[node].tier,
					 i < 2 ? TIER_OPEN : TIER_FULL);
			for (unsigned j = 0; j < i; j++)
				assert_true(list.entries[j].node != node);
		}
	}
	snapshot_free(snap);
	world_fini(&w);
}

/* First and second places of ten groups of nodes, by weight; second places
 * within 1 %, as without replacement one node of 1,100 is missing. Chi-square
 * with 9 degrees of freedom, 0.1 %: 27.9. */
static void test_places_follow_the_weights(void **state)
{
	struct world w;
	struct snapshot *snap;
	const struct snapshot_service *service;
	double share[10] = {0}, chi = 0;
	unsigned first[10] = {0}, second[10] = {0};
	const unsigned rounds = 100000;

	(void)state;
	large_site(&w, 1100, NODE_UP);
	snap = world_build(&w);
	service = &snap->services[0];
	for (uint32_t i = 0; i < service->node_count; i++)
		share[i % 10] += service->nodes[i].weight;
	for (uint64_t key = 0; key < rounds; key++) {
		struct draw_list list =
			world_draw(service, 1, hash_mix(key), 2, SNAPSHOT_V46);

		first[list.entries[0].node % 10]++;
		second[list.entries[1].node % 10]++;
	}
	for (unsigned i = 0; i < 10; i++) {
		double want = share[i] * rounds;

		chi += (first[i] - want) * (first[i] - want) / want;
		assert_true(fabs(second[i] - want) < 0.01 * rounds);
	}
	print_message("chi-square %.2f\n", chi);
	assert_true(chi < 27.9);
	snapshot_free(snap);
	world_fini(&w);
}

static void first_places(struct world *w, unsigned keys, char (*ids)[16])
{
	struct snapshot *snap = world_build(w);
	const struct snapshot_service *service = &snap->services[0];

	for (unsigned key = 0; key < keys; key++) {
		struct draw_list list =
			world_draw(service, 1, hash_mix(key), 1, SNAPSHOT_V46);

		world_text(ids[key], sizeof(ids[key]),
			   world_id(service, list.entries[0].node));
	}
	snapshot_free(snap);
}

#define MOVE_KEYS 50000

/* What a tree gives up: besides the clients of a node that goes, some of its
 * neighbours' move, at most as many again on each level (docs/RANKING.md). */
static void test_a_removed_node_moves_few_clients(void **state)
{
	static char before[MOVE_KEYS][16], after[MOVE_KEYS][16];
	struct world_node usual = {.conns = 100}, large = {.conns = 10000};
	unsigned had = 0, others = 0;
	struct world w;

	(void)state;
	large.capacity = 100000;
	world_init(&w);
	world_cell(&w, 0, 0);
	for (unsigned i = 0; i < 1100; i++)
		put_numbered(&w, i == 500 ? &large : &usual, i);
	first_places(&w, MOVE_KEYS, before);
	fleet_del(w.fleet, "n00500");
	first_places(&w, MOVE_KEYS, after);
	for (unsigned key = 0; key < MOVE_KEYS; key++) {
		if (strcmp(before[key], "n00500") == 0)
			had++;
		else if (strcmp(before[key], after[key]) != 0)
			others++;
	}
	print_message("it had %u, %u others moved\n", had, others);
	assert_in_range(had, 3700, 4700); /* 1 of 12 */
	assert_true(others <= 2 * had);	  /* two levels */
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth_goes_by_the_count_of_nodes),
		cmocka_unit_test(test_a_list_holds_the_best_scores),
		cmocka_unit_test(test_suspects_have_a_tree_too),
		cmocka_unit_test(test_open_nodes_come_before_the_full_ones),
		cmocka_unit_test(test_places_follow_the_weights),
		cmocka_unit_test(test_a_removed_node_moves_few_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
