/*
 * resolve_world.h - the public listener whole, for tests and fuzzers: views of
 * a small fleet and one worker's server, whose clients are socket pairs. The
 * clock stands still, so equal questions have equal answers. Header only,
 * without cmocka: what does not hold aborts.
 */
#ifndef PERI_TESTS_RESOLVE_WORLD_H
#define PERI_TESTS_RESOLVE_WORLD_H

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "balancer/answer_id.h"
#include "balancer/resolve.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/httpd_conn.h"
#include "lib/proto/json.h"
#include "lib/proto/reply.h"

#define RESOLVE_WORLD_NOW_MS 200000
#define RESOLVE_WORLD_BODY   4096 /* query_worker.c's BODY_MAX */

enum resolve_world_view {
	WORLD_PROXIES, /* of 10/8 are believed, 192.0.2/24 speaks PROXY */
	WORLD_TRUST,   /* ip= of everybody, Forwarded, long fallback names */
	WORLD_EMPTY,   /* no node is there */
	WORLD_STARTING,
	WORLD_VIEWS,
};

struct resolve_world {
	struct loop *loop;
	struct view_map *map;
	struct view *views[WORLD_VIEWS];
	struct demand *demand;
	struct ratelimit *limit;
	struct suspect_ring reports;
	struct qsbr_slot slot;
	/* from resolve_world_begin() to _end() */
	struct resolver resolver;
	struct httpd *server;
};

static inline void world_check(bool holds)
{
	if (!holds)
		abort();
}

/* -- the fleet ----------------------------------------------------------- */

static inline void world_repeat(char *to, size_t to_bytes, char c)
{
	memset(to, c, to_bytes - 1);
	to[to_bytes - 1] = '\0';
}

/* Every kind of node: a family or both, full, suspect, down, drained. */
static inline void world_mixed_node(struct feed_node *node, unsigned i)
{
	static const double places[][2] = {{50, 8}, {50, 8}, {39, -77}};
	struct node_record *r = &node->record;

	strcpy(r->service, "im.example.com");
	strcpy(r->region, i % 3 < 2 ? "eu" : "us");
	strcpy(r->zone, i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "");
	strcpy(r->host, i % 4 ? "edge.example.com" : "");
	r->lat_deg = places[i % 3][0];
	r->lon_deg = places[i % 3][1];
	r->ipv4_count = i % 5 != 1;
	r->ipv6_count = i % 5 != 2;
	r->weight = i % 11 == 7 ? 0 : 100;
	node->state = i % 7 == 4   ? NODE_SUSPECT
		      : i % 7 == 5 ? NODE_DOWN
				   : NODE_UP;
	node->conns = i % 6 == 3 ? 1000 : i * 37 % 800;
}

/* All texts as long as they may be. */
static inline void world_large_node(struct feed_node *node, unsigned i)
{
	struct node_record *r = &node->record;

	world_repeat(r->id, sizeof(r->id), (char)('a' + i % 16));
	world_repeat(r->service, sizeof(r->service), 's');
	world_repeat(r->region, sizeof(r->region), 'r');
	world_repeat(r->host, sizeof(r->host), 'h');
	r->ipv4_count = r->ipv6_count = NODE_ADDRS_MAX;
}

static inline struct fleet *world_fleet(void)
{
	struct fleet *fleet = fleet_new();

	for (unsigned i = 0; i < 48; i++) {
		struct feed_node node = {.registered_age_ms = 100000};
		struct node_record *r = &node.record;
		struct buf id;

		buf_init_fixed(&id, r->id, sizeof(r->id));
		buf_printf(&id, "n-%02u", i);
		buf_cstr(&id);
		r->has_position = true;
		r->weight = 100;
		r->capacity = 1000;
		r->ports = (struct node_ports){60001, 60002, 60003};
		r->ttl_ms = NODE_TTL_DEFAULT_MS;
		for (unsigned k = 0; k < NODE_ADDRS_MAX; k++) {
			r->ipv4[k] = addr_from_v4_host(0xcb0071f0U - 8 * i - k);
			world_check(addr_parse(SV("2001:db8:1111:2222:3333:"
						  "4444:5555:6666"),
					       &r->ipv6[k]) == 0);
			r->ipv6[k].bytes[15] = (uint8_t)(8 * i + k);
		}
		if (i < 30)
			world_mixed_node(&node, i);
		else if (i < 46)
			world_large_node(&node, i);
		else
			strcpy(r->service, "down.example.com");
		if (i >= 46)
			node.state = NODE_DOWN;
		fleet_put(fleet, &node, RESOLVE_WORLD_NOW_MS);
	}
	return fleet;
}

