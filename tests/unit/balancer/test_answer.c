/* test_answer.c - the bytes of answers, from a real snapshot of a small
 * fleet: both forms, each family, the empty list, the shelf of views. */
#include "balancer/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "balancer/demand.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/mem.h"
#include "lib/proto/reply.h"

static struct balancer_settings default_settings(void)
{
	struct balancer_settings s;
	struct buf why;
	char name[] = "test", *argv[] = {name, NULL};

	buf_init(&why, 1024);
	assert_int_equal(
		conf_load(balancer_conf_table(), NULL, 1, argv, &s, &why), 0);
	buf_fini(&why);
	strcpy(s.balancer_id, "b3");
	return s;
}

static struct view_map *make_map(void)
{
	struct cellmap_override override = {.has_place = true,
					    .lat_deg = -23.55F,
					    .lon_deg = -46.634F,
					    .country = "BR",
					    .area = "S\xc3\xa3o \"Paulo\""};
	struct cellmap_config config = {.overrides = &override,
					.override_count = 1};
	struct cellmap *map;
	struct buf why;

	buf_init(&why, 1024);
	assert_int_equal(
		addr_parse_prefix(SV("200.160.0.0/16"), &override.prefix), 0);
	assert_int_equal(cellmap_build(&config, &map, &why), 0);
	buf_fini(&why);
	return view_map_new(map, 0);
}

static void put_node(struct fleet *fleet, const char *id, const char *host)
{
	struct feed_node node;
	struct node_record *r = &node.record;

	memset(&node, 0, sizeof(node));
	strcpy(r->id, id);
	strcpy(r->service, "im.example.com");
	strcpy(r->region, "sa-east");
	strcpy(r->host, host);
	r->has_position = true;
	r->lat_deg = -23.5;
	r->lon_deg = -46.6;
	assert_int_equal(addr_parse(SV("203.0.113.10"), &r->ipv4[0]), 0);
	r->ipv4_count = 1;
	assert_int_equal(addr_parse(SV("2001:db8::10"), &r->ipv6[0]), 0);
	r->ipv6_count = 1;
	r->ports.tcp = 3101;
	r->weight = 100;
	r->capacity = 1000;
	node.load_age_ms = 100;
	node.registered_age_ms = 100000;
	fleet_put(fleet, &node, 200000);
}

static struct snapshot *make_snapshot(struct fleet *fleet, struct view_map *map)
{
	struct snapshot_builder *builder = snapshot_builder_new(1);
	struct snapshot_input input = {
		.fleet = fleet,
		.policy = snapshot_default_policy(),
		.now_ms = 200000,
		.synced_at_ms = 200000,
	};
	struct snapshot *snap;

	input.cells = cellmap_cells(map->map, &input.cell_count);
	snap = snapshot_builder_build(builder, &input);
	snapshot_builder_free(&builder);
	return snap;
}

static struct view *make_view(const struct balancer_settings *s,
			      struct fleet *fleet)
{
	struct view_parts parts = {.map = make_map(), .policy = policy_new(s)};
	struct view *view;

	parts.snapshot = make_snapshot(fleet, parts.map);
	view = view_new(&parts);
	view_map_unref(&parts.map);
	policy_unref(&parts.policy);
	return view;
}

static struct answer_client make_client(const struct view *view, const char *ip,
					enum snapshot_family family)
{
	struct answer_client client = {
		.key = 0x9f3ac1d27b04e865, .want = 5, .family = family};

	assert_int_equal(addr_parse(sv_str(ip), &client.address), 0);
	place_note_find(view->map->notes, &client.address, &client.place);
	client.cell = client.place.cell;
	return client;
}

static void draw(const struct view *view, const struct answer_client *client,
		 struct draw_list *list)
{
	const struct draw_query query = {
		.service = view->services[0].ranking,
		.key = client->key,
		.cell = client->cell,
		.want = client->want,
		.family = client->family,
	};

	draw_nodes(&query, list);
}

#define TAIL                                                                   \
	"\"heartbeat\":{\"start_s\":60,\"min_s\":60,\"max_s\":300,"            \
	"\"step_s\":30,\"max_missed\":2},"                                     \
	"\"backoff\":{\"base_ms\":1000,\"factor\":1.6,\"jitter\":0.3,"         \
	"\"max_ms\":120000},\"fallback\":[\"im.example.com\"]"

