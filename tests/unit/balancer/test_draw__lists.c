/*
 * test_draw__lists.c - what a list holds in every corner that draw.h names.
 */
#include "balancer/draw.h"

#include <math.h>

#include "tests/unit/balancer/draw_pair.h"

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
	{.rule = "no refuge, as all of the other site is drained: one more",
	 .west = {.weight = -1},
	 .east_count = 9,
	 .west_count = 9,
	 .want = 5,
	 .want_regions = "eeeee"},
	{.rule = "no refuge of the family: one more",
	 .west = {.families = CARD_HAS_IPV6},
	 .east_count = 9,
	 .west_count = 9,
	 .want = 5,
	 .family = SNAPSHOT_V4,
	 .want_regions = "eeeee"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(
			test_healthy_beyond_six_candidates_come_before_suspects),
		cmocka_unit_test(
			test_unknown_place_goes_anywhere_by_free_capacity),
		cmocka_unit_test(
			test_zones_of_a_region_come_before_the_next_region),
		cmocka_unit_test(test_a_cell_that_is_not_known_is_cell_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
