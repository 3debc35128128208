/*
 * bench_balancer__report.c - what the report of a second costs the main thread
 * at the largest sizes that we promise: every cell asks, six sites each.
 * Prints "name value unit" lines.
 */
#include <stdio.h>
#include <stdlib.h>

#include "balancer/balancer.h"
#include "balancer/report_tally.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define CELLS  60000
#define SITES  1000
#define NODES  100000
#define ROUNDS 21

static void set_name(char *to, const char *what, unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, to, NODE_ID_BYTES - 1);
	buf_printf(&b, "%s-%06u", what, number);
	to[b.len] = '\0';
}

static void put_node(struct fleet *fleet, unsigned number)
{
	static struct feed_node node;
	struct node_record *r = &node.record;
	unsigned site = number % SITES;

	set_name(r->id, "node", number);
	set_name(r->service, "im", 0);
	set_name(r->region, "region", site / 2);
	set_name(r->zone, "zone", site % 2);
	r->has_position = true;
	r->lat_deg = (double)(hash_mix(site / 2) % 120000) / 1000 - 60;
	r->lon_deg = (double)(hash_mix(site / 2 + 9999) % 360000) / 1000 - 180;
	r->ipv4_count = 1;
	r->ipv4[0] = addr_from_v4_host(0x0a000000U + number);
	r->ports.tcp = 3101;
	r->weight = 100;
	r->capacity = 1000;
	node.conns = (uint32_t)(hash_mix(number) % 1000);
	node.registered_age_ms = 3600000;
	fleet_put(fleet, &node, 1000000);
}

/* Little room anywhere, so that cells are split up. */
static struct snapshot *build(struct demand *demand,
			      const struct cellmap_cell *cells)
{
	struct snapshot_builder *builder = snapshot_builder_new(1);
	struct snapshot_input input = {
		.fleet = fleet_new(),
		.demand = demand,
		.cells = cells,
		.cell_count = CELLS,
		.policy = snapshot_default_policy(),
		.now_ms = 1000000,
		.synced_at_ms = 1000000,
	};
	struct snapshot *snap;

	for (unsigned i = 0; i < NODES; i++)
		put_node(input.fleet, i);
	snap = snapshot_builder_build(builder, &input);
	fleet_free(&input.fleet);
	snapshot_builder_free(&builder);
	return snap;
}

static int compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, int64_t *took_us)
{
	qsort(took_us, ROUNDS, sizeof(*took_us), compare_i64);
	printf("balancer.report_%s.100k_1000_60k %.2f ms\n", name,
	       (double)took_us[ROUNDS / 2] / 1000);
}

static void put(const struct report *report, struct buf *b)
{
	struct jsonw w;

	b->len = 0;
	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	report_put(&w, report);
	jsonw_object_end(&w);
}

/* What the registry does with it. */
static void decode(struct sv body)
{
	struct json_problem p;
	struct report got;

	if (report_decode(body, &got, &p) != 0)
		exit(1);
	report_fini(&got);
}

int main(void)
{
	struct cellmap_cell *cells = mem_array(CELLS, sizeof(*cells));
	struct balancer app = {.demand = demand_new(2)};
	struct cellmap *map = NULL;
	struct report_tally *tally = report_tally_new();
	int64_t take_us[ROUNDS], put_us[ROUNDS], decode_us[ROUNDS];
	struct report report;
	struct view_map view_map = {.holders = 1};
	struct view view = {.map = &view_map};
	struct rng rng;
	struct buf why, body;
	unsigned slot = demand_slot(app.demand, SV("im-000000"));

	rng_seed(&rng, 1);
	buf_init(&body, REPORT_JSON_MAX);
	buf_init(&why, 1024);
	if (cellmap_build(&(struct cellmap_config){.path_count = 0}, &map,
			  &why) != 0)
		return 1;
	buf_fini(&why);
	view_map.map = map;
	for (unsigned c = 1; c < CELLS; c++) {
		cells[c].lat_deg = (float)(rng_unit(&rng) * 120 - 60);
		cells[c].lon_deg = (float)(rng_unit(&rng) * 360 - 180);
		demand_set_rate(app.demand, slot, (uint16_t)c,
				rng_unit(&rng) * 100);
	}
	view.snapshot = build(app.demand, cells);
	report_tally_take(tally, &app, &view, 1000, &report);
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t start_us;

		for (unsigned c = 1; c < CELLS; c++)
			for (uint64_t n = rng_below(&rng, 20) + 1; n > 0; n--)
				demand_count(demand_counter(app.demand, n % 2),
					     slot, (uint16_t)c);
		start_us = clk_mono_us();
		report_tally_take(tally, &app, &view, 2000 + i * 1000, &report);
		take_us[i] = clk_mono_us() - start_us;
		report.boot_epoch = 1;
		start_us = clk_mono_us();
		put(&report, &body);
		put_us[i] = clk_mono_us() - start_us;
		start_us = clk_mono_us();
		decode(buf_view(&body));
		decode_us[i] = clk_mono_us() - start_us;
	}
	printf("# %zu bytes, %u flows, %u nodes, nearest %.0f of %.0f\n",
	       body.len, report.flows.count, report.nodes.count,
	       report.nearest_per_s, report.placed_per_s);
	print("take", take_us);
	print("put", put_us);
	print("decode", decode_us);
	buf_fini(&body);
	report_tally_free(&tally);
	snapshot_free(view.snapshot);
	cellmap_free(&map);
	demand_free(&app.demand);
	mem_free(cells);
	return 0;
}
