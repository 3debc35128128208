/* Watch lines: round trips of every type, and lines that are refused whole. */
#include "lib/proto/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

/* Everything that a sink was given, as one text. */
struct seen {
	struct buf text;
	struct feed_node node;
	struct feed_region region;
	struct feed_load load;
	struct intent intent;
};

static void on_node(void *arg, const struct feed_node *node, uint64_t rev)
{
	struct seen *seen = arg;

	seen->node = *node;
	buf_printf(&seen->text, "node %s %d;", node->record.id, (int)rev);
}

static void on_gone(void *arg, const char *id, const char *why, uint64_t rev)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "gone %s %s %d;", id, why, (int)rev);
}

static void on_region(void *arg, const struct feed_region *region, uint64_t rev)
{
	struct seen *seen = arg;

	seen->region = *region;
	buf_printf(&seen->text, "region %s%s %d;", region->id,
		   region->gone ? " gone" : "", (int)rev);
}

static void on_intent(void *arg, const struct intent *intent, uint64_t rev)
{
	struct seen *seen = arg;

	seen->intent = *intent;
	buf_str(&seen->text, "intent ");
	intent_put_target(&seen->text, intent->scope, intent->id);
	buf_printf(&seen->text, "%s %d;", intent->gone ? " gone" : "",
		   (int)rev);
}

static void on_load(void *arg, const struct feed_load *load)
{
	struct seen *seen = arg;

	seen->load = *load;
	buf_printf(&seen->text, "load %s %u;", load->id, load->conns);
}

static void on_synced(void *arg, const char *epoch, uint64_t rev)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "synced %s %d;", epoch, (int)rev);
}

static void on_balancers(void *arg, unsigned count)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "balancers %u;", count);
}

static void on_ping(void *arg, uint64_t rev)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "ping %d;", (int)rev);
}

static void on_reset(void *arg, const char *why)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "reset %s;", why);
}

static int read_text(struct seen *seen, struct sv line, struct json_problem *p)
{
	struct feed_sink sink = {
		.node = on_node,
		.gone = on_gone,
		.region = on_region,
		.intent = on_intent,
		.load = on_load,
		.balancers = on_balancers,
		.synced = on_synced,
		.ping = on_ping,
		.reset = on_reset,
		.arg = seen,
	};

	buf_init(&seen->text, 65536);
	return feed_read_line(line, &sink, p);
}

/* What comes out of the one line in @b, which is reset. */
static void reads_as(struct seen *seen, struct buf *b, const char *want)
{
	struct sv line = buf_view(b);
	struct json_problem p;

	assert_false(b->failed);
	assert_int_equal(line.ptr[line.len - 1], '\n');
	assert_null(memchr(line.ptr, '\n', line.len - 1));
	line.len--;
	assert_int_equal(read_text(seen, line, &p), 0);
	assert_string_equal(buf_cstr(&seen->text), want);
	buf_fini(&seen->text);
	buf_reset(b);
}

static struct feed_node sample_node(const char *id)
{
	struct feed_node node = {
		.record =
			{
				.service = "im",
				.region = "eu",
				.ports = {.tcp = 3101},
				.weight = 100,
				.capacity = 5,
				.boot_epoch = 3,
				.ttl_ms = 15000,
				.ipv4_count = 1,
			},
		.state = NODE_SUSPECT,
		.conns = 4,
		.accepts_total = 5,
		.refused_total = 6,
		.load_age_ms = 70,
		.registered_age_ms = 80,
	};

	assert_int_equal(sv_copy(sv_str(id), node.record.id, NODE_ID_BYTES), 0);
	assert_int_equal(addr_parse(SV("127.0.0.1"), &node.record.ipv4[0]), 0);
	return node;
}

static void nodes_come_back(void **state)
{
	struct feed_node nodes[2] = {sample_node("a"), sample_node("b")};
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, FEED_LINE_MAX);
	feed_put_nodes(&b, nodes, 2, 7);
	reads_as(&seen, &b, "node a 7;node b 7;");
	feed_put_nodes(&b, nodes, 0, 7);
	reads_as(&seen, &b, "");
	feed_put_node(&b, &nodes[0], 8);
	reads_as(&seen, &b, "node a 8;");
	assert_true(node_equal(&seen.node.record, &nodes[0].record));
	assert_int_equal(seen.node.state, NODE_SUSPECT);
	assert_int_equal(seen.node.conns, 4);
	assert_int_equal(seen.node.accepts_total, 5);
	assert_int_equal(seen.node.refused_total, 6);
	assert_int_equal(seen.node.load_age_ms, 70);
	assert_int_equal(seen.node.registered_age_ms, 80);
	nodes[0].load_age_ms = -1;
	feed_put_node(&b, &nodes[0], 9);
	reads_as(&seen, &b, "node a 9;");
	assert_int_equal(seen.node.load_age_ms, -1);
	buf_fini(&b);
}

