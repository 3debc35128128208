/*
 * test_explain.c - the explanation says what draw_nodes() does.
 */
#include "balancer/explain.h"

#include "tests/unit/balancer/ranking_world.h"

#define OUT_MAX (1 << 20)

static struct buf explain(struct world *w, const struct snapshot *snap,
			  const struct draw_query *query)
{
	struct explain_client client = {.place = {.source = CELLMAP_MMDB,
						  .cell = query->cell,
						  .lat_deg = 1.5F,
						  .lon_deg = 2.25F,
						  .country = "BR",
						  .area = SV("Sao Paulo")}};
	struct buf out;

	assert_int_equal(addr_parse(SV("200.160.2.3"), &client.address), 0);
	buf_init(&out, OUT_MAX);
	explain_put(&out, snap, query, &client, &w->policy, w->now_ms + 40);
	assert_false(out.failed);
	return out;
}

static bool says(struct buf *out, const char *text)
{
	return strstr(buf_cstr(out), text) != NULL;
}

static void put_fleet(struct world *w)
{
	world_put(w, &(struct world_node){.id = "e1", .region = "east"});
	world_put(w, &(struct world_node){.id = "e2", .region = "east"});
	world_put(w, &(struct world_node){
			     .id = "e3", .region = "east", .conns = 1000});
	world_put(w, &(struct world_node){.id = "e4",
					  .region = "east",
					  .families = CARD_HAS_IPV4});
	world_put(w, &(struct world_node){
			     .id = "e5", .region = "east", .state = NODE_DOWN});
	world_put(w, &(struct world_node){.id = "w1",
					  .region = "west",
					  .zone = "a",
					  .lon = 20,
					  .weight = -1});
	world_put(w, &(struct world_node){.id = "w2",
					  .region = "west",
					  .zone = "a",
					  .lon = 20});
	world_put(w, &(struct world_node){.id = "w3",
					  .region = "west",
					  .zone = "a",
					  .lon = 20});
	world_intend(w, INTENT_NODE, "w3", INTENT_MAINTENANCE, -1, NAN);
	world_intend(w, INTENT_NODE, "w1", INTENT_UP, 0, NAN);
	world_intend(w, INTENT_REGION, "west", INTENT_UP, 50, 7);
}

/* "id":"X" stands before "position":N of the same object. */
static void check_positions(struct buf *out,
			    const struct snapshot_service *service,
			    const struct draw_list *list)
{
	const char *at = strstr(buf_cstr(out), "\"nodes\":[");

	assert_non_null(at);
	for (unsigned i = 0; i < list->count; i++) {
		char text[80];
		struct buf b;

		buf_init_fixed(&b, text, sizeof(text));
		buf_printf(&b, "{\"id\":\"%s\"",
			   world_id(service, list->entries[i].node));
		at = strstr(at, buf_cstr(&b));
		assert_non_null(at);
		buf_reset(&b);
		buf_printf(&b, "\"position\":%u", i + 1);
		at = strstr(at, buf_cstr(&b));
		assert_non_null(at);
	}
}

static void test_it_says_what_the_draw_does(void **state)
{
	struct world w;
	struct snapshot *snap;
	uint16_t cell;

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	put_fleet(&w);
	snap = world_build(&w);
	for (uint64_t key = 0; key < 50; key++) {
		struct draw_query query = {.service = &snap->services[0],
					   .key = hash_mix(key),
					   .cell = cell,
					   .want = 2,
					   .family = SNAPSHOT_V6};
		struct draw_list list;
		struct buf out = explain(&w, snap, &query);

		draw_nodes(&query, &list);
		assert_int_equal(list.count, 2);
		check_positions(&out, query.service, &list);
		buf_fini(&out);
	}
	snapshot_free(snap);
	world_fini(&w);
}

