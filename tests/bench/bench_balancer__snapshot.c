/*
 * bench_balancer__snapshot.c - what a list and a snapshot cost, at the size of
 * a usual fleet and at the largest one that we promise. Prints "name value
 * unit" lines.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/demand.h"
#include "balancer/draw.h"
#include "balancer/fleet.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/buf.h"
#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define LISTS  400000
#define BUILDS 21
#define SALT   0x9e3779b97f4a7c15ULL

struct bench {
	const char *name;
	unsigned nodes, sites, cells;
	struct fleet *fleet;
	struct demand *demand;
	struct snapshot_builder *builder;
	struct cellmap_cell *grid;
	struct rng rng;
	int64_t now_ms;
};

static void set_text(char *to, size_t to_bytes, const char *format,
		     unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, to, to_bytes - 1);
	buf_printf(&b, "%s%06u", format, number);
	to[b.len] = 0;
}

/* Registrations of one @version are alike. */
static void put_node(struct bench *b, unsigned number, unsigned version,
		     enum node_state state)
{
	unsigned site = number % b->sites;
	struct feed_node node;
	struct node_record *r = &node.record;

	memset(&node, 0, sizeof(node));
	set_text(r->id, sizeof(r->id), "node-", number);
	set_text(r->service, sizeof(r->service), "im", 0);
	set_text(r->region, sizeof(r->region), "region-", site);
	set_text(r->host, sizeof(r->host), "edge.example.com-", number);
	r->has_position = true;
	r->lat_deg = (double)(hash_mix(site) % 120000) / 1000 - 60;
	r->lon_deg = (double)(hash_mix(site + SALT) % 360000) / 1000 - 180;
	r->ipv4_count = 1;
	r->ipv4[0].family = ADDR_V4;
	memcpy(r->ipv4[0].bytes, &number, 4);
	r->ports.tcp = 3101;
	r->weight = 100;
	r->capacity = 25000 << (hash_mix(number) + version) % 3;
	r->boot_epoch = 1;
	node.state = state;
	node.conns = r->capacity / 2;
	node.load_age_ms = (int64_t)rng_below(&b->rng, 5000);
	node.registered_age_ms = 3600000;
	fleet_put(b->fleet, &node, b->now_ms);
}

static void set_up(struct bench *b)
{
	unsigned slot;

	rng_seed(&b->rng, 1);
	b->now_ms = 1000000;
	b->fleet = fleet_new();
	b->demand = demand_new(1);
	b->builder = snapshot_builder_new(1);
	b->grid = mem_array(b->cells, sizeof(*b->grid));
	for (unsigned i = 0; i < b->nodes; i++)
		put_node(b, i, 0, NODE_UP);
	slot = demand_slot(b->demand, SV("im000000"));
	for (unsigned c = 1; c < b->cells; c++) {
		b->grid[c].lat_deg = (float)(rng_unit(&b->rng) * 120 - 60);
		b->grid[c].lon_deg = (float)(rng_unit(&b->rng) * 360 - 180);
		demand_set_rate(b->demand, slot, (uint16_t)c,
				b->nodes * 10.0 / b->cells);
	}
}

static void tear_down(struct bench *b)
{
	snapshot_builder_free(&b->builder);
	demand_free(&b->demand);
	fleet_free(&b->fleet);
	mem_free(b->grid);
}

static struct snapshot *build(struct bench *b)
{
	struct snapshot_input input = {
		.fleet = b->fleet,
		.cells = b->grid,
		.cell_count = b->cells,
		.demand = b->demand,
		.policy = snapshot_default_policy(),
		.now_ms = b->now_ms,
		.synced_at_ms = b->now_ms,
	};

	return snapshot_builder_build(b->builder, &input);
}

/* A fifth of the nodes reports each second, as with T = 5 s. */
static void report_loads(struct bench *b, unsigned round)
{
	for (unsigned i = round % 5; i < b->nodes; i += 5) {
		struct feed_load load = {.age_ms = 100};

		set_text(load.id, sizeof(load.id), "node-", i);
		load.conns = 10000 + (uint32_t)rng_below(&b->rng, 5000);
		fleet_load(b->fleet, &load, b->now_ms);
	}
}

