/*
 * test_draw.c - the draw's scores and frequencies: who comes first, and how
 * often.
 */
#include "balancer/draw.h"

#include <math.h>

#include "tests/unit/balancer/draw_pair.h"

static void test_log2_is_close_and_monotone(void **state)
{
	struct rng rng;
	uint64_t last = draw_neg_log2(0), h;

	(void)state;
	rng_seed(&rng, 1);
	for (int i = 0; i < 200000; i++) {
		double want, got;

		h = rng_u64(&rng) >> rng_below(&rng, 64);
		want = -log2((double)(h | 1) / 18446744073709551616.0);
		got = (double)draw_neg_log2(h) / 2147483648.0;
		assert_true(fabs(got - want) < 3e-6);
		assert_true(draw_neg_log2(h) > 0);
	}
	for (h = 1; h > 0 && h < UINT64_MAX / 2; h += h / 997 + 1) {
		assert_true(draw_neg_log2(h) <= last);
		last = draw_neg_log2(h);
	}
	assert_true(draw_neg_log2(UINT64_MAX) > 0);
	assert_true(draw_neg_log2(UINT64_MAX) <= last);
}

/* The same on every machine, in every release: a device keeps its list. */
static void test_golden_values(void **state)
{
	static const struct {
		uint64_t hash, want;
	} rows[] = {
		{0, 137438953472ULL},
		{1, 137438953472ULL},
		{0x8000000000000000ULL, 2147483648ULL},
		{0xc000000000000000ULL, 891286243ULL},
		{0x123456789abcdef0ULL, 8190036350ULL},
		{UINT64_MAX, 1ULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (draw_neg_log2(rows[i].hash) != rows[i].want)
			fail_msg("%zu: %llu", i,
				 (unsigned long long)draw_neg_log2(
					 rows[i].hash));
}

/* First places follow p: chi-square with 9 degrees of freedom, 0.1 %: 27.9. */
static void test_first_places_follow_the_weights(void **state)
{
	struct pair p = {0};
	unsigned hits[10] = {0};
	const unsigned rounds = 400000;
	double chi = 0;

	(void)state;
	pair_init(&p);
	for (unsigned i = 0; i < 10; i++) {
		struct world_node n = {.capacity = 1000 * (i + 1),
				       .conns = 137 * i};
		char region[8] = {'e', (char)('0' + i), 0};
		struct buf b;
		char id[8];

		buf_init_fixed(&b, id, sizeof(id));
		buf_str(&b, region);
		buf_cstr(&b);
		n.id = id;
		n.region = "east";
		world_put(&p.world, &n);
	}
	world_demand(&p.world, "im", p.east, 2000);
	pair_build(&p);
	for (uint64_t key = 0; key < rounds; key++)
		hits[world_draw(p.service, p.east, key * 0x9e3779b97f4a7c15ULL,
				1, SNAPSHOT_V46)
			     .entries[0]
			     .node]++;
	for (unsigned i = 0; i < 10; i++) {
		double want = p.service->nodes[i].weight * rounds;

		assert_true(want > 1000);
		chi += (hits[i] - want) * (hits[i] - want) / want;
	}
	print_message("chi-square %.2f\n", chi);
	assert_true(chi < 27.9);
	pair_fini(&p);
}

/* Sites are chosen by the cumulative shares, independently of the nodes. */
static void test_sites_follow_their_shares(void **state)
{
	struct pair p = {0};
	struct world_node usual = {0};
	unsigned east = 0;
	const unsigned rounds = 200000;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 2, &usual);
	put_many(&p.world, "west", 20, 20, &usual);
	/* east holds 0.9*2000/10 = 180/s of 600/s */
	world_demand(&p.world, "im", p.east, 600);
	pair_build(&p);
	for (uint64_t key = 0; key < rounds; key++) {
		struct draw_list list = world_draw(
			p.service, p.east, hash_mix(key), 5, SNAPSHOT_V46);

		assert_int_equal(list.count, 5);
		assert_false(list.panic);
		east += world_id(p.service, list.entries[0].node)[0] == 'e';
		assert_true(world_id(p.service, list.entries[0].node)[0] !=
			    world_id(p.service, list.entries[4].node)[0]);
	}
	assert_true(fabs(east / (double)rounds - 0.3) < 0.005);
	pair_fini(&p);
}

/* With equal p in a site, a node that goes moves only the clients it had. */
static void test_a_removed_node_moves_only_its_own_clients(void **state)
{
	struct pair p = {0};
	struct world_node usual = {.conns = 100};
	char before[2000][24];
	unsigned moved = 0;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 12, &usual);
	pair_build(&p);
	for (unsigned key = 0; key < 2000; key++)
		world_text(before[key], sizeof(before[key]),
			   world_id(p.service,
				    world_draw(p.service, p.east, hash_mix(key),
					       1, SNAPSHOT_V46)
					    .entries[0]
					    .node));
	fleet_del(p.world.fleet, "east-05");
	pair_build(&p);
	for (unsigned key = 0; key < 2000; key++) {
		struct draw_list list = world_draw(
			p.service, p.east, hash_mix(key), 1, SNAPSHOT_V46);
		const char *now = world_id(p.service, list.entries[0].node);

		if (strcmp(before[key], "east-05") == 0)
			moved++;
		else
			assert_string_equal(now, before[key]);
	}
	assert_in_range(moved, 120, 215); /* about a twelfth */
	pair_fini(&p);
}

