/*
 * What a moment of the history costs the registry's main loop: a fleet of N
 * nodes in 200 regions, history_nodes as given. Usage: bench [NODES [KEPT]].
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "registry/history_source.h"
#include "registry/registry.h"

#define MOMENTS 26 /* two of them end a minute */

static void ignore(struct lease *lease, enum lease_event event,
		   enum node_state before, void *arg)
{
	(void)lease;
	(void)event;
	(void)before;
	(void)arg;
}

static void register_node(struct registry *r, unsigned number)
{
	struct node_load load = {.boot_epoch = 1, .seq = 1, .conns = number};
	struct node_record record = {
		.service = "im",
		.weight = 100,
		.capacity = 1000,
		.boot_epoch = 1,
		.ttl_ms = 15000,
	};
	enum lease_verdict verdict;
	const struct lease *lease;
	struct buf text;

	buf_init_fixed(&text, record.id, sizeof(record.id) - 1);
	buf_printf(&text, "node-%06u", number);
	buf_init_fixed(&text, record.region, sizeof(record.region) - 1);
	buf_printf(&text, "region-%03u", number % 200);
	if (lease_register(r->leases, &record, 0, &verdict, &lease) != 0 ||
	    lease_renew(r->leases, sv_str(record.id), &load, 0, &lease) != 0)
		abort();
}

static double look_ms(struct history_source *source, int64_t wall_s,
		      const struct history_frame **day_r)
{
	const struct history_frame *hour;
	int64_t began_us = clk_mono_us();

	if (!history_source_look(source, wall_s, &hour, day_r))
		abort();
	return (double)(clk_mono_us() - began_us) / 1000;
}

int main(int argc, char **argv)
{
	unsigned nodes = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
	unsigned kept = argc > 2 ? (unsigned)atoi(argv[2]) : 2000;
	struct lease_config config = {.leases_max = nodes, .renews_per_ttl = 3};
	struct registry r = {0};
	struct history_source *source;
	const struct history_frame *day;
	double sum_ms = 0, worst_ms = 0, minute_ms = 0;
	unsigned count = 0;

	r.leases = lease_table_new(&config, 0, ignore, NULL);
	r.balancers = balancer_table_new(0);
	r.overrides = override_table_new(NULL, NULL);
	for (unsigned i = 0; i < nodes; i++)
		register_node(&r, i);
	source = history_source_new(&r, kept);
	history_source_begin(source);
	for (int i = 0; i < MOMENTS; i++) {
		double ms = look_ms(source, 1800000000 + 5 * i, &day);

		if (day) {
			minute_ms = ms;
			continue;
		}
		sum_ms += ms;
		worst_ms = ms > worst_ms ? ms : worst_ms;
		count++;
	}
	printf("nodes %u count\nkept %u count\n", nodes, kept);
	printf("moment_mean %.3f ms\nmoment_worst %.3f ms\n", sum_ms / count,
	       worst_ms);
	printf("moment_that_ends_a_minute %.3f ms\n", minute_ms);
	printf("bytes_per_moment %zu bytes\n",
	       history_slot_count(history_source_history(source)) *
		       sizeof(struct history_point));
	printf("bytes_of_an_hour_and_a_day %.1f MB\n",
	       (double)history_slot_count(history_source_history(source)) *
		       sizeof(struct history_point) * 2160 / 1e6);
	history_source_free(&source);
	lease_table_free(&r.leases);
	balancer_table_free(&r.balancers);
	override_table_free(&r.overrides);
	return 0;
}
