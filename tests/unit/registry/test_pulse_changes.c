/* The picture of a fleet, and which nodes viewers are told of next. */
#include "registry/pulse_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define MANY 5000

static struct world {
	struct lease_table *leases;
	struct region_table *regions;
	struct override_table *overrides;
	struct balancer_table *balancers;
	struct feed_ring *ring;
	struct report_sum *sum;
	struct pulse_changes changes;
	int64_t now_ms;
	uint64_t seq;
} w;

static void on_lease(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	(void)before;
	(void)arg;
	lease->rev = feed_ring_add(w.ring, FEED_RING_NODE, lease->record.id,
				   event == LEASE_LEFT ? "left" : NULL);
}

static void on_override(struct override *entry, enum override_event event,
			void *arg)
{
	(void)arg;
	feed_ring_add(w.ring,
		      entry->intent.scope == INTENT_NODE
			      ? FEED_RING_NODE_INTENT
			      : FEED_RING_REGION_INTENT,
		      entry->intent.id, event == OVERRIDE_PUT ? NULL : "gone");
}

static int setup(void **state)
{
	static const struct lease_config config = {MANY, 3};

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ms = 1000;
	w.ring = feed_ring_new(8192, "e");
	w.leases = lease_table_new(&config, w.now_ms, on_lease, NULL);
	w.regions = region_table_new();
	w.overrides = override_table_new(on_override, NULL);
	w.balancers = balancer_table_new(w.now_ms);
	w.sum = report_sum_new(w.balancers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	report_sum_free(&w.sum);
	balancer_table_free(&w.balancers);
	override_table_free(&w.overrides);
	region_table_free(&w.regions);
	lease_table_free(&w.leases);
	feed_ring_free(&w.ring);
	return 0;
}

static void copy(char *dst, const char *text)
{
	memcpy(dst, text, strlen(text) + 1);
}

static void add(const char *id, uint32_t weight, uint32_t capacity)
{
	struct node_record r = {.service = "im",
				.region = "eu",
				.capacity = capacity,
				.weight = weight,
				.ports.tcp = 1,
				.ttl_ms = 60000,
				.boot_epoch = 1,
				.ipv4_count = 1};
	enum lease_verdict verdict;
	const struct lease *lease;

	copy(r.id, id);
	assert_int_equal(
		lease_register(w.leases, &r, w.now_ms, &verdict, &lease), 0);
}

static void add_number(unsigned number)
{
	char id[NODE_ID_BYTES];
	struct buf text;

	buf_init_fixed(&text, id, sizeof(id));
	buf_printf(&text, "n-%05u", number);
	add(buf_cstr(&text), 100, 1000);
}

static void renew(const char *id, uint32_t conns)
{
	struct node_load load = {.boot_epoch = 1, .conns = conns};
	const struct lease *lease;

	load.seq = ++w.seq;
	assert_int_equal(
		lease_renew(w.leases, sv_str(id), &load, w.now_ms, &lease), 0);
}

static void want(enum intent_scope scope, const char *id,
		 enum intent_state state, int weight)
{
	struct intent intent = {.scope = scope,
				.state = state,
				.has_weight = weight >= 0,
				.weight = weight >= 0 ? (uint32_t)weight : 0};

	copy(intent.id, id);
	override_put(w.overrides, &intent);
}

static struct picture_source source(void)
{
	return (struct picture_source){.leases = w.leases,
				       .regions = w.regions,
				       .overrides = w.overrides,
				       .balancers = w.balancers,
				       .sum = w.sum};
}

/* How many nodes are told of after another second. */
static size_t look(void)
{
	struct picture_source from = source();

	w.now_ms += 1000;
	assert_int_equal(
		pulse_changes_look(&w.changes, w.ring, &from, w.sum, w.now_ms),
		0);
	return w.changes.changed_count;
}

static void begin(void)
{
	w.now_ms += 1;
	pulse_changes_begin(&w.changes, feed_ring_rev(w.ring), w.now_ms);
}

static const char *why(const char *id)
{
	struct picture_source from = source();

	return picture_node(&from, lease_find(w.leases, sv_str(id))).why;
}

static void why_a_node_takes_no_clients(void **state)
{
	(void)state;
	add("ok", 100, 10);
	add("full", 100, 10);
	add("zero", 0, 10);
	add("drains", 100, 10);
	add("repaired", 0, 10);
	add("weighted", 0, 10);
	add("unweighted", 100, 10);
	renew("ok", 9);
	renew("full", 10);
	want(INTENT_NODE, "drains", INTENT_DRAIN, -1);
	want(INTENT_NODE, "repaired", INTENT_MAINTENANCE, -1);
	want(INTENT_NODE, "weighted", INTENT_UP, 50);
	want(INTENT_NODE, "unweighted", INTENT_UP, 0);
	assert_string_equal(why("ok"), "");
	assert_string_equal(why("full"), "full");
	assert_string_equal(why("zero"), "weight 0");
	assert_string_equal(why("drains"), "drain");
	assert_string_equal(why("repaired"), "maintenance");
	assert_string_equal(why("weighted"), "");
	assert_string_equal(why("unweighted"), "weight 0");
	want(INTENT_REGION, "eu", INTENT_DRAIN, -1);
	assert_string_equal(why("ok"), "drain");
}

static void sums_count_who_is_there(void **state)
{
	struct picture_source from;
	struct picture picture;

	(void)state;
	add("a", 100, 10);
	add("b", 100, 10);
	add("c", 70, 10);
	renew("a", 4);
	renew("b", 10);
	renew("c", 1);
	want(INTENT_NODE, "c", INTENT_MAINTENANCE, -1);
	from = source();
	picture_take(&picture, &from, w.now_ms);
	assert_int_equal(picture.sum.nodes, 3);
	assert_int_equal(picture.sum.ready, 1);
	assert_int_equal(picture.sum.draining, 1);
	assert_int_equal(picture.sum.conns, 14); /* without maintenance */
	assert_int_equal(picture.sum.capacity, 20);
	assert_int_equal(picture.sum.weight, 100);
	assert_int_equal(picture.region_count, 1);
	assert_string_equal(picture.regions[0].id, "eu");
	assert_null(picture.regions[0].feed); /* nobody said where it is */
	picture_fini(&picture);
}

static void a_region_has_one_state(void **state)
{
	static const struct {
		const char *rule, *state;
		struct picture_sum sum;
	} rows[] = {
		{"no node", "empty", {.nodes = 0}},
		{"all down", "down", {.nodes = 2, .down = 2}},
		{"all that live drain",
		 "drain",
		 {.nodes = 3, .down = 1, .draining = 2}},
		{"just below hot",
		 "ok",
		 {.nodes = 1, .conns = 799, .capacity = 1000}},
		{"hot", "hot", {.nodes = 1, .conns = 800, .capacity = 1000}},
		{"one below full",
		 "hot",
		 {.nodes = 1, .conns = 999, .capacity = 1000}},
		{"full", "full", {.nodes = 1, .conns = 1000, .capacity = 1000}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(picture_region_state(&rows[i].sum), rows[i].state) !=
		    0)
			fail_msg("%s", rows[i].rule);
	}
}

static void only_what_changed_is_told_once(void **state)
{
	(void)state;
	add("a", 100, 10);
	add("b", 100, 10);
	renew("a", 1);
	begin();
	assert_int_equal(look(), 0);
	renew("a", 2);
	add("c", 100, 10);
	renew("c", 1); /* new and renewed: once */
	assert_int_equal(look(), 2);
	w.now_ms++;
	assert_int_equal(look(), 0);
	assert_int_equal(lease_remove(w.leases, SV("b"), 1), 0);
	assert_int_equal(look(), 0);
	assert_int_equal(w.changes.gone_count, 1);
	assert_string_equal(w.changes.gone[0], "b");
	look();
	assert_int_equal(w.changes.gone_count, 0);
}

static void an_intent_changes_its_nodes(void **state)
{
	(void)state;
	add("a", 100, 10);
	add("b", 100, 10);
	begin();
	assert_int_equal(look(), 0);
	assert_false(w.changes.intents);
	want(INTENT_NODE, "a", INTENT_DRAIN, -1);
	assert_int_equal(look(), 1);
	assert_true(w.changes.intents);
	assert_string_equal(w.changes.changed[0]->record.id, "a");
	want(INTENT_REGION, "eu", INTENT_DRAIN, -1);
	assert_int_equal(look(), 2);
	assert_true(w.changes.intents);
	assert_int_equal(look(), 0);
	assert_false(w.changes.intents);
}

static void many_come_in_turn(void **state)
{
	size_t told = 0, most = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		add_number(i);
	begin();
	want(INTENT_REGION, "eu", INTENT_DRAIN, -1);
	for (unsigned second = 0; second < 3; second++) {
		size_t count = look();

		most = count > most ? count : most;
		told += count;
	}
	assert_int_equal(told, MANY);
	assert_int_equal(most, PULSE_CHANGES_SWEEP);
	assert_int_equal(look(), 0);
}

static void what_the_ring_has_lost_is_no_change(void **state)
{
	struct picture_source from = source();

	(void)state;
	begin();
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < MANY; i++)
			feed_ring_add(w.ring, FEED_RING_NODE, "x", NULL);
	assert_int_equal(
		pulse_changes_look(&w.changes, w.ring, &from, w.sum, w.now_ms),
		ERR_EXPIRED);
}