/* Independent of pool addresses, build and machine. */
static void test_golden_list(void **state)
{
	static const char *const want[] = {"east-01", "east-05", "east-11",
					   "east-02", "west-10"};
	struct pair p = {0};
	struct world_node usual = {.conns = 100};
	struct draw_list list;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 12, &usual);
	put_many(&p.world, "west", 20, 12, &usual);
	pair_build(&p);
	list = world_draw(p.service, p.east, 0x9f3ac1d27b04e865ULL, 5,
			  SNAPSHOT_V46);
	for (unsigned i = 0; i < 5; i++)
		assert_string_equal(world_id(p.service, list.entries[i].node),
				    want[i]);
	pair_fini(&p);
}

static void test_scores_are_those_of_the_list(void **state)
{
	struct pair p = {0};
	struct world_node usual = {.conns = 100};
	struct draw_query query = {.key = 77};
	struct draw_list list;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 12, &usual);
	put_many(&p.world, "west", 20, 2, &usual);
	pair_build(&p);
	query.service = p.service;
	list = world_draw(p.service, p.east, 77, 5, SNAPSHOT_V46);
	for (unsigned i = 0; i < 5; i++)
		assert_true((float)draw_score(&query, list.entries[i].node) ==
			    list.entries[i].score);
	for (unsigned i = 1; i < 4; i++)
		assert_true(list.entries[i - 1].score <= list.entries[i].score);
	pair_fini(&p);
}

/* A site of 2,000 connections; its neighbours in order of cost. */
static double part_of_second(unsigned near_conns, unsigned far_capacity)
{
	enum { KEYS = 40000 };
	struct world w;
	struct snapshot *snap;
	uint16_t cell;
	unsigned second = 0;

	world_init(&w);
	cell = world_cell(&w, 0, 0);
	for (int i = 0; i < 4; i++) {
		char id[2] = {(char)('a' + i), 0};

		world_put(&w, &(struct world_node){.id = id, .conns = 500});
	}
	world_put(&w, &(struct world_node){.id = "near",
					   .region = "r2",
					   .lon = 10,
					   .capacity = 2500,
					   .conns = near_conns});
	if (far_capacity > 0)
		world_put(&w, &(struct world_node){.id = "over",
						   .region = "r3",
						   .lon = 20,
						   .capacity = far_capacity});
	snap = world_build(&w);
	for (uint64_t key = 0; key < KEYS; key++) {
		struct draw_list list =
			world_draw(&snap->services[0], cell, hash_mix(key), 5,
				   SNAPSHOT_V46);

		assert_int_equal(list.count, 5);
		assert_int_equal(list.rank, 0);
		second += strcmp(world_id(&snap->services[0],
					  list.entries[4].node),
				 "near") == 0;
	}
	snapshot_free(snap);
	world_fini(&w);
	return (double)second / KEYS;
}

/* Room is up to 90 % of the limit: 2,250 less the connections. */
static void test_a_site_is_a_refuge_for_as_many_as_it_has_room(void **state)
{
	static const struct {
		const char *rule;
		unsigned near_conns, far_capacity;
		double want;
	} rows[] = {
		{"room for all: everybody", 250, 4000, 1},
		{"room for a quarter", 1750, 4000, 0.25},
		{"no room", 2250, 4000, 0},
		{"above 90 % counts as none", 2400, 4000, 0},
		{"too little in all: in proportion", 1750, 1000, 5 / 14.0},
		{"the little that there is", 2400, 1, 0},
		{"nobody has room: the next one", 2400, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double part = part_of_second(rows[i].near_conns,
					     rows[i].far_capacity);

		if (fabs(part - rows[i].want) > 0.01)
			print_message("%s: %f\n", rows[i].rule, part);
		assert_true(fabs(part - rows[i].want) <= 0.01);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log2_is_close_and_monotone),
		cmocka_unit_test(test_golden_values),
		cmocka_unit_test(test_first_places_follow_the_weights),
		cmocka_unit_test(test_sites_follow_their_shares),
		cmocka_unit_test(
			test_a_removed_node_moves_only_its_own_clients),
		cmocka_unit_test(test_golden_list),
		cmocka_unit_test(test_scores_are_those_of_the_list),
		cmocka_unit_test(
			test_a_site_is_a_refuge_for_as_many_as_it_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
