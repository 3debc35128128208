/*
 * test_snapshot_builder.c - named situations from fleet to snapshot, and what
 * may be kept from build to build.
 */
#include "balancer/snapshot_builder.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6)

static void test_empty_fleet(void **state)
{
	struct world w;
	struct snapshot *snap;

	(void)state;
	world_init(&w);
	snap = world_build(&w);
	assert_int_equal(snap->service_count, 0);
	assert_int_equal(snap->number, 1);
	assert_int_equal(snap->revision, 7);
	assert_null(snapshot_find_service(snap, SV("")));
	assert_null(snapshot_find_service(snap, SV("im")));
	snapshot_free(snap);
	snapshot_free(NULL);
	world_fini(&w);
}

static void test_numbers_go_on(void **state)
{
	static const struct {
		const char *rule;
		uint32_t first, third;
	} rows[] = {
		{"from where it begins", 2846105931, 2846105933},
		{"from 0", 0, 2},
		{"past the largest", UINT32_MAX - 1, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t numbers[3];
		struct world w;

		world_init(&w);
		snapshot_builder_free(&w.builder);
		w.builder = snapshot_builder_new(rows[i].first);
		for (unsigned n = 0; n < ARRAY_LEN(numbers); n++) {
			struct snapshot *snap = world_build(&w);

			numbers[n] = snap->number;
			snapshot_free(snap);
		}
		if (numbers[0] != rows[i].first || numbers[2] != rows[i].third)
			fail_msg("%s", rows[i].rule);
		world_fini(&w);
	}
}

static void test_services_are_apart_and_in_order(void **state)
{
	struct world w;
	struct snapshot *snap;
	const struct snapshot_service *im, *push;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .service = "push"});
	world_put(&w, &(struct world_node){.id = "b", .service = "im"});
	world_put(&w, &(struct world_node){.id = "c", .service = "push"});
	snap = world_build(&w);
	assert_int_equal(snap->service_count, 2);
	assert_null(snapshot_find_service(snap, SV("")));
	im = snapshot_find_service(snap, SV("im"));
	push = snapshot_find_service(snap, SV("push"));
	assert_ptr_equal(im, &snap->services[0]);
	assert_int_equal(im->node_count, 1);
	assert_int_equal(push->node_count, 2);
	assert_true(im->demand_slot != push->demand_slot);
	assert_string_equal(world_id(push, 1), "c");
	snapshot_free(snap);
	world_fini(&w);
}

static void test_the_17th_service_is_counted_and_left_out(void **state)
{
	struct world w;
	struct snapshot *snap;
	char name[3] = "s";

	(void)state;
	world_init(&w);
	for (char c = 'a'; c < 'a' + 17; c++) {
		name[1] = c;
		world_put(&w,
			  &(struct world_node){.id = name, .service = name});
	}
	snap = world_build(&w);
	assert_int_equal(snap->service_count, 16);
	assert_int_equal(snap->nodes_unranked, 1);
	assert_int_equal(snap->nodes_total, 17);
	assert_null(snapshot_find_service(snap, SV("sq")));
	snapshot_free(snap);
	world_fini(&w);
}