static const struct row {
	const char *rule, *ip;
	enum snapshot_family family;
	const char *want;
} rows[] = {
	{"the answer of api.md, byte for byte", "200.160.2.3", SNAPSHOT_V46,
	 "{\"host\":\"im.example.com\",\"ttl\":60,"
	 "\"id\":\"b3:1:9f3ac1d27b04e865:0001004\","
	 "\"client\":{\"ip\":\"200.160.2.0/24\",\"country\":\"BR\","
	 "\"area\":\"S\xc3\xa3o \\\"Paulo\\\"\",\"lat\":-23.55,"
	 "\"lon\":-46.63,\"source\":\"override\"},"
	 "\"nodes\":[{\"id\":\"gru-1\",\"region\":\"sa-east\","
	 "\"host\":\"gru-1.edge.example.com\",\"ipv4\":[\"203.0.113.10\"],"
	 "\"ipv6\":[\"2001:db8::10\"],\"tcp\":3101,\"km\":7}]," TAIL "}"},
	{"one family, an unknown place, an IPv6 client", "2001:db8:1:2::3",
	 SNAPSHOT_V6,
	 "{\"host\":\"im.example.com\",\"ttl\":60,"
	 "\"id\":\"b3:1:9f3ac1d27b04e865:0000024\","
	 "\"client\":{\"ip\":\"2001:db8:1::/48\",\"source\":\"none\"},"
	 "\"nodes\":[{\"id\":\"gru-1\",\"region\":\"sa-east\","
	 "\"host\":\"gru-1.edge.example.com\","
	 "\"ipv6\":[\"2001:db8::10\"],\"tcp\":3101}]," TAIL "}"},
};

static void test_native(void **state)
{
	struct balancer_settings s = default_settings();
	struct fleet *fleet = fleet_new();
	struct view *view;

	(void)state;
	put_node(fleet, "gru-1", "gru-1.edge.example.com");
	view = make_view(&s, fleet);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer_client client =
			make_client(view, rows[i].ip, rows[i].family);
		struct draw_list list;
		struct buf b;

		buf_init(&b, 16384);
		draw(view, &client, &list);
		answer_put(&b, &view->services[0], &client, &list);
		if (!sv_eq(buf_view(&b), sv_str(rows[i].want)))
			fail_msg("%s:\n%s\n%s", rows[i].rule, buf_cstr(&b),
				 rows[i].want);
		buf_fini(&b);
	}
	view_unref(&view);
	fleet_free(&fleet);
}

/* Between two nodes stands a comma and nothing else, in each family. */
static void test_two_nodes(void **state)
{
	static const char *const parts[SNAPSHOT_FAMILIES] = {
		[SNAPSHOT_V46] = "\"ipv4\":[\"203.0.113.10\"],"
				 "\"ipv6\":[\"2001:db8::10\"],",
		[SNAPSHOT_V4] = "\"ipv4\":[\"203.0.113.10\"],",
		[SNAPSHOT_V6] = "\"ipv6\":[\"2001:db8::10\"],",
	};
	struct balancer_settings s = default_settings();
	struct fleet *fleet = fleet_new();
	struct view *view;

	(void)state;
	put_node(fleet, "gru-1", "gru-1.edge.example.com");
	put_node(fleet, "gru-2", "");
	view = make_view(&s, fleet);
	for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++) {
		struct answer_client client = make_client(
			view, "200.160.2.3", (enum snapshot_family)f);
		const char *id[2], *nodes;
		struct draw_list list;
		struct buf got, want;

		buf_init(&got, 16384);
		buf_init(&want, 16384);
		draw(view, &client, &list);
		assert_int_equal(list.count, 2);
		for (unsigned i = 0; i < 2; i++)
			id[i] = view->services[0]
					.ranking->nodes[list.entries[i].node]
					.card->record.id;
		for (unsigned i = 0; i < 2; i++)
			buf_printf(
				&want,
				"%s{\"id\":\"%s\",\"region\":\"sa-east\",%s%s"
				"\"tcp\":3101,\"km\":7}",
				i ? "," : "\"nodes\":[", id[i],
				strcmp(id[i], "gru-1") == 0
					? "\"host\":\"gru-1.edge.example.com\","
					: "",
				parts[f]);
		buf_str(&want, "]," TAIL "}");
		answer_put(&got, &view->services[0], &client, &list);
		nodes = strstr(buf_cstr(&got), "\"nodes\":");
		assert_string_equal(nodes, buf_cstr(&want));
		buf_fini(&got);
		buf_fini(&want);
	}
	view_unref(&view);
	fleet_free(&fleet);
}

