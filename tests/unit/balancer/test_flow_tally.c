/* test_flow_tally.c - areas and flows by what was counted and how it is split
 * up. */
#include "balancer/flow_tally.h"

#include "tests/unit/balancer/ranking_world.h"

#define CLOSE 1e-6

struct bed {
	struct world world;
	struct demand *counted; /* the world's demand is what is planned for */
	struct snapshot *snap;
	struct flow_tally *tally;
	struct report report;
};

/* Two regions in Europe, the first in two zones, and one far away. */
static void put_regions(struct world *w, int weight_of_north)
{
	world_put(w, &(struct world_node){.id = "n1",
					  .region = "north",
					  .zone = "a",
					  .lat = 54,
					  .lon = 10,
					  .weight = weight_of_north});
	world_put(w, &(struct world_node){.id = "n2",
					  .region = "north",
					  .zone = "b",
					  .lat = 54,
					  .lon = 10,
					  .weight = weight_of_north});
	world_put(w, &(struct world_node){.id = "s1",
					  .region = "south",
					  .lat = 44,
					  .lon = 10,
					  .capacity = 100000});
}

static void begin(struct bed *b, int weight_of_north)
{
	memset(b, 0, sizeof(*b));
	world_init(&b->world);
	put_regions(&b->world, weight_of_north);
	world_cell(&b->world, 53, 10); /* 1: in the north */
	world_cell(&b->world, 43, 10); /* 2: in the south */
	demand_slot(b->world.demand, SV("im"));
	b->counted = demand_new(2);
	b->snap = world_build(&b->world);
	b->tally = flow_tally_new();
}

static void end(struct bed *b)
{
	flow_tally_free(&b->tally);
	snapshot_free(b->snap);
	demand_free(&b->counted);
	world_fini(&b->world);
}

static void ask(struct bed *b, uint16_t cell, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		demand_count(demand_counter(b->counted, i % 2), 0, cell);
}

static void take(struct bed *b, double dt_s)
{
	const struct flow_source source = {
		.demand = b->counted,
		.snapshot = b->snap,
		.cells = b->world.cells,
		.cell_count = b->world.cell_count,
		.dt_s = dt_s,
	};

	memset(&b->report, 0, sizeof(b->report));
	flow_tally_take(b->tally, &source, &b->report);
}

static void zones_are_one_flow(void **state)
{
	struct bed b;
	const struct report_area *area;

	(void)state;
	begin(&b, 0);
	ask(&b, 1, 30);
	ask(&b, 2, 10);
	take(&b, 2);
	assert_int_equal(b.report.areas.count, 2);
	assert_int_equal(b.report.flows.count, 2);
	area = &b.report.areas.items[0];
	assert_int_equal(area->cell, 1);
	assert_string_equal(area->country, "DE");
	assert_float_equal(area->lat_deg, 53, CLOSE);
	assert_float_equal(area->per_s, 15, CLOSE);
	assert_float_equal(area->nearest_per_s, 15, CLOSE);
	assert_float_equal(area->km_p50, 111, 1);
	assert_string_equal(b.report.flows.items[0].region, "north");
	assert_float_equal(b.report.flows.items[0].per_s, 15, CLOSE);
	assert_string_equal(b.report.flows.items[1].region, "south");
	assert_false(b.report.flows.items[1].spill);
	assert_float_equal(b.report.placed_per_s, 20, CLOSE);
	assert_float_equal(b.report.nearest_per_s, 20, CLOSE);
	end(&b);
}

/* Drained: its clients are served from afar, and that is said. */
static void far_from_home_is_spill(void **state)
{
	struct bed b;

	(void)state;
	begin(&b, -1);
	ask(&b, 1, 10);
	take(&b, 1);
	assert_int_equal(b.report.flows.count, 1);
	assert_string_equal(b.report.flows.items[0].region, "south");
	assert_true(b.report.flows.items[0].spill);
	assert_float_equal(b.report.areas.items[0].nearest_per_s, 0, CLOSE);
	assert_float_equal(b.report.areas.items[0].km_p50, 1001, 2);
	assert_float_equal(b.report.placed_per_s, 10, CLOSE);
	assert_float_equal(b.report.nearest_per_s, 0, CLOSE);
	end(&b);
}

static void a_shared_cell_has_the_median(void **state)
{
	struct bed b;
	uint32_t all = SNAPSHOT_TOP;
	struct snapshot_cell *cell;

	(void)state;
	begin(&b, 0);
	cell = &b.snap->services[0].cells[1];
	assert_int_equal(cell->candidate_count, 3);
	/* 30 % to each zone of the north, the rest to the south */
	cell->cumulative[0] = all / 10 * 3;
	cell->cumulative[1] = all / 10 * 6;
	cell->cumulative[2] = all;
	ask(&b, 1, 100);
	take(&b, 1);
	assert_int_equal(b.report.flows.count, 2);
	assert_float_equal(b.report.flows.items[0].per_s, 60, 0.01);
	assert_false(b.report.flows.items[0].spill);
	assert_true(b.report.flows.items[1].spill);
	assert_float_equal(b.report.areas.items[0].km_p50, 111, 1);
	cell->cumulative[1] = all / 10 * 4;
	ask(&b, 1, 100);
	take(&b, 1);
	assert_string_equal(b.report.flows.items[0].region, "south");
	assert_float_equal(b.report.areas.items[0].nearest_per_s, 40, 0.01);
	assert_float_equal(b.report.areas.items[0].km_p50, 1001, 2);
	end(&b);
}

