/*
 * test_snapshot_builder__load.c - what nodes are reckoned to hold, and how much
 * is sent to them.
 */
#include "balancer/snapshot_builder.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6)

static double share(const struct snapshot_cell *cell, unsigned rank)
{
	uint32_t before = rank > 0 ? cell->cumulative[rank - 1] : 0;

	return (cell->cumulative[rank] - before) / 4294967295.0;
}

static void test_a_silent_node_counts_as_full_as_its_site(void **state)
{
	struct world w;
	struct snapshot *snap;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .conns = 300});
	world_put(&w, &(struct world_node){.id = "b", .load_age_ms = -1});
	world_put(&w, &(struct world_node){
			      .id = "c", .region = "r2", .load_age_ms = -1});
	snap = world_build(&w);
	NEAR(world_find(&snap->services[0], "b")->est, 300);
	NEAR(world_find(&snap->services[0], "c")->est, 500);
	snapshot_free(snap);
	world_fini(&w);
}

/* Of what it can hold, min(K, capacity), and not of K. */
static void test_a_silent_node_s_weight_does_not_fill_it(void **state)
{
	static const struct {
		const char *rule;
		int weight, others_weight;
		uint32_t others_conns; /* of 1000 that the node can hold */
		double est;
	} rows[] = {
		{"as full as the others", 100, 100, 600, 600},
		{"half the weight holds half", 50, 100, 600, 300},
		{"double weight holds no more", 200, 100, 600, 600},
		{"nor do the others", 200, 200, 600, 600},
		{"the others' double weight is no room", 100, 200, 900, 900},
		{"the others' half weight is half the room", 100, 50, 300, 600},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct snapshot *snap;
		const struct snapshot_node *silent, *alone;

		print_message("%s\n", rows[i].rule);
		world_init(&w);
		world_put(&w,
			  &(struct world_node){.id = "a",
					       .weight = rows[i].others_weight,
					       .conns = rows[i].others_conns});
		world_put(&w, &(struct world_node){.id = "b",
						   .weight = rows[i].weight,
						   .load_age_ms = -1});
		world_put(&w, &(struct world_node){.id = "c",
						   .region = "r2",
						   .weight = rows[i].weight,
						   .load_age_ms = -1});
		snap = world_build(&w);
		silent = world_find(&snap->services[0], "b");
		NEAR(silent->est, rows[i].est);
		assert_int_equal(silent->tier, TIER_OPEN);
		/* a whole site that is silent is half full */
		alone = world_find(&snap->services[0], "c");
		NEAR(alone->est, fmin(1000, alone->limit) / 2);
		assert_int_equal(alone->tier, TIER_OPEN);
		snapshot_free(snap);
		world_fini(&w);
	}
}

/* est moves on by what was assigned until the next report. */
static void test_dead_reckoning(void **state)
{
	struct world w;
	struct snapshot *snap;
	uint16_t cell;

	(void)state;
	world_init(&w);
	w.policy.session_tau_s = 1e12;
	cell = world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "a", .conns = 100});
	world_put(&w, &(struct world_node){.id = "b", .conns = 100});
	world_demand(&w, "im", cell, 10);
	snap = world_build(&w);
	NEAR(snap->services[0].sites[0].admitted_per_s, 10);
	snapshot_free(snap);
	for (int i = 0; i < 4; i++) {
		w.now_ms += 500;
		snapshot_free(world_build(&w));
	}
	snap = world_build(&w);
	NEAR(world_find(&snap->services[0], "a")->est, 110);
	snapshot_free(snap);
	fleet_load(w.fleet,
		   &(struct feed_load){.id = "a", .conns = 50, .age_ms = 1000},
		   w.now_ms);
	snap = world_build(&w);
	NEAR(world_find(&snap->services[0], "a")->est, 55);
	NEAR(world_find(&snap->services[0], "b")->est, 110);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_replicas_multiply_their_own_demand(void **state)
{
	struct world w;
	struct snapshot *snap;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "a"});
	world_demand(&w, "im", cell, 5);
	w.policy.replica_count = 3;
	snap = world_build(&w);
	NEAR(snap->services[0].demand_per_s, 15);
	NEAR(snap->services[0].sites[0].admitted_per_s, 15);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_more_demand_than_all_room_is_flagged(void **state)
{
	struct world w;
	struct snapshot *snap;
	const struct snapshot_service *service;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	world_put(&w, &(struct world_node){.id = "a", .capacity = 100});
	world_put(&w, &(struct world_node){.id = "b",
					   .region = "r2",
					   .lon = 10,
					   .capacity = 300});
	world_demand(&w, "im", cell, 80); /* room: 10/s and 30/s */
	snap = world_build(&w);
	service = &snap->services[0];
	assert_true(service->cells[cell].panic);
	assert_true(service->sites[0].panic && service->sites[1].panic);
	NEAR(share(&service->cells[cell], 0), 0.25);
	assert_true(world_draw(service, cell, 1, 2, SNAPSHOT_V46).panic);
	snapshot_free(snap);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_silent_node_counts_as_full_as_its_site),
		cmocka_unit_test(test_a_silent_node_s_weight_does_not_fill_it),
		cmocka_unit_test(test_dead_reckoning),
		cmocka_unit_test(test_replicas_multiply_their_own_demand),
		cmocka_unit_test(test_more_demand_than_all_room_is_flagged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
