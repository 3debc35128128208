/*
 * test_fleet.c - the picture of all nodes: order, full states, loads, reboots.
 */
#include "balancer/fleet.h"

#include "tests/unit/balancer/ranking_world.h"

static void put(struct world *w, const char *id)
{
	world_put(w, &(struct world_node){.id = id, .conns = 10});
}

static void check_order(struct fleet *fleet, unsigned want)
{
	unsigned count;
	struct fleet_node *const *nodes = fleet_nodes(fleet, &count);

	assert_int_equal(count, want);
	for (unsigned i = 1; i < count; i++)
		assert_true(strcmp(nodes[i - 1]->card->record.id,
				   nodes[i]->card->record.id) < 0);
	for (unsigned i = 0; i < count; i++)
		assert_ptr_equal(fleet_find(fleet, nodes[i]->card->record.id),
				 nodes[i]);
}

static void test_nodes_stand_in_order_of_id(void **state)
{
	struct world w;
	struct rng rng;
	unsigned count = 0;

	(void)state;
	world_init(&w);
	rng_seed(&rng, 4);
	for (int i = 0; i < 3000; i++) {
		char id[16];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%u", world_below(&rng, 800));
		buf_cstr(&b);
		if (world_below(&rng, 3) > 0) {
			count += !fleet_find(w.fleet, id);
			put(&w, id);
		} else {
			count -= fleet_find(w.fleet, id) != NULL;
			fleet_del(w.fleet, id);
		}
		if (world_below(&rng, 100) == 0)
			check_order(w.fleet, count);
	}
	check_order(w.fleet, count);
	assert_int_equal(fleet_count(w.fleet, NODE_UP), count);
	world_fini(&w);
}

/* All but every tenth, backwards; the others follow. */
static unsigned arrange_backwards(struct fleet *fleet,
				  struct fleet_node **arranged)
{
	unsigned count, kept = 0;
	struct fleet_node *const *nodes = fleet_nodes(fleet, &count);

	for (unsigned i = count; i-- > 0;)
		if (i % 10 > 0)
			arranged[kept++] = nodes[i];
	fleet_arrange(fleet, arranged, kept);
	return kept;
}

static void test_arranged_nodes_lie_in_a_row_and_are_found(void **state)
{
	struct fleet_node *arranged[900], *at_addr[FLEET_ADDRS_SHARED];
	struct world w;
	unsigned kept;

	(void)state;
	world_init(&w);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 300; i++) {
			char id[16];
			struct buf b;

			buf_init_fixed(&b, id, sizeof(id));
			buf_printf(&b, "n%u-%u", round, i);
			buf_cstr(&b);
			put(&w, id);
		}
		fleet_del(w.fleet, "n0-7"); /* leaves a hole */
		kept = arrange_backwards(w.fleet, arranged);
		check_order(w.fleet, 300 * (round + 1) - 1);
		for (unsigned i = 0; i < kept; i++) {
			const struct card_record *record =
				&arranged[i]->card->record;

			assert_ptr_equal(arranged[i], arranged[0] + i);
			assert_ptr_equal(fleet_find(w.fleet, record->id),
					 arranged[i]);
			assert_int_equal(fleet_find_addr(w.fleet,
							 &record->ipv4[0],
							 at_addr),
					 1);
			assert_ptr_equal(at_addr[0], arranged[i]);
		}
	}
	put(&w, "one-more");
	arrange_backwards(w.fleet, arranged); /* not worth it: nothing moves */
	assert_ptr_not_equal(arranged[1], arranged[0] + 1);
	world_fini(&w);
}

static void test_a_full_state_forgets_what_it_does_not_hold(void **state)
{
	struct world w;
	struct feed_region region = {.id = "r1"}, other = {.id = "r2"};
	unsigned count;

	(void)state;
	world_init(&w);
	put(&w, "a");
	put(&w, "b");
	put(&w, "c");
	fleet_put_region(w.fleet, &region);
	fleet_put_region(w.fleet, &other);
	fleet_begin_sync(w.fleet);
	put(&w, "a");
	fleet_begin_sync(w.fleet); /* cut off: the state comes again */
	put(&w, "b");
	put(&w, "d");
	fleet_put_region(w.fleet, &other);
	assert_non_null(fleet_find(w.fleet, "a")); /* until it is complete */
	fleet_end_sync(w.fleet);
	assert_null(fleet_find(w.fleet, "a"));
	assert_null(fleet_find(w.fleet, "c"));
	check_order(w.fleet, 2);
	assert_null(fleet_find_region(w.fleet, "r1"));
	assert_non_null(fleet_find_region(w.fleet, "r2"));
	fleet_end_sync(w.fleet);
	check_order(w.fleet, 2);
	fleet_regions(w.fleet, &count);
	assert_int_equal(count, 1);
	world_fini(&w);
}