static void test_states_and_reasons(void **state)
{
	static const struct {
		struct world_node node;
		enum snapshot_why why;
		enum snapshot_tier tier;
	} rows[] = {
		{{.id = "usual"}, WHY_NONE, TIER_OPEN},
		{{.id = "full", .conns = 1000}, WHY_AT_CAPACITY, TIER_FULL},
		{{.id = "young", .age_ms = 15000}, WHY_WARMING, TIER_OPEN},
		{{.id = "silent", .load_age_ms = -1},
		 WHY_LOAD_UNKNOWN,
		 TIER_OPEN},
		{{.id = "suspect", .state = NODE_SUSPECT},
		 WHY_SUSPECT,
		 TIER_SUSPECT},
		{{.id = "drained", .weight = -1}, WHY_DRAINED, TIER_DRAINED},
		{{.id = "both", .weight = -1, .state = NODE_SUSPECT},
		 WHY_DRAINED,
		 TIER_DRAINED},
		{{.id = "down", .state = NODE_DOWN}, WHY_EXPIRED, TIER_DOWN},
	};
	struct world w;
	struct snapshot *snap;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		world_put(&w, &rows[i].node);
	snap = world_build(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct snapshot_node *node =
			world_find(&snap->services[0], rows[i].node.id);

		assert_int_equal(node->why, rows[i].why);
		assert_int_equal(node->tier, rows[i].tier);
		assert_int_equal(node->weight > 0, node->tier == TIER_OPEN);
	}
	assert_int_equal(snap->services[0].usable_count, 3);
	assert_int_equal(snap->nodes_up, 5);
	assert_int_equal(snap->nodes_suspect, 2);
	assert_int_equal(snap->nodes_down, 1);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_a_dead_site_is_no_candidate(void **state)
{
	struct world w;
	struct snapshot *snap;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	for (int i = 0; i < 8; i++) {
		char id[3] = {'n', (char)('0' + i), 0};

		world_put(&w, &(struct world_node){.id = id,
						   .region = id,
						   .lon = i * 10,
						   .state = i < 7 ? NODE_DOWN
								  : NODE_UP});
	}
	snap = world_build(&w);
	assert_int_equal(snap->services[0].cells[cell].candidate_count, 1);
	assert_int_equal(snap->services[0].cells[cell].km[0], 7784);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_a_region_gives_place_and_bias(void **state)
{
	struct world w;
	struct snapshot *snap;
	struct feed_region region = {.id = "far", .lat_deg = 0, .lon_deg = 30};
	struct feed_node node;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "a", .lon = 10});
	node = world_feed_node(
		&(struct world_node){.id = "b", .region = "far"});
	node.record.has_position = false;
	fleet_put(w.fleet, &node, w.now_ms);
	snap = world_build(&w);
	assert_int_equal(snap->services[0].cells[cell].km[1],
			 SNAPSHOT_KM_UNKNOWN);
	snapshot_free(snap);
	fleet_put_region(w.fleet, &region);
	snap = world_build(&w);
	assert_int_equal(snap->services[0].cells[cell].km[0], 1112);
	assert_int_equal(snap->services[0].cells[cell].km[1], 3336);
	snapshot_free(snap);
	region.bias_km = 2500; /* the thumb on the scale */
	fleet_put_region(w.fleet, &region);
	snap = world_build(&w);
	assert_int_equal(snap->services[0].cells[cell].km[0], 3336);
	assert_int_equal(snap->services[0].cells[cell].cost_km[0],
			 3336 - 50 - 2500);
	snapshot_free(snap);
	world_fini(&w);
}

/* -- what operators want ------------------------------------------------- */

#define KEYS 3000

static void note_firsts(const struct snapshot *snap, uint16_t cell,
			const char **firsts)
{
	const struct snapshot_service *service = &snap->services[0];

	for (uint64_t key = 0; key < KEYS; key++) {
		struct draw_list list = world_draw(service, cell, hash_mix(key),
						   3, SNAPSHOT_V46);

		assert_false(list.panic);
		for (unsigned i = 0; i < list.count; i++)
			assert_int_equal(
				service->nodes[list.entries[i].node].tier,
				TIER_OPEN);
		firsts[key] = world_id(service, list.entries[0].node);
	}
}

/* From the next snapshot on it gets nobody, and only its clients move; when it
 * is released they come back. */
static void test_a_drained_node_moves_its_clients_alone(void **state)
{
	static const char *before[KEYS], *after[KEYS], *again[KEYS];
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct snapshot *first, *second, *third;
	struct world w;
	unsigned moved = 0;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		world_put(&w, &(struct world_node){.id = names[i]});
	first = world_build(&w);
	note_firsts(first, cell, before);
	world_intend(&w, INTENT_NODE, "c", INTENT_DRAIN, -1, NAN);
	second = world_build(&w);
	note_firsts(second, cell, after);
	assert_int_equal(world_find(&second->services[0], "c")->why,
			 WHY_DRAINED);
	world_release(&w, INTENT_NODE, "c");
	third = world_build(&w);
	note_firsts(third, cell, again);
	for (unsigned i = 0; i < KEYS; i++) {
		assert_string_not_equal(after[i], "c");
		assert_string_equal(again[i], before[i]);
		if (strcmp(before[i], "c") != 0)
			assert_string_equal(after[i], before[i]);
		moved += strcmp(before[i], after[i]) != 0;
	}
	assert_in_range(moved, KEYS / 5 - 90, KEYS / 5 + 90);
	snapshot_free(first);
	snapshot_free(second);
	snapshot_free(third);
	world_fini(&w);
}

/* Its region drains: nobody goes there as long as there is another. */
static void test_a_region_in_maintenance_is_last(void **state)
{
	struct snapshot *snap;
	struct draw_list list;
	struct world w;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "n1", .region = "near"});
	world_put(&w,
		  &(struct world_node){.id = "f1", .region = "far", .lon = 90});
	world_intend(&w, INTENT_REGION, "near", INTENT_MAINTENANCE, -1, NAN);
	snap = world_build(&w);
	list = world_draw(&snap->services[0], cell, 1, 1, SNAPSHOT_V46);
	assert_string_equal(world_id(&snap->services[0], list.entries[0].node),
			    "f1");
	assert_int_equal(world_find(&snap->services[0], "n1")->why,
			 WHY_MAINTENANCE);
	assert_true(world_find(&snap->services[0], "n1")->limit == 0);
	snapshot_free(snap);
	/* Never an empty list while anybody is alive. */
	fleet_del(w.fleet, "f1");
	snap = world_build(&w);
	list = world_draw(&snap->services[0], cell, 1, 1, SNAPSHOT_V46);
	assert_int_equal(list.count, 1);
	assert_true(list.panic);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_a_bias_moves_cells(void **state)
{
	struct snapshot *snap;
	struct world w;
	const struct snapshot_cell *cell;

	(void)state;
	world_init(&w);
	world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "n1", .region = "near"});
	world_put(&w,
		  &(struct world_node){.id = "f1", .region = "far", .lon = 9});
	world_intend(&w, INTENT_REGION, "far", INTENT_UP, -1, 1000);
	snap = world_build(&w);
	cell = &snap->services[0].cells[1];
	assert_string_equal(snap->services[0].sites[cell->site[0]].region,
			    "far");
	assert_int_equal(cell->cost_km[0], 1001 - 50 - 1000);
	snapshot_free(snap);
	world_fini(&w);
}

