/*
 * bench_balancer__shelf.c - what it costs to keep past snapshots: memory of
 * each, time to pack one, time to bring the oldest of 64 back; 1,000 sites of
 * two zones a region, 60,000 cells whose demand moves, a fifth of the nodes
 * reporting each second. Prints "name value unit" lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/demand.h"
#include "balancer/fleet.h"
#include "balancer/snapshot_builder.h"
#include "balancer/snapshot_restore.h"
#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define KEPT  64
#define SALT  0x9e3779b97f4a7c15ULL
#define NODES 100000
#define SITES 1000
#define CELLS 60000

enum change { LOADS, CARDS, NODES_COME_AND_GO };

struct bench {
	struct fleet *fleet;
	struct demand *demand;
	unsigned slot;
	struct snapshot_builder *builder;
	struct cellmap_cell *grid;
	double *rate_per_s;
	uint32_t *conns;
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

static void put_node(struct bench *b, unsigned number, uint32_t tcp_port)
{
	unsigned site = number % SITES, region = site / 2;
	static struct feed_node node;
	struct node_record *r = &node.record;

	memset(&node, 0, sizeof(node));
	set_text(r->id, sizeof(r->id), "node-", number);
	set_text(r->service, sizeof(r->service), "im", 0);
	set_text(r->region, sizeof(r->region), "region-", region);
	set_text(r->zone, sizeof(r->zone), "zone-", site % 2);
	set_text(r->host, sizeof(r->host), "edge.example.com-", number);
	r->has_position = true;
	r->lat_deg = (double)(hash_mix(region) % 120000) / 1000 - 60;
	r->lon_deg = (double)(hash_mix(region + SALT) % 360000) / 1000 - 180;
	r->ipv4_count = 1;
	r->ipv4[0].family = ADDR_V4;
	memcpy(r->ipv4[0].bytes, &number, 4);
	r->ports.tcp = (uint16_t)tcp_port;
	r->weight = 100;
	r->capacity = 25000U << number % 3;
	r->boot_epoch = 1;
	b->conns[number] = r->capacity / 2;
	node.conns = b->conns[number];
	node.load_age_ms = (int64_t)rng_below(&b->rng, 5000);
	node.registered_age_ms = 3600000;
	fleet_put(b->fleet, &node, b->now_ms);
}

static void set_up(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	rng_seed(&b->rng, 1);
	b->now_ms = 1000000;
	b->fleet = fleet_new();
	b->demand = demand_new(1);
	b->builder = snapshot_builder_new(1);
	b->grid = mem_array(CELLS, sizeof(*b->grid));
	b->rate_per_s = mem_array(CELLS, sizeof(*b->rate_per_s));
	b->conns = mem_array(NODES, sizeof(*b->conns));
	for (unsigned i = 0; i < NODES; i++)
		put_node(b, i, 3101);
	b->slot = demand_slot(b->demand, SV("im000000"));
	for (unsigned c = 1; c < CELLS; c++) {
		b->grid[c].lat_deg = (float)(rng_unit(&b->rng) * 120 - 60);
		b->grid[c].lon_deg = (float)(rng_unit(&b->rng) * 360 - 180);
		b->rate_per_s[c] = rng_unit(&b->rng) * 2;
	}
}

static void tear_down(struct bench *b)
{
	snapshot_builder_free(&b->builder);
	demand_free(&b->demand);
	fleet_free(&b->fleet);
	mem_free(b->grid);
	mem_free(b->rate_per_s);
	mem_free(b->conns);
}

static void report_loads(struct bench *b, unsigned round)
{
	for (unsigned i = round % 5; i < NODES; i += 5) {
		struct feed_load load = {.age_ms = 100};

		set_text(load.id, sizeof(load.id), "node-", i);
		b->conns[i] += (uint32_t)rng_below(&b->rng, 201) - 100;
		load.conns = b->conns[i];
		fleet_load(b->fleet, &load, b->now_ms);
	}
}

static void change(struct bench *b, unsigned round, enum change what)
{
	char id[NODE_ID_BYTES];

	if (what == CARDS)
		for (unsigned i = 0; i < 100; i++)
			put_node(b, (unsigned)rng_below(&b->rng, NODES),
				 3102 + round);
	for (unsigned i = 0; what == NODES_COME_AND_GO && i < 10; i++) {
		set_text(id, sizeof(id), "node-",
			 (unsigned)rng_below(&b->rng, NODES));
		fleet_del(b->fleet, id);
		put_node(b, (unsigned)rng_below(&b->rng, NODES), 3101);
	}
}

static struct snapshot *build(struct bench *b, unsigned round, enum change what)
{
	struct snapshot_input input = {
		.fleet = b->fleet,
		.cells = b->grid,
		.cell_count = CELLS,
		.demand = b->demand,
		.policy = snapshot_default_policy(),
		.synced_at_ms = b->now_ms + 1000,
	};

	b->now_ms += 1000;
	input.now_ms = b->now_ms;
	report_loads(b, round);
	change(b, round, what);
	for (unsigned c = 1; c < CELLS; c++)
		demand_set_rate(b->demand, b->slot, (uint16_t)c,
				b->rate_per_s[c] *
					(0.9 + 0.2 * rng_unit(&b->rng)));
	return snapshot_builder_build(b->builder, &input);
}

static int compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *what, const char *when, double value,
		   const char *unit)
{
	printf("balancer.shelf_%s.%s %.3f %s\n", what, when, value, unit);
	fflush(stdout);
}

static void run(const char *when, enum change what)
{
	struct snapshot_delta *deltas[KEPT]; /* newest first */
	struct snapshot *newest, *next, *oldest;
	int64_t took_us[KEPT], start_us;
	double bytes = 0;
	struct buf scratch;
	struct bench b;

	set_up(&b);
	buf_init(&scratch, 256U << 20);
	newest = build(&b, 0, LOADS);
	for (unsigned i = KEPT; i-- > 0;) {
		next = build(&b, i, what);
		start_us = clk_mono_us();
		deltas[i] = snapshot_delta_new(newest, next, &scratch);
		took_us[i] = clk_mono_us() - start_us;
		bytes += (double)snapshot_delta_bytes(deltas[i]);
		snapshot_free(newest);
		newest = next;
	}
	qsort(took_us, KEPT, sizeof(took_us[0]), compare_i64);
	report("bytes", when, bytes / KEPT / 1e6, "MB");
	report("pack", when, (double)took_us[KEPT / 2] / 1000, "ms");
	start_us = clk_mono_us();
	oldest = snapshot_restore(newest, deltas, KEPT);
	report("oldest_back", when, (double)(clk_mono_us() - start_us) / 1000,
	       "ms");
	snapshot_free(oldest);
	snapshot_free(newest);
	for (unsigned i = 0; i < KEPT; i++)
		snapshot_delta_unref(&deltas[i]);
	buf_fini(&scratch);
	tear_down(&b);
}

int main(void)
{
	run("loads", LOADS);
	run("100_cards_a_second", CARDS);
	run("10_nodes_come_and_go", NODES_COME_AND_GO);
	return 0;
}
