/*
 * test_what_if.c - the copy is ranked as the original would be, and nothing of
 * the original changes.
 */
#include "balancer/what_if.h"

#include "tests/unit/balancer/random_world.h"

struct setting {
	struct world world;
	struct what_if *w;
	uint16_t cell;
};

/* The only cells are those of the map: two overrides. */
static struct view_map *make_map(void)
{
	static struct cellmap_override overrides[2] = {{.has_place = true,
							.lat_deg = 1,
							.lon_deg = 1,
							.country = "DE"},
						       {.has_place = true,
							.lat_deg = 1,
							.lon_deg = 31,
							.country = "DE"}};
	struct cellmap_config config = {.overrides = overrides,
					.override_count = 2};
	struct cellmap *map;
	char why[128];
	struct buf b;

	assert_int_equal(
		addr_parse_prefix(SV("10.0.0.0/8"), &overrides[0].prefix), 0);
	assert_int_equal(
		addr_parse_prefix(SV("11.0.0.0/8"), &overrides[1].prefix), 0);
	buf_init_fixed(&b, why, sizeof(why));
	assert_int_equal(cellmap_build(&config, &map, &b), 0);
	return view_map_new(map, 0);
}

static void put_nodes(struct world *w)
{
	static const char *const east[] = {"e1", "e2", "e3"};

	for (unsigned i = 0; i < ARRAY_LEN(east); i++)
		world_put(w, &(struct world_node){.id = east[i],
						  .region = "east",
						  .conns = 100 * i});
	world_put(w, &(struct world_node){
			     .id = "w1", .region = "west", .lon = 30});
	world_put(w, &(struct world_node){
			     .id = "w2", .region = "west", .lon = 30});
}

static void set_up(struct setting *s)
{
	static struct balancer_settings settings;
	struct view_parts parts = {.map = make_map()};
	struct addr addr;

	world_init(&s->world);
	put_nodes(&s->world);
	parts.policy = policy_new(&settings);
	s->w = mem_alloc(sizeof(*s->w));
	s->w->view = view_new(&parts);
	assert_int_equal(addr_parse(SV("10.1.2.3"), &addr), 0);
	s->cell = cellmap_cell(parts.map->map, &addr);
	world_demand(&s->world, "im", s->cell, 20);
	memcpy(s->w->service, "im", 3);
	s->w->query =
		(struct draw_query){.key = 77, .cell = s->cell, .want = 3};
	s->w->fleet = fleet_copy(s->world.fleet);
	s->w->demand = demand_copy(s->world.demand);
	s->w->now_ms = s->w->synced_at_ms = s->world.now_ms;
	s->w->replica_count = 1;
	buf_init(&s->w->body, 1 << 20);
	view_map_unref(&parts.map);
	policy_unref(&parts.policy);
}

static void tear_down(struct setting *s)
{
	what_if_free(&s->w);
	world_fini(&s->world);
}

/* @number is the weight or the bias. */
static void change(struct setting *s, enum what_if_kind kind, const char *name,
		   uint32_t number)
{
	struct what_if_change *to = &s->w->changes[s->w->change_count++];

	to->kind = kind;
	to->scope = what_if_scope(kind);
	to->weight = number;
	to->bias_km = number;
	world_text(to->name, sizeof(to->name), name);
}