static void test_what_changes_the_shape(void **state)
{
	static const struct row {
		const char *rule;
		struct world_node node;
		bool shape, card;
	} rows[] = {
		{"the same again", {.id = "a"}, false, false},
		{"another load", {.id = "a", .conns = 5}, false, false},
		{"suspect", {.id = "a", .state = NODE_SUSPECT}, false, false},
		{"another weight", {.id = "a", .weight = 50}, false, true},
		{"another capacity", {.id = "a", .capacity = 5}, false, true},
		{"another zone", {.id = "a", .zone = "b"}, true, true},
		{"another place", {.id = "a", .lat = 5}, true, true},
		{"another carrier", {.id = "a", .carrier = "x"}, true, true},
		{"another node", {.id = "b"}, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		uint64_t shape, cards;

		print_message("%s\n", rows[i].rule);
		world_init(&w);
		world_put(&w, &(struct world_node){.id = "a"});
		shape = fleet_shape(w.fleet);
		cards = fleet_cards(w.fleet);
		world_put(&w, &rows[i].node);
		assert_int_equal(fleet_shape(w.fleet) != shape, rows[i].shape);
		assert_int_equal(fleet_cards(w.fleet) != cards, rows[i].card);
		world_fini(&w);
	}
}

static void test_loads(void **state)
{
	struct world w;
	struct feed_load load = {.id = "a",
				 .conns = 70,
				 .age_ms = 400,
				 .accepts_total = 9,
				 .refused_total = 2};
	const struct fleet_node *node;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .load_age_ms = -1});
	node = fleet_find(w.fleet, "a");
	assert_int_equal(node->load_at_ms, -1);
	fleet_load(w.fleet, &load, w.now_ms);
	assert_int_equal(node->conns, 70);
	assert_int_equal(node->load_at_ms, w.now_ms - 400);
	assert_true(node->est_conns == 70);
	assert_int_equal(node->accepts_total, 9);
	assert_int_equal(node->refused_total, 2);
	load.age_ms = -1; /* says nothing */
	load.conns = 1;
	fleet_load(w.fleet, &load, w.now_ms);
	assert_int_equal(node->conns, 70);
	world_text(load.id, sizeof(load.id), "nobody");
	fleet_load(w.fleet, &load, w.now_ms);
	fleet_del(w.fleet, "nobody");
	world_fini(&w);
}

/* A new process has none of the connections that the old one had. */
static void test_a_reboot_starts_from_nothing(void **state)
{
	struct world w;
	struct feed_node node =
		world_feed_node(&(struct world_node){.id = "a", .conns = 70});
	const struct fleet_node *got;

	(void)state;
	world_init(&w);
	fleet_put(w.fleet, &node, w.now_ms);
	got = fleet_find(w.fleet, "a");
	assert_true(got->est_conns == 70);
	node.load_age_ms = -1; /* same process: what we know stays */
	fleet_put(w.fleet, &node, w.now_ms);
	assert_true(got->est_conns == 70);
	node.record.boot_epoch = 2;
	node.registered_age_ms = 0;
	fleet_put(w.fleet, &node, w.now_ms + 5);
	assert_true(got->est_conns == 0);
	assert_int_equal(got->est_at_ms, w.now_ms + 5);
	assert_int_equal(got->registered_at_ms, w.now_ms + 5);
	world_fini(&w);
}

/* What reports say about sessions; a new process ends none by starting. */
static void test_sessions_are_measured_within_a_process(void **state)
{
	struct world w;
	struct feed_node node =
		world_feed_node(&(struct world_node){.id = "a", .conns = 70});
	struct feed_load load = {.id = "a", .conns = 60, .accepts_total = 520};

	(void)state;
	world_init(&w);
	node.accepts_total = 500;
	fleet_put(w.fleet, &node, w.now_ms);
	assert_true(fleet_sessions(w.fleet)->ended == 0);
	fleet_load(w.fleet, &load, w.now_ms + 1000);
	assert_true(fleet_sessions(w.fleet)->ended == 30);
	assert_true(fleet_sessions(w.fleet)->conn_s == 65);
	node.record.boot_epoch = 2;
	node.conns = 1;
	node.accepts_total = 600; /* soon more than the one before */
	fleet_put(w.fleet, &node, w.now_ms + 2000);
	assert_true(fleet_sessions(w.fleet)->ended == 30);
	assert_true(fleet_sessions(w.fleet)->conn_s == 65);
	world_fini(&w);
}

