/*
 * test_suspects.c - how many clients it takes, for how long, and what of a
 * site may be suspect at most.
 */
#include "balancer/suspects.h"

#include "tests/unit/balancer/ranking_world.h"

#define START_MS WORLD_NOW_MS

static struct addr parse(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void put_node(struct world *w, const char *id, const char *service,
		     const char *addr)
{
	struct feed_node node = world_feed_node(&(struct world_node){
		.id = id, .service = service, .families = CARD_HAS_IPV6});

	node.record.ipv4_count = 1;
	node.record.ipv4[0] = parse(addr);
	fleet_put(w->fleet, &node, w->now_ms);
}

static bool report(struct world *w, struct suspects *suspects, const char *node,
		   const char *reporter, int64_t at_ms)
{
	const struct suspects_report r = {
		.node = parse(node),
		.reporter = parse(reporter),
		.service_hash = hash_text(SV("im")),
	};

	return suspects_report(suspects, w->fleet, &r, START_MS + at_ms);
}

/* -- how many ------------------------------------------------------------ */

struct said {
	const char *by;
	int64_t at_ms;
};

static const struct row {
	const char *rule;
	struct said said[7];
	bool want;
} rows[] = {
	{"five networks at once",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 0},
	  {"1.0.3.1", 0},
	  {"1.0.4.1", 0},
	  {"1.0.5.1", 0}},
	 true},
	{"four are too few",
	 {{"1.0.1.1", 0}, {"1.0.2.1", 0}, {"1.0.3.1", 0}, {"1.0.4.1", 0}},
	 false},
	{"two clients of one /24 count once",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 0},
	  {"1.0.3.1", 0},
	  {"1.0.4.1", 0},
	  {"1.0.4.255", 0}},
	 false},
	{"neighbouring /24 are two",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 0},
	  {"1.0.3.1", 0},
	  {"1.0.4.255", 0},
	  {"1.0.5.0", 0}},
	 true},
	{"one /48 counts once",
	 {{"2001:db8:1::1", 0},
	  {"2001:db8:2::1", 0},
	  {"2001:db8:3::1", 0},
	  {"2001:db8:4::1", 0},
	  {"2001:db8:4:ffff::1", 0}},
	 false},
	{"five /48",
	 {{"2001:db8:1::1", 0},
	  {"2001:db8:2::1", 0},
	  {"2001:db8:3::1", 0},
	  {"2001:db8:4::1", 0},
	  {"2001:db8:5::1", 0}},
	 true},
	{"both families count together",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 0},
	  {"2001:db8:3::1", 0},
	  {"2001:db8:4::1", 0},
	  {"2001:db8:5::1", 0}},
	 true},
	{"an IPv4 client behind 6to4 is that IPv4 client",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 0},
	  {"1.0.3.1", 0},
	  {"1.0.4.1", 0},
	  {"2002:100:401::1", 0}},
	 false},
	{"the first one is 2 s old: still counts",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 500},
	  {"1.0.3.1", 1000},
	  {"1.0.4.1", 1500},
	  {"1.0.5.1", 2000}},
	 true},
	{"the first one is older than 2 s",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 500},
	  {"1.0.3.1", 1000},
	  {"1.0.4.1", 1500},
	  {"1.0.5.1", 2001}},
	 false},
	{"said again it is fresh again",
	 {{"1.0.1.1", 0},
	  {"1.0.1.1", 1000},
	  {"1.0.2.1", 1000},
	  {"1.0.3.1", 1000},
	  {"1.0.4.1", 1500},
	  {"1.0.5.1", 2500}},
	 true},
	{"a sixth network takes the oldest one's place",
	 {{"1.0.1.1", 0},
	  {"1.0.2.1", 1000},
	  {"1.0.3.1", 1000},
	  {"1.0.4.1", 1500},
	  {"1.0.5.1", 2500},
	  {"1.0.6.1", 2600}},
	 true},
};

static void check_row(const struct row *row)
{
	struct suspects *suspects = suspects_new();
	bool doubted = false;
	struct world w;

	world_init(&w);
	put_node(&w, "a", "im", "32.0.0.1");
	put_node(&w, "b", "im", "32.0.0.2");
	for (const struct said *s = row->said; s->by; s++)
		doubted = report(&w, suspects, "32.0.0.1", s->by, s->at_ms);
	assert_int_equal(doubted, row->want);
	assert_int_equal(suspects_counts(suspects)->doubts, row->want);
	assert_int_equal(fleet_find(w.fleet, "b")->doubted_until_ms, 0);
	suspects_free(&suspects);
	world_fini(&w);
}