static const struct row {
	const char *rule;
	enum what_if_kind kind;
	const char *name;
	uint32_t weight;
	const char *says, *missing;
} rows[] = {
	{"a node that is gone takes no part", WHAT_IF_WITHOUT, "e1", 0,
	 "\"after\":null", NULL},
	{"a drained region takes no part", WHAT_IF_DRAINED, "east", 0,
	 "\"answer\":{\"before\":[\"e", NULL},
	{"another weight is another share", WHAT_IF_WEIGHT, "e2", 10,
	 "\"changes\":[{\"kind\":\"weight\",\"scope\":\"node\","
	 "\"name\":\"e2\",\"weight\":10,\"bias_km\":null}]",
	 NULL},
	{"a region's weight when no node has the name", WHAT_IF_WEIGHT, "east",
	 0, "\"scope\":\"region\",\"name\":\"east\",\"weight\":0", NULL},
	{"a node drains when no region has the name", WHAT_IF_DRAINED, "e1", 0,
	 "{\"id\":\"e1\",\"site\":\"east\",\"before\":{\"share\":0.", NULL},
	{"a bias brings a region nearer", WHAT_IF_BIAS, "west", 5000,
	 "{\"site\":\"west\",\"region\":\"west\",\"zone\":\"\",\"before\":"
	 "{\"rank\":1,",
	 NULL},
	{"and it is chosen", WHAT_IF_BIAS, "west", 5000,
	 "\"after\":{\"rank\":0,\"share\":1.0000", NULL},
	{"the same weight changes nothing", WHAT_IF_WEIGHT, "e2", 100,
	 "\"change\":0.0000", NULL},
	{"a release of what has no intent changes nothing", WHAT_IF_RELEASE,
	 "e2", 0, "\"change\":0.0000", NULL},
	{"a release of nobody", WHAT_IF_RELEASE, "x", 0, "", "x"},
	{"a node that is not there", WHAT_IF_WITHOUT, "east", 0, "", "east"},
	{"a region that is not there", WHAT_IF_DRAINED, "x", 0, "", "x"},
	{"a bias for nobody", WHAT_IF_BIAS, "x", 1, "", "x"},
	{"a weight for nobody", WHAT_IF_WEIGHT, "x", 1, "", "x"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct setting s = {.cell = 0};

		set_up(&s);
		change(&s, row->kind, row->name, row->weight);
		what_if_run(s.w);
		if (row->missing) {
			assert_non_null(s.w->missing);
			assert_string_equal(s.w->missing->name, row->missing);
		} else {
			assert_null(s.w->missing);
			if (!strstr(buf_cstr(&s.w->body), row->says))
				fail_msg("%s: %s", row->rule,
					 buf_cstr(&s.w->body));
		}
		tear_down(&s);
	}
}

/* What is said of things as they are is what the real builder makes of them,
 * before and after. */
static void test_the_original_stays(void **state)
{
	struct setting s = {.cell = 0};
	struct snapshot *snap;
	struct draw_list first, second;

	(void)state;
	set_up(&s);
	s.world.cell_count = s.cell + 1U;
	snap = world_build(&s.world);
	first = world_draw(&snap->services[0], 0, 77, 3, SNAPSHOT_V46);
	snapshot_free(snap);
	change(&s, WHAT_IF_DRAINED, "west", 0);
	change(&s, WHAT_IF_WITHOUT, "e3", 0);
	what_if_run(s.w);
	assert_null(s.w->missing);
	assert_non_null(fleet_find(s.world.fleet, "e3"));
	assert_null(fleet_find(s.w->fleet, "e3"));
	assert_non_null(fleet_intents_find(fleet_intents(s.w->fleet),
					   INTENT_REGION, "west"));
	assert_null(fleet_intents_find(fleet_intents(s.world.fleet),
				       INTENT_REGION, "west"));
	snap = world_build(&s.world);
	second = world_draw(&snap->services[0], 0, 77, 3, SNAPSHOT_V46);
	assert_int_equal(first.count, second.count);
	for (unsigned i = 0; i < first.count; i++)
		assert_int_equal(first.entries[i].node, second.entries[i].node);
	snapshot_free(snap);
	tear_down(&s);
}

static const struct preview_row {
	const char *rule;
	enum what_if_kind kind;
	const char *name;
	uint32_t number;
	double demand_per_s;
	const char *says[3];
} preview_rows[] = {
	{"a drained region loses all it has, the other gets it",
	 WHAT_IF_DRAINED,
	 "east",
	 0,
	 20,
	 {"\"basis\":\"demand\",\"regions\":[{\"id\":\"east\",\"before\":"
	  "1.000000,\"after\":0.000000},{\"id\":\"west\",\"before\":0.000000,"
	  "\"after\":1.000000}]",
	  "\"moved_share\":1.000000,\"truncated\":false}",
	  "\"changes\":[{\"kind\":\"drained\",\"scope\":\"region\""}},
	{"what changes nothing moves nobody",
	 WHAT_IF_WEIGHT,
	 "w1",
	 100,
	 20,
	 {"\"nodes\":[],\"moved_share\":0.000000", "", ""}},
	{"nobody asks: by room",
	 WHAT_IF_DRAINED,
	 "west",
	 0,
	 0,
	 {"\"basis\":\"room\"", "{\"id\":\"west\",\"before\":0.4",
	  "\"after\":0.000000}"}},
};

