/*
 * bench_world.h - for benchmarks of the balancer: a view with 1,000 nodes in 20
 * metros on whichever map.
 */
#ifndef PERI_TESTS_BENCH_WORLD_H
#define PERI_TESTS_BENCH_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/answer.h"
#include "balancer/resolve.h"
#include "balancer/snapshot_builder.h"
#include "balancer/view.h"

#define BENCH_NODES 1000

static const double bench_metros[][2] = {
	{39.9, 116.4}, {31.2, 121.5},  {23.1, 113.3}, {30.6, 104.1},
	{22.3, 114.2}, {35.7, 139.7},  {1.35, 103.8}, {19.1, 72.9},
	{25.2, 55.3},  {50.1, 8.7},    {51.5, -0.1},  {48.9, 2.3},
	{40.4, -3.7},  {59.3, 18.1},   {-26.2, 28.0}, {-23.5, -46.6},
	{39.0, -77.5}, {37.3, -121.9}, {41.9, -87.6}, {-33.9, 151.2},
};

static inline void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static inline void bench_put_node(struct fleet *fleet, unsigned i)
{
	static struct feed_node node;
	struct node_record *r = &node.record;
	unsigned metro = i % ARRAY_LEN(bench_metros);

	snprintf(r->id, sizeof(r->id), "node-%04u", i);
	strcpy(r->service, "im.example.com");
	snprintf(r->region, sizeof(r->region), "metro-%u", metro);
	snprintf(r->host, sizeof(r->host), "node-%u.edge.example.com", i);
	r->has_position = true;
	r->lat_deg = bench_metros[metro][0];
	r->lon_deg = bench_metros[metro][1];
	r->ipv4[0] = addr_from_v4_host(0xcb007100U + i);
	r->ipv4_count = 1;
	r->ports = (struct node_ports){3101, 3102, 3103};
	r->weight = 100;
	r->capacity = 50000;
	node.conns = i % 37 * 100;
	node.registered_age_ms = 100000;
	fleet_put(fleet, &node, 200000);
}

/* Nodes of im.example.com; the map is borrowed. */
static inline struct view *bench_view(struct view_map *map)
{
	struct snapshot_builder *builder = snapshot_builder_new(1);
	struct snapshot_input input = {.now_ms = 200000,
				       .policy = snapshot_default_policy(),
				       .fleet = fleet_new()};
	/* The limit is looked at for each request, and never reached. */
	char name[] = "bench", trust[] = "--trust-ip-parameter=yes",
	     rate[] = "--rate-limit=1000000", burst[] = "--rate-burst=1000000";
	char *argv[] = {name, trust, rate, burst, NULL};
	struct balancer_settings settings;
	struct view_parts parts = {.map = map};
	struct view *view;
	struct buf why;

	buf_init(&why, 4096);
	if (conf_load(balancer_conf_table(), NULL, 4, argv, &settings, &why))
		bench_die(buf_cstr(&why));
	buf_fini(&why);
	for (unsigned i = 0; i < BENCH_NODES; i++)
		bench_put_node(input.fleet, i);
	input.cells = cellmap_cells(map->map, &input.cell_count);
	parts.snapshot = snapshot_builder_build(builder, &input);
	parts.policy = policy_new(&settings);
	view = view_new(&parts);
	policy_unref(&parts.policy);
	fleet_free(&input.fleet);
	snapshot_builder_free(&builder);
	return view;
}

#endif