static void test_how_many_and_how_fast(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		check_row(&rows[i]);
	}
}

/* -- for how long, and who ----------------------------------------------- */

/* Five networks say so at @at_ms. */
static bool all_report(struct world *w, struct suspects *suspects,
		       const char *node, int64_t at_ms)
{
	static const char *const networks[] = {"1.0.1.1", "1.0.2.1", "1.0.3.1",
					       "1.0.4.1", "1.0.5.1"};
	bool news = false;

	for (size_t i = 0; i < ARRAY_LEN(networks); i++)
		news |= report(w, suspects, node, networks[i], at_ms);
	return news;
}

static int64_t doubted_ms(struct world *w, const char *id)
{
	int64_t until_ms = fleet_find(w->fleet, id)->doubted_until_ms;

	return until_ms ? until_ms - START_MS : 0;
}

static void test_for_ten_seconds_after_the_last_of_them(void **state)
{
	struct suspects *suspects = suspects_new();
	struct world w;

	(void)state;
	world_init(&w);
	put_node(&w, "a", "im", "32.0.0.1");
	assert_true(all_report(&w, suspects, "32.0.0.1", 0));
	assert_int_equal(doubted_ms(&w, "a"), 10000);
	/* one more network is no longer enough: nothing is prolonged */
	assert_false(report(&w, suspects, "32.0.0.1", "1.0.6.1", 2001));
	assert_int_equal(doubted_ms(&w, "a"), 10000);
	/* five are, and it is no news */
	assert_false(all_report(&w, suspects, "32.0.0.1", 9999));
	assert_int_equal(doubted_ms(&w, "a"), 19999);
	/* it was over: news again */
	assert_true(all_report(&w, suspects, "32.0.0.1", 19999));
	assert_int_equal(suspects_counts(suspects)->doubts, 2);
	suspects_free(&suspects);
	world_fini(&w);
}

static void test_who_is_meant(void **state)
{
	struct suspects *suspects = suspects_new();
	struct world w;
	struct feed_node again;

	(void)state;
	world_init(&w);
	put_node(&w, "a", "im", "32.0.0.1");
	put_node(&w, "a2", "im", "32.0.0.1");
	put_node(&w, "other", "push", "32.0.0.1");
	assert_false(all_report(&w, suspects, "32.0.0.9", 0));
	assert_int_equal(suspects_counts(suspects)->unknown, 5);
	assert_true(all_report(&w, suspects, "32.0.0.1", 0));
	assert_int_equal(suspects_counts(suspects)->unknown, 5);
	assert_int_equal(suspects_counts(suspects)->reports, 10);
	assert_int_equal(doubted_ms(&w, "a"), 10000);
	assert_int_equal(doubted_ms(&w, "a2"), 10000);
	assert_int_equal(doubted_ms(&w, "other"), 0);
	/* a new process at the old address is not doubted */
	again = world_feed_node(
		&(struct world_node){.id = "a", .families = CARD_HAS_IPV6});
	again.record.boot_epoch++;
	fleet_put(w.fleet, &again, w.now_ms);
	assert_int_equal(doubted_ms(&w, "a"), 0);
	suspects_free(&suspects);
	world_fini(&w);
}

/* More nodes under report than there is room for: those that are reported
 * fast are noticed all the same. */
static void test_a_spray_of_reports_does_not_hide_a_failure(void **state)
{
	struct suspects *suspects = suspects_new();
	struct world w;
	bool news = false;

	(void)state;
	world_init(&w);
	put_node(&w, "a", "im", "32.0.0.1");
	for (uint32_t i = 0; i < 20000; i++) {
		char id[16], addr[ADDR_TEXT_MAX];
		struct addr node = addr_from_v4_host(0x21000000 + i);
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "x%u", i);
		put_node(&w, buf_cstr(&b), "im", addr_text(&node, addr));
		report(&w, suspects, addr, "9.9.9.9", i / 10);
		if (i % 100 != 0)
			continue;
		addr_text(&(struct addr){.family = ADDR_V4,
					 .bytes = {1, 0, (uint8_t)(i / 100)}},
			  addr);
		news |= report(&w, suspects, "32.0.0.1", addr, i / 10);
	}
	assert_true(news);
	assert_int_equal(suspects_counts(suspects)->doubts, 1);
	suspects_free(&suspects);
	world_fini(&w);
}

