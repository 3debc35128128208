/*
 * test_draw.c - the draw: scores, frequencies, and what a list holds in every
 * corner that draw.h names.
 */
#include "balancer/draw.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

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

/* Two sites: east (nodes e0..) at 0,0 and west (w0..) at 0,20; one cell at
 * each. */
struct pair {
	struct world world;
	uint16_t east, west;
	struct snapshot *snap;
	const struct snapshot_service *service;
};

static void put_many(struct world *w, const char *region, double lon,
		     unsigned count, const struct world_node *like)
{
	for (unsigned i = 0; i < count; i++) {
		char id[24];
		struct buf b;
		struct world_node n = *like;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "%s-%02u", region, i);
		buf_cstr(&b);
		n.id = id;
		n.region = region;
		n.lon = lon;
		world_put(w, &n);
	}
}

static void pair_init(struct pair *p)
{
	world_init(&p->world);
	p->east = world_cell(&p->world, 0, 0);
	p->west = world_cell(&p->world, 0, 20);
}

static void pair_build(struct pair *p)
{
	snapshot_free(p->snap);
	p->snap = world_build(&p->world);
	p->service = p->snap->service_count ? &p->snap->services[0] : NULL;
}

static void pair_fini(struct pair *p)
{
	snapshot_free(p->snap);
	p->snap = NULL;
	world_fini(&p->world);
}

struct list_rule {
	const char *rule;
	struct world_node east, west; /* how they are */
	unsigned east_count, west_count, want;
	enum snapshot_family family;
	const char *want_regions; /* e, w in order of the list */
	bool want_panic;
};

static const struct list_rule list_rules[] = {
	{.rule = "four of the nearest site, the last of another",
	 .east_count = 9,
	 .west_count = 9,
	 .want = 5,
	 .want_regions = "eeeew"},
	{.rule = "want 1: from the chosen site",
	 .east_count = 9,
	 .west_count = 9,
	 .want = 1,
	 .want_regions = "e"},
	{.rule = "want 2: one and one",
	 .east_count = 9,
	 .west_count = 9,
	 .want = 2,
	 .want_regions = "ew"},
	{.rule = "too few in the chosen site: the next one fills up",
	 .east_count = 2,
	 .west_count = 9,
	 .want = 5,
	 .want_regions = "eewww"},
	{.rule = "no other site: all from the one",
	 .east_count = 9,
	 .want = 5,
	 .want_regions = "eeeee"},
	{.rule = "fewer nodes than wanted: all of them, once",
	 .east_count = 2,
	 .west_count = 1,
	 .want = 16,
	 .want_regions = "eew"},
	{.rule = "one node alone",
	 .east_count = 1,
	 .want = 5,
	 .want_regions = "e"},
	{.rule = "nobody of the family in the chosen site: the next",
	 .east = {.families = CARD_HAS_IPV4},
	 .east_count = 9,
	 .west_count = 9,
	 .want = 5,
	 .family = SNAPSHOT_V6,
	 .want_regions = "wwwww"},
	{.rule = "IPv4 only: nodes without it are left out",
	 .west = {.families = CARD_HAS_IPV6},
	 .east_count = 3,
	 .west_count = 9,
	 .want = 5,
	 .family = SNAPSHOT_V4,
	 .want_regions = "eee"},
	{.rule = "nobody of the family anywhere",
	 .east = {.families = CARD_HAS_IPV4},
	 .east_count = 3,
	 .want = 5,
	 .family = SNAPSHOT_V6,
	 .want_regions = ""},
	{.rule = "suspects go behind all healthy ones",
	 .east = {.state = NODE_SUSPECT},
	 .east_count = 2,
	 .west_count = 2,
	 .want = 5,
	 .want_regions = "wwee"},
	{.rule = "a suspect of another site is a refuge",
	 .west = {.state = NODE_SUSPECT},
	 .east_count = 9,
	 .west_count = 2,
	 .want = 5,
	 .want_regions = "eeeew"},
	{.rule = "suspects only: better than nothing, flagged",
	 .east = {.state = NODE_SUSPECT},
	 .east_count = 3,
	 .want = 2,
	 .want_regions = "ee",
	 .want_panic = true},
	{.rule = "down nodes never",
	 .west = {.state = NODE_DOWN},
	 .east_count = 2,
	 .west_count = 9,
	 .want = 5,
	 .want_regions = "ee"},
	{.rule = "down nodes never, also alone",
	 .east = {.state = NODE_DOWN},
	 .east_count = 3,
	 .want = 5,
	 .want_regions = ""},
	{.rule = "drained nodes not even as the last entry",
	 .west = {.weight = -1},
	 .east_count = 2,
	 .west_count = 9,
	 .want = 5,
	 .want_regions = "ee"},
	{.rule = "drained nodes when nothing else is alive, flagged",
	 .east = {.weight = -1},
	 .west = {.state = NODE_DOWN},
	 .east_count = 2,
	 .west_count = 2,
	 .want = 5,
	 .want_regions = "ee",
	 .want_panic = true},
	{.rule = "suspects before drained ones",
	 .east = {.weight = -1},
	 .west = {.state = NODE_SUSPECT},
	 .east_count = 2,
	 .west_count = 2,
	 .want = 5,
	 .want_regions = "ww",
	 .want_panic = true},
	{.rule = "a full site is passed over, its nodes fill up the end",
	 .east = {.conns = 1000},
	 .east_count = 2,
	 .west_count = 2,
	 .want = 5,
	 .want_regions = "wwee"},
	{.rule = "all full: fail open by capacity, flagged",
	 .east = {.conns = 1000},
	 .west = {.conns = 2000},
	 .east_count = 2,
	 .west_count = 2,
	 .want = 1,
	 .want_regions = "?",
	 .want_panic = true},
	{.rule = "want 0 counts as 1",
	 .east_count = 2,
	 .want = 0,
	 .want_regions = "e"},
	{.rule = "want 99 counts as 16",
	 .east_count = 20,
	 .want = 99,
	 .want_regions = "eeeeeeeeeeeeeeee"},
};