static void regions_come_back(void **state)
{
	struct feed_region regions[2] = {
		{.id = "eu",
		 .title = "S\xc3\xa3o",
		 .lat_deg = 50.25,
		 .lon_deg = -8.5,
		 .bias_km = -100},
		{.id = "us", .title = "", .lat_deg = 0, .lon_deg = 0},
	};
	struct feed_region gone = {.id = "eu", .gone = true};
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, FEED_LINE_MAX);
	feed_put_regions(&b, regions, 2, 3);
	reads_as(&seen, &b, "region eu 3;region us 3;");
	feed_put_region(&b, &regions[0], 4);
	reads_as(&seen, &b, "region eu 4;");
	assert_string_equal(seen.region.title, regions[0].title);
	assert_true(seen.region.lat_deg == 50.25);
	assert_true(seen.region.lon_deg == -8.5);
	assert_true(seen.region.bias_km == -100);
	feed_put_region(&b, &gone, 5);
	reads_as(&seen, &b, "region eu gone 5;");
	buf_fini(&b);
}

static void intents_come_back(void **state)
{
	struct intent intents[2] = {
		{.scope = INTENT_REGION,
		 .id = "eu",
		 .state = INTENT_DRAIN,
		 .has_bias = true,
		 .bias_km = -12.5,
		 .by = "ann",
		 .reason = "the registry's business",
		 .until_wall_s = 9},
		{.id = "a", .has_weight = true, .weight = 0},
	};
	struct intent gone = {.id = "a", .gone = true};
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, FEED_LINE_MAX);
	feed_put_intents(&b, intents, 2, 3);
	reads_as(&seen, &b, "intent region/eu 3;intent node/a 3;");
	assert_true(seen.intent.has_weight && seen.intent.weight == 0);
	assert_false(seen.intent.has_bias);
	assert_int_equal(seen.intent.state, INTENT_UP);
	feed_put_intents(&b, intents, 0, 3);
	reads_as(&seen, &b, "");
	feed_put_intent(&b, &intents[0], 4);
	reads_as(&seen, &b, "intent region/eu 4;");
	assert_int_equal(seen.intent.state, INTENT_DRAIN);
	assert_true(seen.intent.has_bias && seen.intent.bias_km == -12.5);
	assert_false(seen.intent.has_weight);
	assert_string_equal(seen.intent.reason, "");
	feed_put_intent(&b, &gone, 5);
	reads_as(&seen, &b, "intent node/a gone 5;");
	buf_fini(&b);
}

static void the_other_lines_come_back(void **state)
{
	struct feed_load loads[2] = {
		{.id = "a",
		 .conns = UINT32_MAX,
		 .accepts_total = INT64_MAX,
		 .refused_total = 2,
		 .age_ms = -1},
		{.id = "b", .conns = 0, .age_ms = 3},
	};
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, FEED_LINE_MAX);
	feed_put_gone(&b, "a", "left", 5);
	reads_as(&seen, &b, "gone a left 5;");
	feed_put_loads(&b, loads, 2);
	reads_as(&seen, &b, "load a 4294967295;load b 0;");
	feed_put_loads(&b, loads, 1);
	reads_as(&seen, &b, "load a 4294967295;");
	assert_true(seen.load.accepts_total == INT64_MAX);
	assert_int_equal(seen.load.refused_total, 2);
	assert_int_equal(seen.load.age_ms, -1);
	feed_put_synced(&b, "e1", 6);
	reads_as(&seen, &b, "synced e1 6;");
	feed_put_balancers(&b, 3);
	reads_as(&seen, &b, "balancers 3;");
	feed_put_ping(&b, 7);
	reads_as(&seen, &b, "ping 7;");
	feed_put_reset(&b, "too old");
	reads_as(&seen, &b, "reset too old;");
	buf_fini(&b);
}

static const struct ignored_row {
	const char *rule, *text;
} ignored_rows[] = {
	{"a type of a newer registry", "{\"type\":\"weather\",\"rev\":1}"},
	{"a newer member",
	 "{\"type\":\"ping\",\"rev\":1,\"new\":[1,{\"a\":2}]}"},
	{"more columns of a load",
	 "{\"type\":\"load\",\"loads\":[[\"a\",1,2,3,4,5,\"six\"]]}"},
};

static void ignores_what_is_newer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ignored_rows); i++) {
		struct json_problem p;
		struct seen seen;

		if (read_text(&seen, sv_str(ignored_rows[i].text), &p) != 0)
			fail_msg("%s: %s %s", ignored_rows[i].rule, p.path,
				 p.rule);
		buf_fini(&seen.text);
	}
}