static void test_members(void **state)
{
	static const char *const wants[] = {
		"{\"snapshot\":{\"number\":1,\"revision\":7,\"age_ms\":40,"
		"\"service\":\"im\"}",
		"\"client\":{\"ip\":\"200.160.2.3\",\"country\":\"BR\","
		"\"area\":\"Sao Paulo\"",
		"\"lat\":1.5000,\"lon\":2.2500",
		"\"cell\":1,\"key\":\"000000000000002a\",\"family\":\"6\"}",
		"{\"site\":\"east\",\"region\":\"east\",\"zone\":\"\","
		"\"rank\":0,\"km\":0,\"carrier\":\"\",\"cost\":0,"
		"\"share\":1.0000",
		"{\"site\":\"west/a\",\"region\":\"west\",\"zone\":\"a\","
		"\"rank\":1,\"km\":2224,\"carrier\":\"\",\"cost\":2167,"
		"\"share\":0.0000",
		"\"ramp_ms\":30000,\"session_tau_s\":7200.0,"
		"\"replicas\":1,\"kappa\":1.000}",
		"\"chosen\":{\"site\":\"east\",\"rank\":0,\"u\":0.",
		"{\"id\":\"e3\",\"site\":\"east\",\"why\":\"at_capacity\"}",
		"{\"id\":\"e4\",\"site\":\"east\",\"why\":\"family\"}",
		"{\"id\":\"e5\",\"site\":\"east\",\"why\":\"expired\"}",
		"{\"id\":\"w3\",\"site\":\"west/a\",\"why\":\"maintenance\","
		"\"intent\":{\"state\":\"maintenance\",\"state_of\":\"node\","
		"\"weight\":50,\"weight_of\":\"region\"}}",
		"{\"id\":\"w1\",\"site\":\"west/a\",\"why\":\"drained\","
		"\"intent\":{\"weight\":0,\"weight_of\":\"node\"}}",
		"\"bias_km\":7,\"bias_by_intent\":true",
		"\"flags\":[]}",
	};
	struct world w;
	struct snapshot *snap;
	struct draw_query query = {.key = 42, .want = 2, .family = SNAPSHOT_V6};
	struct buf out;

	(void)state;
	world_init(&w);
	query.cell = world_cell(&w, 0, 0);
	put_fleet(&w);
	snap = world_build(&w);
	query.service = &snap->services[0];
	out = explain(&w, snap, &query);
	for (size_t i = 0; i < ARRAY_LEN(wants); i++)
		if (!says(&out, wants[i]))
			fail_msg("no %s in %s", wants[i], buf_cstr(&out));
	buf_fini(&out);
	snapshot_free(snap);
	world_fini(&w);
}

/* Last entries go by what was published: so that is shown, too. */
static void test_the_steady_est(void **state)
{
	static const struct row {
		const char *rule, *want;
		uint32_t conns;
	} rows[] = {
		{"at first, what is right is published",
		 "\"est\":100.0,\"steady_est\":100.0,\"limit\":1000.0", 100},
		{"it stays while that is within 2 % of the limit",
		 "\"est\":119.0,\"steady_est\":100.0,\"limit\":1000.0", 119},
		{"and goes along beyond",
		 "\"est\":121.0,\"steady_est\":121.0,\"limit\":1000.0", 121},
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct draw_query query = {.key = 42, .want = 2};
		struct snapshot *snap;
		struct buf out;

		world_put(&w, &(struct world_node){.id = "a",
						   .conns = rows[i].conns});
		snap = world_build(&w);
		query.service = &snap->services[0];
		out = explain(&w, snap, &query);
		if (!says(&out, rows[i].want))
			fail_msg("%s: no %s in %s", rows[i].rule, rows[i].want,
				 buf_cstr(&out));
		buf_fini(&out);
		snapshot_free(snap);
	}
	world_fini(&w);
}

static void test_flags(void **state)
{
	struct world w;
	struct snapshot *snap;
	struct draw_query query = {.key = 42, .want = 2};
	struct buf out;

	(void)state;
	world_init(&w);
	world_put(&w, &(struct world_node){.id = "a", .state = NODE_SUSPECT});
	snap = world_build(&w);
	query.service = &snap->services[0];
	out = explain(&w, snap, &query);
	assert_true(says(&out, "\"flags\":[\"panic\",\"anywhere\"]"));
	assert_true(says(&out, "\"km\":null"));
	buf_fini(&out);
	snapshot_free(snap);
	world_put(&w, &(struct world_node){.id = "a", .state = NODE_DOWN});
	snap = world_build(&w);
	query.service = &snap->services[0];
	out = explain(&w, snap, &query);
	assert_true(says(&out, "\"chosen\":null,\"nodes\":[]"));
	assert_true(says(&out, "\"empty\""));
	buf_fini(&out);
	snapshot_free(snap);
	world_fini(&w);
}

static void test_a_huge_site_is_cut(void **state)
{
	struct world w;
	struct snapshot *snap;
	struct draw_query query = {.key = 42, .want = 16};
	struct buf out;

	(void)state;
	world_init(&w);
	query.cell = world_cell(&w, 0, 0);
	for (unsigned i = 0; i < 600; i++) {
		char id[8];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%03u", i);
		buf_cstr(&b);
		world_put(&w, &(struct world_node){.id = id,
						   .conns = i % 2 ? 1000 : 0});
	}
	snap = world_build(&w);
	query.service = &snap->services[0];
	out = explain(&w, snap, &query);
	assert_true(says(&out, "\"position\":16"));
	assert_true(says(&out, "\"truncated\""));
	assert_true(out.len < 128 * 1024);
	buf_fini(&out);
	snapshot_free(snap);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_says_what_the_draw_does),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_the_steady_est),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_a_huge_site_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
