/*
 * What the dashboard costs the registry's loop: the whole state (in pieces, of
 * which the head is the longest), and one second's changes, of 2,000 and of
 * 100,000 nodes. Each renews every 5 s; 64 regions; one balancer that reports
 * 2,048 nodes, 256 areas and 512 flows. Then what 50 such balancers add, whose
 * sum is made once a second at most.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/mem.h"
#include "registry/picture_put.h"
#include "registry/pulse_changes.h"
#include "registry/report_share.h"

#define ROUNDS	7
#define REGIONS 64
#define MANY	50 /* balancers */

struct world {
	struct lease_table *leases;
	struct region_table *regions;
	struct override_table *overrides;
	struct balancer_table *balancers;
	struct feed_ring *ring;
	struct pulse_changes changes;
	unsigned node_count;
	uint64_t seq;
	int64_t now_ms;
	struct buf json;
};

/* Time of the processor, so that what else runs counts little. */
static int64_t cpu_us(void)
{
	struct timespec at;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at) != 0)
		abort();
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void on_lease(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	struct world *w = arg;

	(void)event;
	(void)before;
	lease->rev =
		feed_ring_add(w->ring, FEED_RING_NODE, lease->record.id, NULL);
}

static void on_override(struct override *entry, enum override_event event,
			void *arg)
{
	(void)entry;
	(void)event;
	(void)arg;
}

static void put_id(char *dst, size_t bytes, const char *prefix, unsigned number)
{
	struct buf id;

	buf_init_fixed(&id, dst, bytes);
	buf_printf(&id, "%s-%06u", prefix, number);
	(void)buf_cstr(&id);
}

static void add_node(struct world *w, unsigned number)
{
	struct node_record r = {.service = "im.example.com",
				.version = "0.1.0",
				.host = "node.edge.example.com",
				.capacity = 100000,
				.ports.tcp = 3101,
				.ttl_ms = 15000,
				.boot_epoch = 1,
				.weight = 100,
				.ipv4_count = 1};
	enum lease_verdict verdict;
	const struct lease *lease;

	put_id(r.id, sizeof(r.id), "node", number);
	put_id(r.region, sizeof(r.region), "region", number % REGIONS);
	r.ipv4[0] = addr_from_v4_host(0x0b000000 + number);
	if (lease_register(w->leases, &r, w->now_ms, &verdict, &lease) != 0)
		abort();
}

static void add_region(struct world *w, unsigned number)
{
	struct feed_region feed = {.lat_deg = number, .lon_deg = number};
	struct region *region;

	put_id(feed.id, sizeof(feed.id), "region", number);
	memcpy(feed.title, feed.id, sizeof(feed.title) - 1);
	(void)region_table_put(w->regions, &feed, STORE_REGION_FILE, &region);
}

/* Each round a fifth of the nodes renews. */
static void renew(struct world *w, unsigned turn)
{
	struct node_load load = {.boot_epoch = 1, .cpu_pct = 12.5};
	const struct lease *lease;
	char id[NODE_ID_BYTES];

	load.seq = ++w->seq;
	for (unsigned i = turn % 5; i < w->node_count; i += 5) {
		put_id(id, sizeof(id), "node", i);
		load.conns = 1000 + (i + turn) % 500;
		if (lease_renew(w->leases, sv_str(id), &load, w->now_ms,
				&lease) != 0)
			abort();
	}
}