static int compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare_i64);
	return values[count / 2];
}

static void report(const struct bench *b, const char *what, double value,
		   const char *unit)
{
	printf("balancer.%s.%s %.3f %s\n", what, b->name, value, unit);
	fflush(stdout);
}

static void register_again(struct bench *b, unsigned round)
{
	put_node(b, round, 1, NODE_UP);
}

/* A node comes; with the next build it goes. */
static void join_and_leave(struct bench *b, unsigned round)
{
	struct feed_load node;

	set_text(node.id, sizeof(node.id), "node-", b->nodes);
	if (round % 2)
		put_node(b, b->nodes, 0, NODE_UP);
	else
		fleet_del(b->fleet, node.id);
}

/* All nodes of a site go down, and come back with the next build. */
static void flap_site(struct bench *b, unsigned round)
{
	for (unsigned i = (round + 1) / 2 % b->sites; i < b->nodes;
	     i += b->sites)
		put_node(b, i, 0, round % 2 ? NODE_DOWN : NODE_UP);
}

/* @snap is the last one; returns the new last one. */
static struct snapshot *bench_builds(struct bench *b, struct snapshot *snap,
				     void (*change)(struct bench *, unsigned),
				     const char *what)
{
	int64_t took_us[BUILDS];

	for (unsigned i = 0; i < BUILDS; i++) {
		struct snapshot *last = snap;

		b->now_ms += 1000;
		change(b, i);
		snap = build(b);
		took_us[i] = snap->build_us;
		snapshot_free(last);
	}
	report(b, what, (double)median(took_us, BUILDS) / 1000, "ms");
	return snap;
}

/* Returns the last snapshot. */
static struct snapshot *bench_changes(struct bench *b)
{
	struct snapshot *snap = build(b);

	report(b, "snapshot_first", (double)snap->build_us / 1000, "ms");
	snap = bench_builds(b, snap, report_loads, "snapshot_loads");
	snap = bench_builds(b, snap, flap_site, "snapshot_site");
	snap = bench_builds(b, snap, join_and_leave, "snapshot_join");
	return bench_builds(b, snap, register_again, "snapshot_card");
}

static void bench_lists(const struct bench *b, const struct snapshot *snap)
{
	const struct snapshot_service *service = &snap->services[0];
	int64_t took_us[5];
	uint64_t sum = 0;

	for (unsigned round = 0; round < 5; round++) {
		int64_t start_us = clk_mono_us();

		for (uint64_t i = 0; i < LISTS; i++) {
			uint64_t key = hash_mix(i * 5 + round);
			struct draw_query query = {
				.service = service,
				.key = key,
				.cell = (uint16_t)(1 + (key >> 20) %
							       (b->cells - 1)),
				.want = DRAW_DEFAULT,
			};
			struct draw_list list;

			draw_nodes(&query, &list);
			sum += list.entries[0].node + list.count;
		}
		took_us[round] = clk_mono_us() - start_us;
	}
	report(b, "list_of_5", (double)median(took_us, 5) * 1000 / LISTS,
	       sum ? "ns" : "");
}

int main(void)
{
	struct bench sizes[] = {
		{.name = "n1000_s22",
		 .nodes = 1000,
		 .sites = 22,
		 .cells = 20000},
		{.name = "n100000_s1000",
		 .nodes = 100000,
		 .sites = 1000,
		 .cells = 60000},
		{.name = "n100000_s1",
		 .nodes = 100000,
		 .sites = 1,
		 .cells = 60000},
		{.name = "n1000_s1", .nodes = 1000, .sites = 1, .cells = 1000},
		{.name = "n1100_s1", .nodes = 1100, .sites = 1, .cells = 1000},
	};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct snapshot *snap;

		set_up(&sizes[i]);
		snap = bench_changes(&sizes[i]);
		bench_lists(&sizes[i], snap);
		snapshot_free(snap);
		tear_down(&sizes[i]);
	}
	return 0;
}