/* -- views --------------------------------------------------------------- */

static inline struct view_map *world_map(void)
{
	static const char text[] =
		"[{\"prefix\":\"198.51.100.0/24\",\"lat\":50,\"lon\":8.5,"
		"\"country\":\"DE\",\"area\":\"\xc3\x9c \\\"quoted\\\"\"},"
		"{\"prefix\":\"203.0.112.0/23\",\"lat\":-39,\"lon\":-77.25,"
		"\"country\":\"US\",\"area\":\"Area\"},"
		"{\"prefix\":\"203.0.113.0/24\",\"carrier\":\"telecom\"},"
		"{\"prefix\":\"2001:db8::/32\",\"lat\":1,\"lon\":-179.99,"
		"\"country\":\"JP\",\"area\":\"\"}]";
	struct cellmap_config config = {0};
	struct cellmap_override *list;
	struct cellmap *map;
	struct buf why;

	buf_init(&why, 4096);
	world_check(cellmap_overrides_parse(sv_str(text), &list,
					    &config.override_count, &why) == 0);
	config.overrides = list;
	world_check(cellmap_build(&config, &map, &why) == 0);
	mem_free(list);
	buf_fini(&why);
	return view_map_new(map, 0);
}

static inline struct snapshot *world_snapshot(struct resolve_world *w,
					      enum resolve_world_view kind)
{
	struct snapshot_builder *builder = snapshot_builder_new(1000);
	struct snapshot_input input = {
		.fleet = kind == WORLD_EMPTY ? fleet_new() : world_fleet(),
		.demand = w->demand,
		.policy = snapshot_default_policy(),
		.now_ms = RESOLVE_WORLD_NOW_MS,
		.synced_at_ms = RESOLVE_WORLD_NOW_MS,
	};
	struct snapshot *snap;

	input.cells = cellmap_cells(w->map->map, &input.cell_count);
	for (uint16_t cell = 0; cell < input.cell_count; cell++)
		demand_set_rate(w->demand,
				demand_slot(w->demand, SV("im.example.com")),
				cell, 1 + cell);
	snap = snapshot_builder_build(builder, &input);
	snapshot_builder_free(&builder);
	fleet_free(&input.fleet);
	return snap;
}

static inline void world_say(struct conf_list *list, const char *item)
{
	strcpy(list->items[list->count++], item);
}

/* The rate limit is looked at for each request and never reached. */
static inline struct policy *world_policy(enum resolve_world_view kind)
{
	char name[] = "world", *argv[] = {name, NULL};
	struct balancer_settings s;
	struct buf why;

	buf_init(&why, 4096);
	world_check(conf_load(balancer_conf_table(), NULL, 1, argv, &s, &why) ==
		    0);
	buf_fini(&why);
	strcpy(s.balancer_id, "b1");
	s.rate_limit = s.rate_burst = 1000000;
	world_say(&s.trusted_proxies, "10.0.0.0/8");
	if (kind == WORLD_TRUST) {
		s.trust_ip_parameter = true;
		strcpy(s.forwarded_header, "forwarded");
		for (unsigned i = 0; i < REPLY_FALLBACK_MAX; i++)
			world_repeat(s.fallback.items[i], NODE_HOST_BYTES, 'f');
		s.fallback.count = REPLY_FALLBACK_MAX;
	} else {
		strcpy(s.default_service, "im.example.com");
		world_say(&s.proxy_protocol, "192.0.2.0/24");
	}
	return policy_new(&s);
}