/* -- what is kept -------------------------------------------------------- */

static void test_cost_orders_are_kept_until_geometry_changes(void **state)
{
	struct world w;
	struct feed_load load = {.id = "a", .conns = 5};

	(void)state;
	world_init(&w);
	world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "a"});
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 1);
	fleet_load(w.fleet, &load, w.now_ms);
	snapshot_free(world_build(&w));
	world_put(&w, &(struct world_node){.id = "a", .weight = 50});
	snapshot_free(world_build(&w));
	world_put(&w, &(struct world_node){.id = "b"}); /* in the same site */
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 1);
	world_put(&w, &(struct world_node){.id = "c", .region = "r2"});
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 2);
	w.cells[1].lat_deg = 5;
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 3);
	w.policy.free_km = 100;
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 4);
	world_put(&w, &(struct world_node){
			      .id = "c", .region = "r2", .state = NODE_DOWN});
	snapshot_free(world_build(&w));
	assert_int_equal(snapshot_builder_geometry_runs(w.builder), 5);
	world_fini(&w);
}

static void test_cards_are_shared_until_a_registration_changes(void **state)
{
	struct world w;
	struct snapshot *first, *second, *third;
	struct feed_load load = {.id = "a", .conns = 5};

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a"});
	world_put(&w, &(struct world_node){.id = "b"});
	first = world_build(&w);
	fleet_load(w.fleet, &load, w.now_ms);
	second = world_build(&w);
	assert_ptr_equal(first->catalog, second->catalog);
	world_put(&w, &(struct world_node){.id = "a", .capacity = 7});
	third = world_build(&w);
	assert_ptr_not_equal(second->catalog, third->catalog);
	assert_ptr_equal(second->services[0].nodes[1].card,
			 third->services[0].nodes[1].card);
	assert_int_equal(second->services[0].nodes[0].card->record.capacity,
			 1000);
	assert_int_equal(third->services[0].nodes[0].card->record.capacity, 7);
	world_fini(&w); /* snapshots outlive fleet and builder */
	assert_string_equal(world_id(&first->services[0], 0), "a");
	assert_true(third->services[0].texts[1].len > 0);
	snapshot_free(second);
	snapshot_free(first);
	snapshot_free(third);
}

static void test_no_map_and_no_demand_still_rank(void **state)
{
	struct world w;
	struct snapshot_input input;
	struct snapshot *snap;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a"});
	input = (struct snapshot_input){
		.fleet = w.fleet, .policy = w.policy, .now_ms = w.now_ms};
	snap = snapshot_builder_build(w.builder, &input);
	assert_int_equal(snap->services[0].cell_count, 1);
	assert_int_equal(
		world_draw(&snap->services[0], 0, 3, 5, SNAPSHOT_V46).count, 1);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(snapshot_why_str(WHY_AT_CAPACITY), "at_capacity");
	for (int i = 0; i < WHY_COUNT; i++)
		assert_non_null(snapshot_why_str((enum snapshot_why)i));
	assert_string_equal(snapshot_why_str(WHY_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_drained_node_moves_its_clients_alone),
		cmocka_unit_test(test_a_region_in_maintenance_is_last),
		cmocka_unit_test(test_a_bias_moves_cells),
		cmocka_unit_test(test_empty_fleet),
		cmocka_unit_test(test_numbers_go_on),
		cmocka_unit_test(test_services_are_apart_and_in_order),
		cmocka_unit_test(test_the_17th_service_is_counted_and_left_out),
		cmocka_unit_test(test_states_and_reasons),
		cmocka_unit_test(test_a_dead_site_is_no_candidate),
		cmocka_unit_test(test_a_region_gives_place_and_bias),
		cmocka_unit_test(
			test_cost_orders_are_kept_until_geometry_changes),
		cmocka_unit_test(
			test_cards_are_shared_until_a_registration_changes),
		cmocka_unit_test(test_no_map_and_no_demand_still_rank),
		cmocka_unit_test(test_reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