static void test_regions(void **state)
{
	struct world w;
	struct feed_region region = {.id = "b", .bias_km = 3};
	const struct feed_region *all;
	uint64_t shape;
	unsigned count;

	(void)state;
	world_init(&w);
	fleet_put_region(w.fleet, &region);
	world_text(region.id, sizeof(region.id), "a");
	fleet_put_region(w.fleet, &region);
	shape = fleet_shape(w.fleet);
	fleet_put_region(w.fleet, &region);
	assert_int_equal(fleet_shape(w.fleet), shape);
	region.bias_km = 4;
	fleet_put_region(w.fleet, &region);
	assert_int_not_equal(fleet_shape(w.fleet), shape);
	all = fleet_regions(w.fleet, &count);
	assert_int_equal(count, 2);
	assert_string_equal(all[0].id, "a");
	assert_true(fleet_find_region(w.fleet, "a")->bias_km == 4);
	region.gone = true;
	fleet_put_region(w.fleet, &region);
	fleet_put_region(w.fleet, &region);
	assert_null(fleet_find_region(w.fleet, "a"));
	world_fini(&w);
}

/* A resent state replaces all that was said before. */
static void test_intents_of_a_full_state(void **state)
{
	struct world w;
	uint64_t cards;

	(void)state;
	world_init(&w);
	put(&w, "a");
	put(&w, "b");
	world_intend(&w, INTENT_NODE, "a", INTENT_DRAIN, -1, NAN);
	world_intend(&w, INTENT_NODE, "b", INTENT_UP, 5, NAN);
	world_intend(&w, INTENT_REGION, "r1", INTENT_DRAIN, -1, NAN);
	fleet_begin_sync(w.fleet);
	put(&w, "a");
	put(&w, "b");
	world_intend(&w, INTENT_NODE, "b", INTENT_UP, 5, NAN);
	assert_non_null(fleet_find(w.fleet, "a")->intent); /* until the end */
	cards = fleet_cards(w.fleet);
	fleet_end_sync(w.fleet);
	assert_int_not_equal(fleet_cards(w.fleet), cards);
	assert_null(fleet_find(w.fleet, "a")->intent);
	assert_int_equal(fleet_find(w.fleet, "b")->intent->weight, 5);
	assert_int_equal(
		fleet_intents_count(fleet_intents(w.fleet), INTENT_REGION), 0);
	world_fini(&w);
}

static void test_an_intent_outlives_registrations(void **state)
{
	struct world w;
	uint64_t cards, shape;

	(void)state;
	world_init(&w);
	world_intend(&w, INTENT_NODE, "a", INTENT_DRAIN, -1, NAN);
	put(&w, "a");
	assert_int_equal(fleet_find(w.fleet, "a")->intent->state, INTENT_DRAIN);
	fleet_del(w.fleet, "a");
	world_intend(&w, INTENT_NODE, "a", INTENT_MAINTENANCE, -1, NAN);
	put(&w, "a");
	assert_int_equal(fleet_find(w.fleet, "a")->intent->state,
			 INTENT_MAINTENANCE);
	cards = fleet_cards(w.fleet);
	shape = fleet_shape(w.fleet);
	world_intend(&w, INTENT_NODE, "a", INTENT_MAINTENANCE, -1, NAN);
	assert_int_equal(fleet_cards(w.fleet), cards); /* nothing new */
	world_release(&w, INTENT_NODE, "a");
	assert_int_not_equal(fleet_cards(w.fleet), cards);
	assert_int_equal(fleet_shape(w.fleet), shape);
	assert_null(fleet_find(w.fleet, "a")->intent);
	world_release(&w, INTENT_NODE, "a");
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_stand_in_order_of_id),
		cmocka_unit_test(test_intents_of_a_full_state),
		cmocka_unit_test(test_an_intent_outlives_registrations),
		cmocka_unit_test(
			test_arranged_nodes_lie_in_a_row_and_are_found),
		cmocka_unit_test(
			test_a_full_state_forgets_what_it_does_not_hold),
		cmocka_unit_test(test_what_changes_the_shape),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_a_reboot_starts_from_nothing),
		cmocka_unit_test(test_sessions_are_measured_within_a_process),
		cmocka_unit_test(test_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