static void report(struct world *w, struct sv id, unsigned turn)
{
	struct report r = {.boot_epoch = 1,
			   .queries_per_s = 80000,
			   .p50_us = 11,
			   .p99_us = 55};

	r.nodes.items = mem_array(2048, sizeof(*r.nodes.items));
	r.areas.items = mem_array(256, sizeof(*r.areas.items));
	r.flows.items = mem_array(512, sizeof(*r.flows.items));
	for (; r.nodes.count < 2048 && r.nodes.count < w->node_count;
	     r.nodes.count++) {
		struct report_node *node = &r.nodes.items[r.nodes.count];

		put_id(node->id, sizeof(node->id), "node", r.nodes.count);
		node->per_s = 30 + (r.nodes.count * 7 + turn * 13) % 100 / 50.0;
	}
	for (; r.areas.count < 256; r.areas.count++)
		r.areas.items[r.areas.count] =
			(struct report_area){.country = "BR",
					     .cell = r.areas.count + 1,
					     .lat_deg = r.areas.count,
					     .per_s = 10};
	for (; r.flows.count < 512; r.flows.count++) {
		struct report_flow *flow = &r.flows.items[r.flows.count];

		*flow = (struct report_flow){.country = "BR",
					     .cell = r.flows.count / 2 + 1,
					     .lat_deg = r.flows.count / 2,
					     .per_s = 5};
		put_id(flow->region, sizeof(flow->region), "region",
		       r.flows.count % REGIONS);
	}
	if (balancer_table_report(w->balancers, id, &r, w->now_ms) != 0)
		abort();
}

static struct world make(unsigned node_count)
{
	struct world w = {.node_count = node_count, .now_ms = 1000};

	w.ring = feed_ring_new(65536, "e");
	w.regions = region_table_new();
	w.overrides = override_table_new(on_override, NULL);
	w.balancers = balancer_table_new(w.now_ms);
	for (unsigned i = 0; i < REGIONS; i++)
		add_region(&w, i);
	buf_init(&w.json, 256u << 20);
	return w;
}

static void put_common(struct world *w, struct jsonw *json,
		       const struct picture *picture)
{
	static const struct store_counters store = {.up = true};
	struct picture_registry registry = {"http://127.0.0.1:7171", 1, &store};

	(void)w;
	jsonw_object(json, NULL);
	picture_put_head(json, picture, &registry);
	picture_put_regions(json, picture);
	picture_put_demand(json, picture->source.sum);
	picture_put_balancers(json, picture);
	jsonw_array(json, "nodes");
}

static struct picture_source source_of(const struct world *w,
				       const struct report_sum *sum)
{
	return (struct picture_source){.leases = w->leases,
				       .regions = w->regions,
				       .overrides = w->overrides,
				       .balancers = w->balancers,
				       .sum = sum};
}

static int64_t state_us(struct world *w)
{
	int64_t began_us = cpu_us();
	struct report_sum *sum = report_sum_new(w->balancers);
	struct picture_source source = source_of(w, sum);
	const struct lease *lease;
	struct picture picture;
	struct jsonw json;

	buf_reset(&w->json);
	picture_take(&picture, &source, w->now_ms);
	jsonw_init(&json, &w->json);
	put_common(w, &json, &picture);
	for (size_t i = 0; (lease = lease_at(w->leases, i)) != NULL; i++)
		picture_put_node(&json, &source, lease, w->now_ms);
	jsonw_array_end(&json);
	jsonw_object_end(&json);
	picture_fini(&picture);
	report_sum_free(&sum);
	return cpu_us() - began_us;
}

/* What one turn of the loop has of it at most: all sums, or 512 nodes. */
static int64_t head_us(struct world *w)
{
	int64_t began_us = cpu_us();
	struct report_sum *sum = report_sum_new(w->balancers);
	struct picture_source source = source_of(w, sum);
	struct picture picture;
	struct jsonw json;

	buf_reset(&w->json);
	picture_take(&picture, &source, w->now_ms);
	jsonw_init(&json, &w->json);
	put_common(w, &json, &picture);
	picture_fini(&picture);
	report_sum_free(&sum);
	return cpu_us() - began_us;
}