static inline struct view *world_view(struct resolve_world *w,
				      enum resolve_world_view kind)
{
	struct view_parts parts = {.map = w->map, .policy = world_policy(kind)};
	struct view *view;

	if (kind != WORLD_STARTING)
		parts.snapshot = world_snapshot(w, kind);
	view = view_new(&parts);
	policy_unref(&parts.policy);
	return view;
}

static inline void resolve_world_init(struct resolve_world *w)
{
	memset(w, 0, sizeof(*w));
	log_set_level(LOG_ERR);
	clk_fake(RESOLVE_WORLD_NOW_MS);
	world_check(loop_new(&w->loop) == 0);
	w->demand = demand_new(1);
	w->limit = ratelimit_new();
	w->map = world_map();
	for (unsigned kind = 0; kind < WORLD_VIEWS; kind++)
		w->views[kind] = world_view(w, (enum resolve_world_view)kind);
}

static inline void resolve_world_fini(struct resolve_world *w)
{
	for (unsigned kind = 0; kind < WORLD_VIEWS; kind++)
		view_unref(&w->views[kind]);
	view_map_unref(&w->map);
	ratelimit_free(&w->limit);
	demand_free(&w->demand);
	loop_free(&w->loop);
	clk_fake(-1);
}

/* -- the server ---------------------------------------------------------- */

/* As query_worker.c has it; @handler is resolve_handle() or calls it. Random
 * keys are the same each time. */
static inline void resolve_world_begin(struct resolve_world *w,
				       enum resolve_world_view kind,
				       httpd_handler_cb *handler)
{
	struct httpd_limits limits = httpd_default_limits();

	limits.body_max_bytes = RESOLVE_WORLD_BODY;
	atomic_store(&w->slot.current, w->views[kind]);
	resolve_init(&w->resolver, &w->slot, demand_counter(w->demand, 0),
		     &w->reports, w->limit);
	rng_seed(&w->resolver.rng, 7);
	w->server = httpd_new(w->loop, &limits, handler, &w->resolver);
	httpd_set_admission(w->server, resolve_admit);
	httpd_look_ahead(w->server, resolve_ahead, RESOLVE_STEPS);
}

/* Returns the client's end. @room_bytes is what the server may send before it
 * is read; 0: the system's. */
static inline int resolve_world_connect(struct resolve_world *w,
					const char *address, int room_bytes)
{
	struct addr peer;
	int fds[2];

	world_check(addr_parse(sv_str(address), &peer) == 0);
	world_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) ==
		    0);
	if (room_bytes > 0)
		world_check(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF,
				       &room_bytes, sizeof(room_bytes)) == 0);
	httpd_conn_accept(fds[1], &peer, 1, w->server);
	return fds[0];
}

static inline void world_stop(void *arg)
{
	loop_stop(arg);
}

/* Twice: what an event puts off is done, too. */
static inline void resolve_world_turn(struct resolve_world *w)
{
	for (int i = 0; i < 2; i++) {
		loop_later(w->loop, world_stop, w->loop);
		world_check(loop_run(w->loop) == 0);
	}
}

static inline void resolve_world_take(int fd, struct buf *out)
{
	char bytes[16384];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_put(out, bytes, (size_t)got);
	world_check(!out->failed);
}

/* Nobody may be connected any more, or the caller closes his end behind it. */
static inline void resolve_world_end(struct resolve_world *w)
{
	httpd_free(&w->server);
	resolve_world_turn(w);
}

/* -- lists --------------------------------------------------------------- */

struct world_list {
	char id[128];
	char nodes[DRAW_MAX][NODE_ID_BYTES];
	unsigned count;
};