#define N                                                                      \
	"\"service\":\"s\",\"region\":\"r\",\"addrs\":[\"::1\"],\"ports\":"    \
	"{\"tcp\":1},\"capacity\":1,\"boot_epoch\":1,\"state\":\"up\""

static const struct refused_row {
	const char *rule, *text;
	int rc;
} refused_rows[] = {
	{"nothing", "", ERR_SYNTAX},
	{"cut short", "{\"type\":\"pi", ERR_SYNTAX},
	{"no object", "[\"ping\"]", ERR_TYPE},
	{"no type", "{\"rev\":1}", ERR_MISSING_FIELD},
	{"a negative revision", "{\"type\":\"ping\",\"rev\":-1}", ERR_RANGE},
	{"balancers without a count", "{\"type\":\"balancers\"}",
	 ERR_MISSING_FIELD},
	{"more balancers than there can be",
	 "{\"type\":\"balancers\",\"count\":100001}", ERR_RANGE},
	{"nodes without a list", "{\"type\":\"nodes\",\"rev\":1}", ERR_TYPE},
	{"the second node is bad",
	 "{\"type\":\"nodes\",\"rev\":1,\"nodes\":[{\"id\":\"a\"," N
	 "},{\"id\":\"B\"," N "}]}",
	 ERR_RANGE},
	{"a node without its state",
	 "{\"type\":\"node\",\"node\":{\"id\":\"a\",\"service\":\"s\","
	 "\"region\":\"r\",\"addrs\":[\"::1\"],\"ports\":{\"tcp\":1},"
	 "\"capacity\":1,\"boot_epoch\":1}}",
	 ERR_MISSING_FIELD},
	{"a node line without a node", "{\"type\":\"node\",\"rev\":1}",
	 ERR_TYPE},
	{"gone without an id", "{\"type\":\"gone\",\"rev\":1}", ERR_RANGE},
	{"synced without an epoch", "{\"type\":\"synced\",\"rev\":1}",
	 ERR_MISSING_FIELD},
	{"a region without a place",
	 "{\"type\":\"region\",\"region\":{\"id\":\"eu\"}}", ERR_MISSING_FIELD},
	{"a region in nowhere",
	 "{\"type\":\"region\",\"region\":{\"id\":\"eu\",\"lat\":91,"
	 "\"lon\":0}}",
	 ERR_RANGE},
	{"a gone region without an id",
	 "{\"type\":\"region\",\"region\":{\"gone\":true}}", ERR_MISSING_FIELD},
	{"an intent without a scope",
	 "{\"type\":\"intent\",\"id\":\"a\",\"intent\":{}}", ERR_MISSING_FIELD},
	{"an intent for a city",
	 "{\"type\":\"intent\",\"scope\":\"city\",\"id\":\"a\"}", ERR_RANGE},
	{"an intent that says nothing",
	 "{\"type\":\"intent\",\"scope\":\"node\",\"id\":\"a\"}", ERR_TYPE},
	{"an intent with a bad id",
	 "{\"type\":\"intent\",\"scope\":\"node\",\"id\":\"A\",\"gone\":"
	 "true}",
	 ERR_RANGE},
	{"intents without a list", "{\"type\":\"intents\",\"rev\":1}",
	 ERR_TYPE},
	{"the second intent is bad",
	 "{\"type\":\"intents\",\"intents\":[{\"scope\":\"node\",\"id\":"
	 "\"a\",\"gone\":true},{\"scope\":\"node\",\"id\":\"b\",\"intent\":"
	 "{\"weight\":1001}}]}",
	 ERR_RANGE},
	{"a load that is no list", "{\"type\":\"load\",\"loads\":[{}]}",
	 ERR_TYPE},
	{"a load without numbers", "{\"type\":\"load\",\"loads\":[[\"a\"]]}",
	 ERR_TYPE},
	{"the second load is bad",
	 "{\"type\":\"load\",\"loads\":[[\"a\",1,2,3,4],[\"b\",-1,2,3,4]]}",
	 ERR_RANGE},
	{"more connections than fit",
	 "{\"type\":\"load\",\"loads\":[[\"a\",4294967296,2,3,4]]}", ERR_RANGE},
	{"a load with a bad id",
	 "{\"type\":\"load\",\"loads\":[[\"A B\",1,2,3,4]]}", ERR_TYPE},
};

static void refuses_a_line_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
		const struct refused_row *row = &refused_rows[i];
		struct json_problem p = {.rc = 0};
		struct seen seen;
		int rc = read_text(&seen, sv_str(row->text), &p);

		if (rc != row->rc || p.rc != rc || seen.text.len > 0)
			fail_msg("%s: rc %d path '%s' rule '%s' seen '%s'",
				 row->rule, rc, p.path, p.rule,
				 buf_cstr(&seen.text));
		buf_fini(&seen.text);
	}
}

