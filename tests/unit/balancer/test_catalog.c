/*
 * test_catalog.c - how nodes are grouped into services and sites, and the cards
 * that catalogs share.
 */
#include "balancer/catalog.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

static void test_order(void **state)
{
	static const char *const want[] = {"z", "d", "a", "c", "b"};
	struct world w;
	struct catalog *cat;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .region = "r2"});
	world_put(&w, &(struct world_node){.id = "b", .service = "push"});
	world_put(&w, &(struct world_node){.id = "c", .region = "r2"});
	world_put(&w,
		  &(struct world_node){.id = "d", .region = "r1", .zone = "x"});
	world_put(&w, &(struct world_node){.id = "z", .region = "r1"});
	cat = catalog_of(w.fleet, NULL);
	assert_int_equal(cat->service_count, 2);
	assert_int_equal(cat->site_count, 4);
	assert_int_equal(cat->services[0].site_count, 3);
	assert_int_equal(cat->services[1].first_site, 3);
	assert_int_equal(cat->services[1].first_node, 4);
	for (unsigned i = 0; i < 5; i++)
		assert_string_equal(cat->nodes[i].card->record.id, want[i]);
	assert_int_equal(cat->sites[2].node_count, 2);
	assert_ptr_equal(catalog_of(w.fleet, cat), cat);
	catalog_unref(&cat);
	catalog_unref(&cat);
	world_fini(&w);
}

/* More than the hash table's first size, in many services. */
static void test_many_sites(void **state)
{
	struct world w;
	struct catalog *cat;
	uint32_t nodes = 0;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i < 3000; i++) {
		char id[16], region[16];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%u", i);
		buf_cstr(&b);
		buf_init_fixed(&b, region, sizeof(region));
		buf_printf(&b, "r%u", i % 700);
		buf_cstr(&b);
		world_put(&w, &(struct world_node){.id = id, .region = region});
	}
	cat = catalog_of(w.fleet, NULL);
	assert_int_equal(cat->site_count, 700);
	assert_int_equal(cat->node_count, 3000);
	for (uint32_t s = 0; s < 700; s++) {
		assert_int_equal(cat->sites[s].first_node, nodes);
		for (uint32_t i = 0; i < cat->sites[s].node_count; i++)
			assert_string_equal(
				cat->nodes[nodes + i].card->record.region,
				catalog_record(cat, &cat->sites[s])->region);
		nodes += cat->sites[s].node_count;
	}
	catalog_unref(&cat);
	world_fini(&w);
}

static void test_a_site_lies_where_its_nodes_do(void **state)
{
	struct world w;
	struct catalog *cat;
	struct feed_region region = {.id = "r1", .lat_deg = 60, .bias_km = 9};

	(void)state;
	world_init(&w);
	fleet_put_region(w.fleet, &region);
	world_put(&w, &(struct world_node){.id = "a", .lat = 0.1, .lon = 179});
	cat = catalog_of(w.fleet, NULL);
	assert_true(cat->sites[0].place.lat_deg == 0.1);
	assert_true(cat->sites[0].place.bias_km == 9);
	/* the mean goes over the date line, not round the world */
	world_put(&w, &(struct world_node){.id = "b", .lat = 0.1, .lon = -179});
	cat = catalog_of(w.fleet, cat);
	assert_true(fabs(fabs(cat->sites[0].place.lon_deg) - 180) < 1e-6);
	catalog_unref(&cat);
	world_fini(&w);
}

static void test_carriers(void **state)
{
	struct world w;
	struct catalog *cat;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .carrier = "cmcc"});
	cat = catalog_of(w.fleet, NULL);
	assert_string_equal(cat->sites[0].carrier, "cmcc");
	assert_int_not_equal(cat->sites[0].place.carrier, 0);
	world_put(&w, &(struct world_node){.id = "b", .carrier = "telecom"});
	cat = catalog_of(w.fleet, cat);
	assert_string_equal(cat->sites[0].carrier, "");
	assert_int_equal(cat->sites[0].place.carrier, 0);
	catalog_unref(&cat);
	world_fini(&w);
}