static int64_t tick_us(struct world *w, struct report_sum **before)
{
	int64_t began_us = cpu_us();
	struct report_sum *sum = report_sum_new(w->balancers);
	struct picture_source source = source_of(w, sum);
	struct picture picture;
	struct jsonw json;

	if (pulse_changes_look(&w->changes, w->ring, &source, *before,
			       w->now_ms) != 0)
		abort();
	buf_reset(&w->json);
	picture_take(&picture, &source, w->now_ms);
	jsonw_init(&json, &w->json);
	put_common(w, &json, &picture);
	for (size_t i = 0; i < w->changes.changed_count; i++)
		picture_put_node(&json, &source, w->changes.changed[i],
				 w->now_ms);
	jsonw_array_end(&json);
	jsonw_object_end(&json);
	picture_fini(&picture);
	report_sum_free(before);
	*before = sum;
	return cpu_us() - began_us;
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void tell(const char *what, unsigned nodes, int64_t *us, size_t bytes)
{
	qsort(us, ROUNDS, sizeof(*us), by_value);
	printf("registry_%s_%u_nodes_ms %.2f ms\n", what, nodes,
	       (double)us[ROUNDS / 2] / 1000);
	printf("registry_%s_%u_nodes_kb %.0f kB\n", what, nodes,
	       (double)bytes / 1000);
}

/* All reports are new; who asks again in the same second gets the same. */
static void measure_sum(void)
{
	struct world w = {.node_count = 2048, .now_ms = 1000};
	int64_t sum_us[ROUNDS], again_us[ROUNDS];
	struct report_share *share;
	struct report_sum *sum;
	char id[NODE_ID_BYTES];

	w.balancers = balancer_table_new(w.now_ms);
	share = report_share_new(w.balancers);
	for (unsigned i = 0; i < ROUNDS; i++) {
		w.now_ms += 1000;
		for (unsigned j = 0; j < MANY; j++) {
			put_id(id, sizeof(id), "balancer", j);
			report(&w, sv_str(id), i + j);
		}
		sum_us[i] = cpu_us();
		sum = report_share_take(share, w.now_ms);
		sum_us[i] = cpu_us() - sum_us[i];
		report_sum_free(&sum);
		report(&w, sv_str(id), i);
		again_us[i] = cpu_us();
		sum = report_share_take(share, w.now_ms);
		again_us[i] = cpu_us() - again_us[i];
		report_sum_free(&sum);
	}
	qsort(sum_us, ROUNDS, sizeof(*sum_us), by_value);
	qsort(again_us, ROUNDS, sizeof(*again_us), by_value);
	printf("registry_sum_%u_balancers_ms %.2f ms\n", MANY,
	       (double)sum_us[ROUNDS / 2] / 1000);
	printf("registry_sum_again_%u_balancers_us %lld us\n", MANY,
	       (long long)again_us[ROUNDS / 2]);
	report_share_free(&share);
	balancer_table_free(&w.balancers);
}

static void measure(unsigned node_count)
{
	struct world w = make(node_count);
	int64_t state[ROUNDS], tick[ROUNDS], head[ROUNDS];
	struct report_sum *before;
	size_t state_bytes = 0, tick_bytes = 0, head_bytes = 0;

	w.leases = lease_table_new(&(struct lease_config){node_count, 3},
				   w.now_ms, on_lease, &w);
	for (unsigned i = 0; i < node_count; i++)
		add_node(&w, i);
	for (unsigned i = 0; i < 5; i++)
		renew(&w, i);
	report(&w, SV("b"), 0);
	before = report_sum_new(w.balancers);
	pulse_changes_begin(&w.changes, feed_ring_rev(w.ring), w.now_ms);
	for (unsigned i = 0; i < ROUNDS; i++) {
		w.now_ms += 1000;
		renew(&w, i);
		report(&w, SV("b"), i);
		tick[i] = tick_us(&w, &before);
		tick_bytes = w.json.len;
		head[i] = head_us(&w);
		head_bytes = w.json.len;
		state[i] = state_us(&w);
		state_bytes = w.json.len;
	}
	tell("state", node_count, state, state_bytes);
	tell("head", node_count, head, head_bytes);
	tell("tick", node_count, tick, tick_bytes);
	report_sum_free(&before);
	buf_fini(&w.json);
	balancer_table_free(&w.balancers);
	override_table_free(&w.overrides);
	region_table_free(&w.regions);
	lease_table_free(&w.leases);
	feed_ring_free(&w.ring);
}

int main(void)
{
	measure(2000);
	measure(100000);
	measure_sum();
	return 0;
}