static void bounds_what_a_line_may_hold(void **state)
{
	struct json_problem p;
	struct seen seen;
	struct buf b;

	(void)state;
	buf_init(&b, 2 * FEED_LINE_MAX);
	buf_str(&b, "{\"type\":\"nodes\",\"nodes\":[0");
	while (b.len < FEED_LINE_MAX - 100)
		buf_str(&b, ",0");
	buf_str(&b, "]}");
	assert_int_equal(read_text(&seen, buf_view(&b), &p), ERR_LIMIT);
	buf_fini(&seen.text);
	while (b.len <= FEED_LINE_MAX)
		buf_char(&b, ' ');
	assert_int_equal(read_text(&seen, buf_view(&b), &p), ERR_TOOBIG);
	buf_fini(&seen.text);
	buf_fini(&b);
}

static void a_sink_may_leave_things_out(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"ping\",\"rev\":1}",
		"{\"type\":\"balancers\",\"count\":1}",
		"{\"type\":\"reset\",\"why\":\"x\"}",
		"{\"type\":\"gone\",\"id\":\"a\",\"rev\":1}",
		"{\"type\":\"intent\",\"scope\":\"node\",\"id\":\"a\",\"gone\":"
		"true}",
		"{\"type\":\"synced\",\"epoch\":\"e\",\"rev\":1}",
		"{\"type\":\"load\",\"loads\":[[\"a\",1,2,3,4]]}",
		"{\"type\":\"node\",\"node\":{\"id\":\"a\"," N "}}",
	};
	struct feed_sink sink = {.arg = NULL};
	struct json_problem p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_int_equal(feed_read_line(sv_str(lines[i]), &sink, &p),
				 0);
}

/* What our writers batch at most fits a line, at the worst. */
static void the_largest_lines_fit(void **state)
{
	struct feed_node nodes[FEED_NODES_BATCH];
	struct feed_load *loads = calloc(FEED_LOADS_BATCH, sizeof(*loads));
	struct intent *intents = calloc(FEED_INTENTS_BATCH, sizeof(*intents));
	struct buf b;

	(void)state;
	for (size_t i = 0; i < FEED_NODES_BATCH; i++) {
		nodes[i] = sample_node("a");
		memset(nodes[i].record.id, 'a', NODE_ID_BYTES - 1);
		memset(nodes[i].record.host, 'a', NODE_HOST_BYTES - 1);
		nodes[i].record.label_count = NODE_LABELS_MAX;
		for (size_t k = 0; k < NODE_LABELS_MAX; k++) {
			memset(nodes[i].record.labels[k].key, 'k', 32);
			memset(nodes[i].record.labels[k].value, '"', 64);
		}
	}
	for (size_t i = 0; i < FEED_LOADS_BATCH; i++) {
		memset(loads[i].id, 'a', NODE_ID_BYTES - 1);
		loads[i].conns = UINT32_MAX;
		loads[i].accepts_total = UINT64_MAX;
		loads[i].refused_total = UINT64_MAX;
		loads[i].age_ms = INT64_MIN;
	}
	for (size_t i = 0; i < FEED_INTENTS_BATCH; i++) {
		memset(intents[i].id, 'a', NODE_ID_BYTES - 1);
		intents[i].scope = INTENT_REGION;
		intents[i].state = INTENT_MAINTENANCE;
		intents[i].has_weight = intents[i].has_bias = true;
		intents[i].weight = NODE_WEIGHT_MAX;
		intents[i].bias_km = -19999.000000000001;
	}
	buf_init(&b, FEED_LINE_MAX);
	feed_put_intents(&b, intents, FEED_INTENTS_BATCH, UINT64_MAX);
	assert_false(b.failed);
	buf_reset(&b);
	feed_put_nodes(&b, nodes, FEED_NODES_BATCH, UINT64_MAX);
	assert_false(b.failed);
	buf_reset(&b);
	feed_put_loads(&b, loads, FEED_LOADS_BATCH);
	assert_false(b.failed);
	buf_fini(&b);
	free(loads);
	free(intents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_come_back),
		cmocka_unit_test(regions_come_back),
		cmocka_unit_test(intents_come_back),
		cmocka_unit_test(the_other_lines_come_back),
		cmocka_unit_test(ignores_what_is_newer),
		cmocka_unit_test(refuses_a_line_whole),
		cmocka_unit_test(bounds_what_a_line_may_hold),
		cmocka_unit_test(a_sink_may_leave_things_out),
		cmocka_unit_test(the_largest_lines_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