static inline int world_read_nodes(const struct json *value, void *member,
				   struct json_problem *p)
{
	static const struct json_field fields[] = {
		{.name = "id",
		 .kind = JSON_TEXT,
		 .size = NODE_ID_BYTES,
		 .required = true},
		{.name = "region", .kind = JSON_IGNORE, .required = true},
		{.name = "host", .kind = JSON_IGNORE},
		{.name = "ipv4", .kind = JSON_IGNORE},
		{.name = "ipv6", .kind = JSON_IGNORE},
		{.name = "tcp", .kind = JSON_IGNORE},
		{.name = "ws", .kind = JSON_IGNORE},
		{.name = "wss", .kind = JSON_IGNORE},
		{.name = "km", .kind = JSON_IGNORE},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						false};
	struct world_list *list = member;

	world_check(json_array_len(value) <= DRAW_MAX);
	for (size_t i = 0; i < json_array_len(value); i++) {
		int rc = json_decode(json_array_at(value, i), &table,
				     list->nodes[i], p);

		if (rc != 0)
			return rc;
		list->count++;
	}
	return 0;
}

/* @body has the members that docs/openapi.json tells of, and no others. */
static inline void world_read_list(struct sv body, struct world_list *list)
{
	static const struct json_field client_fields[] = {
		{.name = "ip", .kind = JSON_IGNORE, .required = true},
		{.name = "country", .kind = JSON_IGNORE},
		{.name = "area", .kind = JSON_IGNORE},
		{.name = "lat", .kind = JSON_IGNORE},
		{.name = "lon", .kind = JSON_IGNORE},
		{.name = "source", .kind = JSON_IGNORE, .required = true},
	};
	static const struct json_table client = {
		client_fields, ARRAY_LEN(client_fields), false};
	static const struct json_field fields[] = {
		{.name = "host", .kind = JSON_IGNORE, .required = true},
		{.name = "ttl", .kind = JSON_IGNORE, .required = true},
		{.name = "id",
		 .kind = JSON_TEXT,
		 .offset = offsetof(struct world_list, id),
		 .size = sizeof(list->id),
		 .required = true},
		{.name = "client",
		 .kind = JSON_NESTED,
		 .required = true,
		 .table = &client},
		{.name = "flags", .kind = JSON_IGNORE},
		{.name = "nodes",
		 .kind = JSON_CUSTOM,
		 .required = true,
		 .decode = world_read_nodes},
		{.name = "heartbeat", .kind = JSON_IGNORE, .required = true},
		{.name = "backoff", .kind = JSON_IGNORE, .required = true},
		{.name = "fallback", .kind = JSON_IGNORE, .required = true},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						false};
	struct json_problem p;

	memset(list, 0, sizeof(*list));
	world_check(json_decode_text(body, &table, list, &p) == 0);
	for (unsigned i = 0; i < list->count; i++)
		for (unsigned k = 0; k < i; k++)
			world_check(strcmp(list->nodes[i], list->nodes[k]) !=
				    0);
}

/* @body, an answer of /resolve out of @view, is whole, and its id alone gives
 * its list again. */
static inline void resolve_world_check_list(const struct view *view,
					    struct sv body)
{
	const struct snapshot_service *service;
	struct world_list list;
	struct draw_list drawn;
	struct answer_id id;

	world_read_list(body, &list);
	world_check(answer_id_parse(sv_str(list.id), &id) == 0);
	world_check(id.number == view->number && list.count <= id.want);
	world_check(id.family != SNAPSHOT_V4 ||
		    !memmem(body.ptr, body.len, "\"ipv6\"", 6));
	world_check(id.family != SNAPSHOT_V6 ||
		    !memmem(body.ptr, body.len, "\"ipv4\"", 6));
	if (view->service_count == 0) {
		world_check(list.count == 0);
		return;
	}
	world_check(id.service < view->service_count);
	service = view->services[id.service].ranking;
	draw_nodes(&(struct draw_query){.service = service,
					.key = id.key,
					.cell = id.cell,
					.want = id.want,
					.family = id.family},
		   &drawn);
	world_check(drawn.count == list.count);
	for (unsigned i = 0; i < list.count; i++) {
		uint32_t node = drawn.entries[i].node;

		world_check(strcmp(service->nodes[node].card->record.id,
				   list.nodes[i]) == 0);
	}
}

#endif