/* By cost and not by region, as the counter of spilled answers. */
static void a_zone_that_costs_more_is_spill(void **state)
{
	struct bed b;
	struct snapshot_cell *cell;
	const struct report_flow *flows;

	(void)state;
	begin(&b, 0);
	cell = &b.snap->services[0].cells[1];
	assert_int_equal(cell->nearest_ranks, 3);
	cell->nearest_ranks = 1;
	cell->cumulative[0] = SNAPSHOT_TOP / 4 * 3;
	cell->cumulative[1] = SNAPSHOT_TOP;
	ask(&b, 1, 100);
	take(&b, 1);
	flows = b.report.flows.items;
	assert_int_equal(b.report.flows.count, 2);
	assert_string_equal(flows[0].region, "north");
	assert_false(flows[0].spill);
	assert_float_equal(flows[0].per_s, 75, 0.01);
	assert_string_equal(flows[1].region, "north");
	assert_true(flows[1].spill);
	assert_float_equal(b.report.nearest_per_s, 75, 0.01);
	end(&b);
}

static void distances_add_up(void **state)
{
	const struct flow_distances *d;
	struct bed b;

	(void)state;
	begin(&b, 0);
	d = flow_tally_distances(b.tally);
	ask(&b, 1, 30); /* 111 km from their region */
	ask(&b, 0, 9);	/* from nowhere: no distance */
	take(&b, 2);
	ask(&b, 2, 10);
	take(&b, 1);
	assert_int_equal(flow_tally_bound_km(1), 100);
	assert_float_equal(d->within[1], 0, 0);
	assert_float_equal(d->within[2], 40, CLOSE);
	assert_float_equal(d->within[FLOW_TALLY_KM_BOUNDS], 40, CLOSE);
	assert_float_equal(d->km_sum, 40 * 111, 1);
	for (unsigned i = 1; i < FLOW_TALLY_KM_BOUNDS; i++)
		assert_true(flow_tally_bound_km(i) >
			    flow_tally_bound_km(i - 1));
	end(&b);
}

static void only_what_is_new_counts(void **state)
{
	struct bed b;

	(void)state;
	begin(&b, 0);
	ask(&b, 1, 50);
	take(&b, 0); /* no time has passed: nobody knows a rate */
	assert_int_equal(b.report.areas.count, 0);
	take(&b, 1);
	assert_int_equal(b.report.areas.count, 0);
	ask(&b, 1, 3);
	take(&b, 1);
	/* of the two seconds since a rate is known */
	assert_float_equal(b.report.areas.items[0].per_s, 1.5, CLOSE);
	end(&b);
}

/* Means of ten seconds; who stops asking fades and is gone after a while. */
static void rates_do_not_flicker(void **state)
{
	struct bed b;
	unsigned second;

	(void)state;
	begin(&b, 0);
	for (second = 0; second < 40; second++) {
		ask(&b, 1, second % 2 ? 0 : 4);
		take(&b, 1);
		assert_int_equal(b.report.areas.count, 1);
	}
	assert_float_equal(b.report.areas.items[0].per_s, 2, 0.2);
	assert_float_equal(b.report.placed_per_s, b.report.areas.items[0].per_s,
			   CLOSE);
	for (second = 0; second < 10; second++)
		take(&b, 1);
	assert_float_equal(b.report.areas.items[0].per_s, 0.7, 0.1);
	for (second = 0; second < 70; second++)
		take(&b, 1);
	assert_int_equal(b.report.areas.count, 0);
	/* a look after a long while is that while's rate */
	ask(&b, 1, 120);
	take(&b, 60);
	assert_float_equal(b.report.areas.items[0].per_s, 2, CLOSE);
	end(&b);
}

static void nowhere_is_an_area_without_flows(void **state)
{
	struct bed b;

	(void)state;
	begin(&b, 0);
	ask(&b, 0, 4);
	ask(&b, 60000, 2); /* of the map before */
	take(&b, 1);
	assert_int_equal(b.report.areas.count, 2);
	assert_int_equal(b.report.areas.items[0].cell, 0);
	assert_string_equal(b.report.areas.items[0].country, "");
	assert_float_equal(b.report.areas.items[0].km_p50, -1, 0);
	assert_int_equal(b.report.flows.count, 0);
	assert_float_equal(b.report.placed_per_s, 0, 0);
	end(&b);
}

static void without_a_snapshot_areas_count(void **state)
{
	struct bed b;

	(void)state;
	begin(&b, 0);
	snapshot_free(b.snap);
	b.snap = NULL;
	ask(&b, 1, 4);
	take(&b, 1);
	assert_int_equal(b.report.areas.count, 1);
	assert_int_equal(b.report.flows.count, 0);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_one_flow),
		cmocka_unit_test(far_from_home_is_spill),
		cmocka_unit_test(a_zone_that_costs_more_is_spill),
		cmocka_unit_test(a_shared_cell_has_the_median),
		cmocka_unit_test(distances_add_up),
		cmocka_unit_test(only_what_is_new_counts),
		cmocka_unit_test(rates_do_not_flicker),
		cmocka_unit_test(nowhere_is_an_area_without_flows),
		cmocka_unit_test(without_a_snapshot_areas_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
