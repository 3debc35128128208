/*
 * bench_registry__lease.c - what a renewal costs the registry: decoding its
 * body and extending the lease, in a table of 100,000 nodes; and the sweep
 * that lets time pass. Prints "name value unit" lines, the best of several
 * rounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "registry/lease.h"

#define NODES	100000
#define REGIONS 50
#define ROUNDS	5
#define BODY	160 /* bytes of a renewal, at most */

struct bench {
	struct lease_table *table;
	char (*ids)[NODE_ID_BYTES];
	char (*bodies)[BODY];
	size_t *lens;
	int64_t now_ms;
	uint64_t seq;
};

static void on_event(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	(void)lease;
	(void)event;
	(void)before;
	(void)arg;
}

/* Our own bug, and nothing else, gets here. */
static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench_registry__lease: %s\n", what);
	exit(1);
}

static void put_text(char *dst, size_t dst_bytes, const char *prefix,
		     unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, dst, dst_bytes);
	buf_printf(&b, "%s%u", prefix, number);
	buf_cstr(&b);
}

static void fill(struct bench *bench)
{
	struct node_record record = {
		.service = "im",
		.ports.tcp = 3101,
		.weight = 100,
		.capacity = 10000,
		.boot_epoch = 1700000000000,
		.ttl_ms = NODE_TTL_DEFAULT_MS,
	};
	enum lease_verdict verdict;
	const struct lease *lease;
	int64_t start_us = clk_mono_us();

	for (unsigned i = 0; i < NODES; i++) {
		put_text(bench->ids[i], NODE_ID_BYTES, "node-", i);
		put_text(record.id, NODE_ID_BYTES, "node-", i);
		put_text(record.region, NODE_ID_BYTES, "region-", i % REGIONS);
		must(lease_register(bench->table, &record, 0, &verdict,
				    &lease) == 0,
		     "a registration failed");
	}
	printf("lease_register %.0f ns\n",
	       (double)(clk_mono_us() - start_us) * 1000.0 / NODES);
}

/* The bodies as agents send them, made before the clock runs. */
static void write_bodies(struct bench *bench)
{
	struct node_load load = {
		.boot_epoch = 1700000000000,
		.seq = ++bench->seq,
		.accepts_total = 123456,
		.cpu_pct = 12.5,
	};
	struct buf b;

	for (unsigned i = 0; i < NODES; i++) {
		load.conns = i & 8191;
		buf_init_fixed(&b, bench->bodies[i], BODY);
		node_load_put(&b, &load);
		must(!b.failed, "a body is too long");
		bench->lens[i] = b.len;
	}
}

static double renew_all(struct bench *bench)
{
	int64_t start_us = clk_mono_us();
	const struct lease *lease;
	struct json_problem p;
	struct node_load load;

	for (unsigned i = 0; i < NODES; i++) {
		must(node_load_decode(sv_of(bench->bodies[i], bench->lens[i]),
				      &load, &p) == 0,
		     "a body was refused");
		must(lease_renew(bench->table, sv_str(bench->ids[i]), &load,
				 bench->now_ms, &lease) == 0,
		     "a renewal was refused");
	}
	return (double)(clk_mono_us() - start_us) / 1e6;
}

/* The same without decoding. */
static double touch_all(struct bench *bench)
{
	struct node_load load = {.boot_epoch = 1700000000000,
				 .seq = ++bench->seq};
	int64_t start_us = clk_mono_us();
	const struct lease *lease;

	for (unsigned i = 0; i < NODES; i++)
		must(lease_renew(bench->table, sv_str(bench->ids[i]), &load,
				 bench->now_ms, &lease) == 0,
		     "a renewal was refused");
	return (double)(clk_mono_us() - start_us) / 1e6;
}

/* The sweeps of almost half a TTL: each lease's timer fires once, finds a
 * renewal and moves on (but for the first time, when none is due yet). */
static double sweep_half_ttl(struct bench *bench)
{
	int64_t start_us = clk_mono_us();
	int64_t until_ms = bench->now_ms + NODE_TTL_DEFAULT_MS / 2 - 100;

	for (; bench->now_ms < until_ms; bench->now_ms += 100)
		lease_advance(bench->table, bench->now_ms);
	return (double)(clk_mono_us() - start_us) / 1e6;
}

static void take_renewed(struct bench *bench)
{
	const struct lease *leases[FEED_LOADS_BATCH];

	while (lease_take_renewed(bench->table, leases, FEED_LOADS_BATCH) > 0)
		;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

int main(void)
{
	struct lease_config config = {.leases_max = NODES, .renews_per_ttl = 3};
	double renew_s = 1e9, touch_s = 1e9, sweep_s = 1e9, swept_s;
	struct bench bench = {
		.table = lease_table_new(&config, 0, on_event, NULL),
		.ids = mem_array(NODES, NODE_ID_BYTES),
		.bodies = mem_array(NODES, BODY),
		.lens = mem_array(NODES, sizeof(size_t)),
	};

	fill(&bench);
	for (int i = 0; i < ROUNDS; i++) {
		write_bodies(&bench);
		renew_s = least(renew_s, renew_all(&bench));
		touch_s = least(touch_s, touch_all(&bench));
		take_renewed(&bench);
		swept_s = sweep_half_ttl(&bench);
		if (i > 0)
			sweep_s = least(sweep_s, swept_s);
	}
	printf("renewals %.0f 1/s\n", NODES / renew_s);
	printf("lease_renew %.0f ns\n", touch_s * 1e9 / NODES);
	printf("lease_sweep_half_ttl_100k %.2f ms\n", sweep_s * 1e3);
	lease_table_free(&bench.table);
	mem_free(bench.ids);
	mem_free(bench.bodies);
	mem_free(bench.lens);
	return 0;
}