static void check_list(const struct list_rule *rule, const struct pair *p,
		       uint64_t key)
{
	struct draw_list list =
		world_draw(p->service, p->east, key, rule->want, rule->family);
	const char *want = rule->want_regions;

	assert_int_equal(list.count, strlen(want));
	for (unsigned i = 0; i < list.count; i++) {
		const char *id = world_id(p->service, list.entries[i].node);

		if (want[i] != '?')
			assert_int_equal(id[0], want[i]);
		assert_int_equal(list.entries[i].km, id[0] == 'e' ? 0 : 2224);
		for (unsigned j = 0; j < i; j++)
			assert_true(list.entries[i].node !=
				    list.entries[j].node);
	}
	assert_int_equal(list.panic, rule->want_panic);
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list_rules); i++) {
		const struct list_rule *rule = &list_rules[i];
		struct pair p = {0};

		print_message("%s\n", rule->rule);
		pair_init(&p);
		put_many(&p.world, "east", 0, rule->east_count, &rule->east);
		put_many(&p.world, "west", 20, rule->west_count, &rule->west);
		pair_build(&p);
		for (uint64_t key = 0; key < 200; key++)
			check_list(rule, &p, hash_mix(key));
		pair_fini(&p);
	}
}

static void
test_healthy_beyond_six_candidates_come_before_suspects(void **state)
{
	struct pair p = {0};
	struct world_node v4 = {.families = CARD_HAS_IPV4};
	struct world_node v6_suspect = {.state = NODE_SUSPECT};
	struct world_node usual = {0};
	struct draw_list list;

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 6; i++) {
		char region[8] = {'e', (char)('0' + i), 0};

		put_many(&p.world, region, i, 2, &v4);
	}
	put_many(&p.world, "e5x", 5, 1, &v6_suspect);
	put_many(&p.world, "west", 90, 2, &usual);
	pair_build(&p);
	list = world_draw(p.service, p.east, 42, 5, SNAPSHOT_V6);
	assert_int_equal(list.count, 3);
	assert_true(list.anywhere);
	assert_int_equal(world_id(p.service, list.entries[0].node)[0], 'w');
	assert_int_equal(list.entries[0].km, SNAPSHOT_KM_UNKNOWN);
	assert_string_equal(world_id(p.service, list.entries[2].node),
			    "e5x-00");
	pair_fini(&p);
}