static void test_limits(void **state)
{
	static const struct row {
		const char *rule;
		int weight;
		double limit, hard;
	} rows[] = {
		{"normal", 100, 1000, 1000},
		{"half", 50, 500, 500},
		{"double share, the same capacity", 200, 2000, 1000},
		{"drained", -1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct catalog *cat;

		print_message("%s\n", rows[i].rule);
		world_init(&w);
		world_put(&w, &(struct world_node){.id = "a",
						   .weight = rows[i].weight});
		cat = catalog_of(w.fleet, NULL);
		assert_true(cat->nodes[0].limit == rows[i].limit);
		assert_true(cat->nodes[0].hard == rows[i].hard);
		catalog_unref(&cat);
		world_fini(&w);
	}
}

static const struct effect_row {
	const char *rule;
	enum intent_state own_state;
	int own_weight; /* -1 = nothing, -2 = no intent at all */
	enum intent_state region_state;
	int region_weight; /* as above */
	double limit;
	unsigned weight, intent;
} effect_rows[] = {
	{"nobody says anything", 0, -2, 0, -2, 500, 50, 0},
	{"a drained node", INTENT_DRAIN, -1, 0, -2, 0, 50, INTENT_DRAIN},
	{"a node in maintenance", INTENT_MAINTENANCE, -1, 0, -2, 0, 50,
	 INTENT_MAINTENANCE},
	{"a drained region", 0, -2, INTENT_DRAIN, -1, 0, 50,
	 INTENT_DRAIN | INTENT_BITS_STATE_REGION},
	{"another weight than it reports", INTENT_UP, 200, 0, -2, 2000, 200,
	 INTENT_BITS_WEIGHT},
	{"no weight", INTENT_UP, 0, 0, -2, 0, 0, INTENT_BITS_WEIGHT},
	{"a weight for all of a region", 0, -2, INTENT_UP, 10, 100, 10,
	 INTENT_BITS_WEIGHT | INTENT_BITS_WEIGHT_REGION},
	{"its own weight goes before the region's", INTENT_UP, 20, INTENT_UP,
	 10, 200, 20, INTENT_BITS_WEIGHT},
	{"member by member: its weight, the region's drain", INTENT_UP, 20,
	 INTENT_DRAIN, -1, 0, 20,
	 INTENT_DRAIN | INTENT_BITS_STATE_REGION | INTENT_BITS_WEIGHT},
	{"its own state goes before the region's", INTENT_MAINTENANCE, -1,
	 INTENT_DRAIN, 10, 0, 10,
	 INTENT_MAINTENANCE | INTENT_BITS_WEIGHT | INTENT_BITS_WEIGHT_REGION},
};

/* A node that registered with weight 50. */
static void test_intents_go_before_registrations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(effect_rows); i++) {
		const struct effect_row *row = &effect_rows[i];
		struct world w;
		struct catalog *cat;

		world_init(&w);
		if (row->own_weight > -2)
			world_intend(&w, INTENT_NODE, "a", row->own_state,
				     row->own_weight, NAN);
		world_put(&w, &(struct world_node){.id = "a", .weight = 50});
		cat = catalog_of(w.fleet, NULL);
		if (row->region_weight > -2)
			world_intend(&w, INTENT_REGION, "r1", row->region_state,
				     row->region_weight, NAN);
		cat = catalog_of(w.fleet, cat);
		if (cat->nodes[0].limit != row->limit ||
		    cat->nodes[0].weight != row->weight ||
		    cat->nodes[0].intent != row->intent)
			fail_msg("%s: %g %u %u", row->rule, cat->nodes[0].limit,
				 cat->nodes[0].weight, cat->nodes[0].intent);
		world_release(&w, INTENT_NODE, "a");
		world_release(&w, INTENT_REGION, "r1");
		cat = catalog_of(w.fleet, cat);
		assert_true(cat->nodes[0].limit == 500);
		assert_int_equal(cat->nodes[0].intent, 0);
		catalog_unref(&cat);
		world_fini(&w);
	}
}

static void check_bias(struct world *w, struct catalog **cat, const char *rule,
		       double want_km, unsigned by_intent)
{
	*cat = catalog_of(w->fleet, *cat);
	if ((*cat)->sites[0].place.bias_km != want_km ||
	    (*cat)->sites[0].bias_by_intent != by_intent)
		fail_msg("%s: %g", rule, (*cat)->sites[0].place.bias_km);
}

static void test_bias(void **state)
{
	struct feed_region region = {.id = "r1", .bias_km = 9};
	struct catalog *cat = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	fleet_put_region(w.fleet, &region);
	world_put(&w, &(struct world_node){.id = "a"});
	world_put(&w, &(struct world_node){.id = "b"});
	check_bias(&w, &cat, "the region's own", 9, 0);
	world_intend(&w, INTENT_REGION, "r1", INTENT_UP, -1, 100);
	check_bias(&w, &cat, "an intent's instead of it", 100, 1);
	world_intend(&w, INTENT_REGION, "r1", INTENT_UP, -1, 0);
	check_bias(&w, &cat, "0 is a word, too", 0, 1);
	world_intend(&w, INTENT_NODE, "a", INTENT_UP, -1, 50);
	check_bias(&w, &cat, "one node of two moves no site", 0, 1);
	world_intend(&w, INTENT_NODE, "b", INTENT_UP, -1, 60);
	check_bias(&w, &cat, "nodes that differ neither", 0, 1);
	world_intend(&w, INTENT_NODE, "b", INTENT_UP, -1, 50);
	check_bias(&w, &cat, "all of them do", 50, 1);
	world_release(&w, INTENT_NODE, "b");
	world_release(&w, INTENT_REGION, "r1");
	check_bias(&w, &cat, "released: the region's own again", 9, 0);
	world_intend(&w, INTENT_REGION, "r1", INTENT_DRAIN, 20, NAN);
	check_bias(&w, &cat, "an intent that says nothing of it", 9, 0);
	catalog_unref(&cat);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many_sites),
		cmocka_unit_test(test_a_site_lies_where_its_nodes_do),
		cmocka_unit_test(test_carriers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_intents_go_before_registrations),
		cmocka_unit_test(test_bias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