static struct report_sum *sum_with(double per_s)
{
	struct report report = {.boot_epoch = 1};

	report.nodes.items = mem_array(1, sizeof(*report.nodes.items));
	report.nodes.count = 1;
	copy(report.nodes.items[0].id, "a");
	report.nodes.items[0].per_s = per_s;
	assert_int_equal(
		balancer_table_report(w.balancers, SV("b"), &report, w.now_ms),
		0);
	return report_sum_new(w.balancers);
}

static void another_share_is_a_change(void **state)
{
	static const struct {
		const char *rule;
		double before, now;
		size_t told;
	} rows[] = {
		{"the same", 10, 10, 0},
		{"a hundredth more", 10, 10.1, 0},
		{"a twentieth more", 10, 10.5, 1},
		{"much of very little", 0.01, 0.04, 0},
		{"the first clients", 0, 5, 1},
		{"no more clients", 5, 0, 1},
	};

	(void)state;
	add("a", 100, 10);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report_sum *before = sum_with(rows[i].before);
		struct picture_source from;

		report_sum_free(&w.sum);
		w.sum = sum_with(rows[i].now);
		from = source();
		begin();
		assert_int_equal(pulse_changes_look(&w.changes, w.ring, &from,
						    before, w.now_ms),
				 0);
		if (w.changes.changed_count != rows[i].told)
			fail_msg("%s", rows[i].rule);
		report_sum_free(&before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(why_a_node_takes_no_clients,
						setup, teardown),
		cmocka_unit_test_setup_teardown(sums_count_who_is_there, setup,
						teardown),
		cmocka_unit_test(a_region_has_one_state),
		cmocka_unit_test_setup_teardown(only_what_changed_is_told_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_intent_changes_its_nodes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(many_come_in_turn, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			what_the_ring_has_lost_is_no_change, setup, teardown),
		cmocka_unit_test_setup_teardown(another_share_is_a_change,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
