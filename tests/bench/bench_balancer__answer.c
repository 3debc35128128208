/*
 * bench_balancer__answer.c - what one answer of /resolve costs without the
 * network: parameters, place, draw, body, over random addresses, 1,000 nodes
 * in 20 metros. Prints "name value unit" lines. Arguments: city databases
 * (else those that deploy/geo.sh fetches, when they are there).
 */
#include "balancer/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "balancer/query.h"
#include "balancer/resolve.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define NODES	 1000
#define REQUESTS 65536
#define ROUNDS	 16

static const double metros[][2] = {
	{39.9, 116.4}, {31.2, 121.5},  {23.1, 113.3}, {30.6, 104.1},
	{22.3, 114.2}, {35.7, 139.7},  {1.35, 103.8}, {19.1, 72.9},
	{25.2, 55.3},  {50.1, 8.7},    {51.5, -0.1},  {48.9, 2.3},
	{40.4, -3.7},  {59.3, 18.1},   {-26.2, 28.0}, {-23.5, -46.6},
	{39.0, -77.5}, {37.3, -121.9}, {41.9, -87.6}, {-33.9, 151.2},
};

struct bench {
	struct view *view;
	char (*text)[64]; /* query strings */
	struct addr *addresses;
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void put_node(struct fleet *fleet, unsigned i)
{
	static struct feed_node node;
	struct node_record *r = &node.record;
	unsigned metro = i % ARRAY_LEN(metros);

	snprintf(r->id, sizeof(r->id), "node-%04u", i);
	strcpy(r->service, "im.example.com");
	snprintf(r->region, sizeof(r->region), "metro-%u", metro);
	snprintf(r->host, sizeof(r->host), "node-%u.edge.example.com", i);
	r->has_position = true;
	r->lat_deg = metros[metro][0];
	r->lon_deg = metros[metro][1];
	r->ipv4[0] = addr_from_v4_host(0xcb007100U + i);
	r->ipv4_count = 1;
	r->ports = (struct node_ports){3101, 3102, 3103};
	r->weight = 100;
	r->capacity = 50000;
	node.conns = i % 37 * 100;
	node.registered_age_ms = 100000;
	fleet_put(fleet, &node, 200000);
}

static struct view_map *load_map(int argc, char **argv)
{
	static const char *const usual[] = {"var/geo/city-ipv4.mmdb"};
	struct cellmap_config config = {.paths = usual};
	struct cellmap *map;
	struct buf why;

	if (argc > 1) {
		config.paths = (const char *const *)&argv[1];
		config.path_count = (unsigned)argc - 1;
	} else if (access(usual[0], R_OK) == 0) {
		config.path_count = 1;
	}
	buf_init(&why, 4096);
	if (cellmap_build(&config, &map, &why) != 0)
		die(buf_cstr(&why));
	buf_fini(&why);
	return view_map_new(map, config.path_count);
}

static struct view *make_view(struct view_map *map)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	struct snapshot_input input = {.now_ms = 200000,
				       .policy = snapshot_default_policy(),
				       .fleet = fleet_new()};
	char name[] = "bench", *argv[] = {name, NULL};
	struct balancer_settings settings;
	struct view_parts parts = {.map = map};
	struct view *view;
	struct buf why;

	buf_init(&why, 4096);
	if (conf_load(balancer_conf_table(), NULL, 1, argv, &settings, &why))
		die(buf_cstr(&why));
	buf_fini(&why);
	for (unsigned i = 0; i < NODES; i++)
		put_node(input.fleet, i);
	input.cells = cellmap_cells(map->map, &input.cell_count);
	parts.snapshot = snapshot_builder_build(builder, &input);
	parts.policy = policy_new(&settings);
	view = view_new(&parts);
	policy_unref(&parts.policy);
	fleet_free(&input.fleet);
	snapshot_builder_free(&builder);
	return view;
}

static void make_requests(struct bench *b)
{
	struct rng rng;

	rng_seed(&rng, 7);
	b->text = mem_array(REQUESTS, sizeof(b->text[0]));
	b->addresses = mem_array(REQUESTS, sizeof(b->addresses[0]));
	for (unsigned i = 0; i < REQUESTS; i++) {
		char addr[ADDR_TEXT_MAX];

		b->addresses[i] = addr_from_v4_host(
			0x01000000U + (uint32_t)rng_below(&rng, 0xde000000U));
		snprintf(b->text[i], sizeof(b->text[i]),
			 "host=im.example.com&ip=%s",
			 addr_text(&b->addresses[i], addr));
	}
}

/* Each part is timed alone and all of them together. */
enum part { PART_QUERY, PART_PLACE, PART_DRAW, PART_BODY, PART_ALL };

static uint64_t one(const struct bench *b, enum part part, unsigned i,
		    struct buf *out)
{
	const struct view_service *service = &b->view->services[0];
	const struct place_notes *notes = b->view->map->notes;
	static struct query query;
	static struct answer_client client;
	static struct draw_list list;
	struct draw_query draw = {.service = service->ranking, .want = 5};
	uint16_t cell = (uint16_t)(i % 16000);
	uint32_t id = 0;

	if (part == PART_QUERY || part == PART_ALL)
		if (query_parse(sv_str(b->text[i]), &query) != QUERY_OK)
			die("query");
	client.address = b->addresses[i];
	if (part == PART_PLACE || part == PART_BODY || part == PART_ALL)
		id = place_note_begin(notes, &client.address, &cell);
	draw.key = client.key = i * 0x9e3779b97f4a7c15ULL;
	draw.cell = cell;
	if (part == PART_DRAW || part == PART_ALL)
		draw_nodes(&draw, &list);
	place_note_end(notes, id, &client.place);
	if (part == PART_BODY || part == PART_ALL) {
		buf_reset(out);
		answer_put(out, service, &client, &list);
	}
	return out->len + list.count;
}

static void run(const struct bench *b, enum part part, const char *name)
{
	static char storage[16384];
	double best_ns = 1e18;
	uint64_t sum = 0;
	struct buf out;

	buf_init_fixed(&out, storage, sizeof(storage));
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start_ns = now_ns(), took_ns;

		for (unsigned i = 0; i < REQUESTS; i++)
			sum += one(b, part, i, &out);
		took_ns = (now_ns() - start_ns) / REQUESTS;
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	printf("answer.%s %.1f ns\n", name, best_ns);
	if (part == PART_ALL)
		printf("answer.bytes %.0f bytes\n",
		       (double)sum / ROUNDS / REQUESTS);
}

int main(int argc, char **argv)
{
	struct view_map *map = load_map(argc, argv);
	struct bench b = {.view = make_view(map)};

	make_requests(&b);
	run(&b, PART_QUERY, "query");
	run(&b, PART_PLACE, "place");
	run(&b, PART_DRAW, "draw");
	run(&b, PART_BODY, "place_and_body");
	run(&b, PART_ALL, "all");
	view_unref(&b.view);
	view_map_unref(&map);
	mem_free(b.text);
	mem_free(b.addresses);
	return 0;
}