/* -- at most a fifth ----------------------------------------------------- */

static void test_how_many_of_a_site(void **state)
{
	static const struct allowed {
		uint32_t up, want;
	} table[] = {{0, 0},  {1, 0},  {2, 1},	{4, 1},	 {5, 1},   {9, 1},
		     {10, 2}, {14, 2}, {15, 3}, {24, 4}, {100, 20}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_int_equal(suspects_allowed(table[i].up), table[i].want);
}

/* @count nodes in a site, all of them doubted, the first @down not up. */
static void check_site(unsigned count, unsigned down, uint32_t want)
{
	struct suspects *suspects = suspects_new();
	const struct snapshot_service *service;
	struct snapshot *snap;
	uint32_t suspect = 0;
	struct world w;

	world_init(&w);
	for (unsigned i = 0; i < count; i++) {
		char id[16], addr[ADDR_TEXT_MAX];
		struct addr node = addr_from_v4_host(0x20000000 + i);
		struct feed_node feed;
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%02u", i);
		feed = world_feed_node(&(struct world_node){
			.id = buf_cstr(&b),
			.families = CARD_HAS_IPV4,
			.state = i < down ? NODE_SUSPECT : NODE_UP});
		feed.record.ipv4[0] = node;
		fleet_put(w.fleet, &feed, w.now_ms);
		all_report(&w, suspects, addr_text(&node, addr), 0);
	}
	snap = world_build(&w);
	service = &snap->services[0];
	for (uint32_t i = 0; i < service->node_count; i++) {
		const struct snapshot_node *node = &service->nodes[i];

		suspect += node->by_clients;
		assert_int_equal(node->tier, node->by_clients || i < down
						     ? TIER_SUSPECT
						     : TIER_OPEN);
		assert_int_equal(node->why == WHY_SUSPECT,
				 node->tier == TIER_SUSPECT);
	}
	assert_int_equal(suspect, want);
	assert_int_equal(service->by_clients_count, want);
	snapshot_free(snap);
	suspects_free(&suspects);
	world_fini(&w);
}

static void test_at_most_a_fifth_of_a_site(void **state)
{
	(void)state;
	check_site(1, 0, 0); /* never the only one */
	check_site(2, 0, 1);
	check_site(4, 0, 1);
	check_site(10, 0, 2);
	check_site(24, 0, 4);
	check_site(10, 8, 1); /* of those that are healthy otherwise */
	check_site(10, 9, 0);
}

static void test_it_comes_after_the_others_and_comes_back(void **state)
{
	struct suspects *suspects = suspects_new();
	struct world w;

	(void)state;
	world_init(&w);
	put_node(&w, "a", "im", "32.0.0.1");
	put_node(&w, "b", "im", "32.0.0.2");
	all_report(&w, suspects, "32.0.0.1", 0);
	for (int64_t at_ms = 0; at_ms <= 10000; at_ms += 9999) {
		struct snapshot *snap;
		unsigned a_first = 0;

		w.now_ms = START_MS + at_ms + (at_ms > 0);
		snap = world_build(&w);
		for (uint64_t key = 1; key <= 100; key++) {
			struct draw_list list =
				world_draw(&snap->services[0], 0, hash_mix(key),
					   5, SNAPSHOT_V46);

			assert_int_equal(list.count, 2); /* never deleted */
			a_first += list.entries[0].node == 0;
		}
		if (at_ms == 0)
			assert_int_equal(a_first, 0);
		else
			assert_in_range(a_first, 20, 80);
		snapshot_free(snap);
	}
	suspects_free(&suspects);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_how_many_and_how_fast),
		cmocka_unit_test(test_for_ten_seconds_after_the_last_of_them),
		cmocka_unit_test(test_who_is_meant),
		cmocka_unit_test(
			test_a_spray_of_reports_does_not_hide_a_failure),
		cmocka_unit_test(test_how_many_of_a_site),
		cmocka_unit_test(test_at_most_a_fifth_of_a_site),
		cmocka_unit_test(test_it_comes_after_the_others_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