static void test_unknown_place_goes_anywhere_by_free_capacity(void **state)
{
	struct pair p = {0};
	struct world_node half = {.conns = 500}, empty = {.conns = 0};
	unsigned west = 0;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 4, &half);
	put_many(&p.world, "west", 20, 4, &empty);
	pair_build(&p);
	for (uint64_t key = 0; key < 30000; key++) {
		struct draw_list list =
			world_draw(p.service, CELLMAP_UNKNOWN, hash_mix(key), 3,
				   SNAPSHOT_V46);
		char first = world_id(p.service, list.entries[0].node)[0];
		char last = world_id(p.service, list.entries[2].node)[0];

		assert_int_equal(list.count, 3);
		assert_true(list.anywhere);
		assert_true(first != last);
		assert_int_equal(list.entries[0].km, SNAPSHOT_KM_UNKNOWN);
		west += first == 'w';
	}
	/* room at 0.90: 400 to 900 */
	assert_true(fabs(west / 30000.0 - 900 / 1300.0) < 0.01);
	pair_fini(&p);
}

/* Zones of one place back each other up, whichever was chosen: the next region
 * comes after them. */
static void test_zones_of_a_region_come_before_the_next_region(void **state)
{
	struct pair p = {0};
	unsigned chosen[3] = {0};

	(void)state;
	pair_init(&p);
	world_put(&p.world,
		  &(struct world_node){.id = "a", .region = "e", .zone = "a"});
	world_put(&p.world,
		  &(struct world_node){.id = "b", .region = "e", .zone = "b"});
	world_put(&p.world,
		  &(struct world_node){.id = "c", .region = "e", .zone = "c"});
	world_put(&p.world,
		  &(struct world_node){.id = "w", .region = "w", .lon = 20});
	pair_build(&p);
	for (uint64_t key = 0; key < 1000; key++) {
		struct draw_list list = world_draw(
			p.service, p.east, hash_mix(key), 4, SNAPSHOT_V46);

		assert_int_equal(list.count, 4);
		for (unsigned i = 0; i < 3; i++)
			assert_true(list.entries[i].node < 3);
		assert_int_equal(list.entries[3].node, 3);
		chosen[list.entries[0].node]++;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(chosen[i] > 200);
	pair_fini(&p);
}

static void test_a_cell_that_is_not_known_is_cell_0(void **state)
{
	struct pair p = {0};
	struct world_node usual = {0};
	struct draw_list a, b;

	(void)state;
	pair_init(&p);
	put_many(&p.world, "east", 0, 4, &usual);
	pair_build(&p);
	a = world_draw(p.service, 60000, 9, 4, SNAPSHOT_V46);
	b = world_draw(p.service, CELLMAP_UNKNOWN, 9, 4, SNAPSHOT_V46);
	assert_int_equal(a.count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(a.entries[i].node, b.entries[i].node);
	pair_fini(&p);
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
		cmocka_unit_test(test_lists),
		cmocka_unit_test(
			test_healthy_beyond_six_candidates_come_before_suspects),
		cmocka_unit_test(
			test_unknown_place_goes_anywhere_by_free_capacity),
		cmocka_unit_test(
			test_zones_of_a_region_come_before_the_next_region),
		cmocka_unit_test(test_a_cell_that_is_not_known_is_cell_0),
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