/* Clients can read what we write, and nothing is left of a missing node. */
static void test_nobody(void **state)
{
	struct balancer_settings s = default_settings();
	struct fleet *fleet = fleet_new();
	static struct reply reply;
	struct answer_client client;
	struct json_problem p;
	struct view *view;
	struct buf b;

	(void)state;
	view = make_view(&s, fleet);
	client = make_client(view, "200.160.2.3", SNAPSHOT_V46);
	buf_init(&b, 16384);
	answer_put_nobody(&b, view, SV("im.example.com"), &client);
	assert_int_equal(reply_decode(buf_view(&b), &reply, &p), 0);
	assert_int_equal(reply.node_count, 0);
	assert_int_equal(reply.fallback_count, 1);
	assert_string_equal(reply.fallback[0], "im.example.com");
	assert_string_equal(reply.id, "b3:1:9f3ac1d27b04e865:0001004");
	assert_non_null(strstr(buf_cstr(&b), "\"flags\":[\"no_nodes\"]"));
	buf_fini(&b);
	view_unref(&view);
	fleet_free(&fleet);
}

static void check_goim(const struct view *view, enum answer_goim form,
		       const struct view_service *service, const char *want)
{
	struct answer_client client =
		make_client(view, "200.160.2.3", SNAPSHOT_V46);
	struct draw_list list = {.count = 0};
	struct buf b;

	if (service)
		draw(view, &client, &list);
	buf_init(&b, 16384);
	answer_put_goim(&b, view, service, &list, form);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

#define GOIM(nodes)                                                            \
	"{\"code\":0,\"message\":\"\",\"data\":{\"domain\":\"conn.goim.io\","  \
	"\"tcp_port\":3101,\"ws_port\":3102,\"wss_port\":3103,"                \
	"\"heartbeat\":240,\"nodes\":[" nodes "],"                             \
	"\"backoff\":{\"max_delay\":300,\"base_delay\":3,\"factor\":1.8,"      \
	"\"jitter\":0.3},\"heartbeat_max\":2}}"

static void test_goim(void **state)
{
	struct balancer_settings s = default_settings();
	struct fleet *fleet = fleet_new();
	struct view *view;

	(void)state;
	put_node(fleet, "comet-1", "");
	view = make_view(&s, fleet);
	check_goim(view, ANSWER_GOIM_ADDRS, &view->services[0],
		   GOIM("\"203.0.113.10\",\"2001:db8::10\""));
	check_goim(view, ANSWER_GOIM_HOSTS, &view->services[0],
		   GOIM("\"comet-1.goim.io\""));
	check_goim(view, ANSWER_GOIM_ADDRS, NULL, GOIM("\"conn.goim.io\""));
	view_unref(&view);
	put_node(fleet, "comet-1", "own.example.com");
	/* encoding/json leaves out what is zero */
	s.goim_wss_port = s.goim_heartbeat_max = s.goim_backoff_base_s = 0;
	s.goim_backoff_jitter = 0;
	view = make_view(&s, fleet);
	check_goim(view, ANSWER_GOIM_HOSTS, &view->services[0],
		   "{\"code\":0,\"message\":\"\",\"data\":{\"domain\":"
		   "\"conn.goim.io\",\"tcp_port\":3101,\"ws_port\":3102,"
		   "\"heartbeat\":240,\"nodes\":[\"own.example.com\"],"
		   "\"backoff\":{\"max_delay\":300,\"factor\":1.8}}}");
	view_unref(&view);
	fleet_free(&fleet);
}

static void test_find_service(void **state)
{
	struct balancer_settings s = default_settings();
	struct fleet *fleet = fleet_new();
	struct view *view;

	(void)state;
	put_node(fleet, "gru-1", "");
	view = make_view(&s, fleet);
	assert_ptr_equal(view_find_service(view, SV("")), &view->services[0]);
	assert_ptr_equal(view_find_service(view, SV("im.example.com")),
			 &view->services[0]);
	assert_null(view_find_service(view, SV("im.example.co")));
	view_unref(&view);
	strcpy(s.default_service, "other");
	view = make_view(&s, fleet);
	assert_null(view_find_service(view, SV("")));
	view_unref(&view);
	fleet_free(&fleet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_goim),
		cmocka_unit_test(test_find_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