static void test_preview(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(preview_rows); i++) {
		const struct preview_row *row = &preview_rows[i];
		struct setting s = {.cell = 0};

		set_up(&s);
		demand_set_rate(s.w->demand, 0, s.cell, row->demand_per_s);
		change(&s, row->kind, row->name, row->number);
		s.w->asked = WHAT_IF_ALL;
		what_if_run(s.w);
		assert_null(s.w->missing);
		for (unsigned j = 0; j < 3; j++)
			if (!strstr(buf_cstr(&s.w->body), row->says[j]))
				fail_msg("%s: %s", row->rule,
					 buf_cstr(&s.w->body));
		tear_down(&s);
	}
}

/* What operators say already stays beside what is asked. */
static void test_beside_an_intent(void **state)
{
	const struct intent known = {.scope = INTENT_NODE,
				     .id = "e1",
				     .state = INTENT_DRAIN,
				     .has_bias = true,
				     .bias_km = 3};
	struct setting s = {.cell = 0};
	const struct intent *now;

	(void)state;
	set_up(&s);
	fleet_put_intent(s.w->fleet, &known);
	change(&s, WHAT_IF_WEIGHT, "e1", 70);
	what_if_run(s.w);
	now = fleet_find(s.w->fleet, "e1")->intent;
	assert_int_equal(now->state, INTENT_DRAIN);
	assert_int_equal(now->weight, 70);
	assert_true(now->bias_km == 3);
	tear_down(&s);
}

static const struct release_row {
	const char *rule;
	struct intent known; /* holds until then */
	const char *says[2];
} releases[] = {
	{"a drained region gets its clients back",
	 {.scope = INTENT_REGION, .id = "east", .state = INTENT_DRAIN},
	 {"{\"id\":\"east\",\"before\":0.000000,\"after\":1.000000}",
	  "\"moved_share\":1.000000"}},
	{"a node in maintenance its share",
	 {.scope = INTENT_NODE, .id = "e1", .state = INTENT_MAINTENANCE},
	 {"{\"id\":\"e1\",\"before\":0.000000,\"after\":0.",
	  "\"changes\":[{\"kind\":\"release\",\"scope\":\"node\","
	  "\"name\":\"e1\",\"weight\":null,\"bias_km\":null}]"}},
	{"a region is as far as it is",
	 {.scope = INTENT_REGION,
	  .id = "west",
	  .has_bias = true,
	  .bias_km = 9000},
	 {"{\"id\":\"west\",\"before\":1.000000,\"after\":0.000000}",
	  "\"moved_share\":1.000000"}},
	{"an intent for one that is to come moves nobody",
	 {.scope = INTENT_REGION, .id = "north", .state = INTENT_DRAIN},
	 {"\"nodes\":[]", "\"moved_share\":0.000000"}},
};

static void test_releases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(releases); i++) {
		const struct release_row *row = &releases[i];
		struct setting s = {.cell = 0};

		set_up(&s);
		fleet_put_intent(s.w->fleet, &row->known);
		change(&s, WHAT_IF_RELEASE, row->known.id, 0);
		s.w->changes[0].scope = row->known.scope;
		s.w->asked = WHAT_IF_ALL;
		what_if_run(s.w);
		assert_null(s.w->missing);
		for (unsigned j = 0; j < 2; j++)
			if (!strstr(buf_cstr(&s.w->body), row->says[j]))
				fail_msg("%s: %s", row->rule,
					 buf_cstr(&s.w->body));
		tear_down(&s);
	}
}

/* A copy of a fleet goes on as the fleet does. */
static void test_a_copy_is_ranked_alike(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++) {
		struct fleet *original;
		struct snapshot *a, *b;
		struct world w;

		world_random(&w, seed);
		snapshot_free(world_build(&w));
		w.now_ms += 1000;
		original = w.fleet;
		w.fleet = fleet_copy(original);
		snapshot_builder_free(&w.builder);
		w.builder = snapshot_builder_new(1);
		a = world_build(&w);
		fleet_free(&w.fleet);
		w.fleet = original;
		snapshot_builder_free(&w.builder);
		w.builder = snapshot_builder_new(1);
		b = world_build(&w);
		for (uint32_t i = 0; i < a->services[0].node_count; i++) {
			const struct snapshot_node *x =
				&a->services[0].nodes[i];
			const struct snapshot_node *y =
				&b->services[0].nodes[i];

			assert_true(x->card == y->card);
			assert_true(x->weight == y->weight);
			assert_true(x->est == y->est);
			assert_int_equal(x->tier, y->tier);
		}
		snapshot_free(a);
		snapshot_free(b);
		world_fini(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_the_original_stays),
		cmocka_unit_test(test_beside_an_intent),
		cmocka_unit_test(test_preview),
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_a_copy_is_ranked_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
