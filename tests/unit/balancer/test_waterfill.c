/*
 * test_waterfill.c - the rules of step 5 on arrays, without a fleet.
 */
#include "balancer/waterfill.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/def.h"
#include "lib/base/rng.h"

#define NODES 4

struct row {
	const char *rule;
	struct {
		double limit, hard, est, ramp;
	} node[NODES];
	double volume; /* connections that arrive in the horizon */
	double want_p[NODES];
	int want_overflow;
};

static const struct row rows[] = {
	{
		"alike nodes share alike",
		{{100, 100, 50, 1}, {100, 100, 50, 1}},
		10,
		{0.5, 0.5},
		0,
	},
	{
		"all reach one level: 40+15 = 50+5",
		{{100, 100, 40, 1}, {100, 100, 50, 1}},
		20,
		{0.75, 0.25},
		0,
	},
	{
		"few arrivals: the emptiest takes all but the floor",
		{{100, 100, 40, 1}, {100, 100, 80, 1}},
		1,
		{0.975, 0.025},
		0,
	},
	{
		"the cap beta*K/sum(K) holds the crowd back",
		{{100, 100, 0, 1},
		 {100, 100, 60, 1},
		 {100, 100, 60, 1},
		 {100, 100, 60, 1}},
		10,
		{0.5, 1 / 6.0, 1 / 6.0, 1 / 6.0},
		0,
	},
	{
		"a storm goes by K",
		{{1000, 1000, 0, 1}, {3000, 3000, 0, 1}},
		3999,
		{0.25, 0.75},
		0,
	},
	{
		"a full node gets nothing",
		{{100, 100, 100, 1}, {100, 100, 50, 1}},
		10,
		{0, 1},
		0,
	},
	{
		"a node gets no more than it has room for",
		{{100, 100, 95, 1}, {100, 100, 80, 1}},
		25,
		{0.2, 0.8},
		0,
	},
	{
		"one node alone takes all, whatever its cap",
		{{100, 100, 0, 0.1}},
		5,
		{1},
		0,
	},
	{
		"a whole site that restarted sums to 1",
		{{100, 100, 0, 0.1}, {300, 300, 0, 0.1}},
		5,
		{0.25, 0.75},
		0,
	},
	{
		"slow start: a young node gets at most beta*ramp*share",
		{{100, 100, 50, 1}, {100, 100, 0, 0.1}},
		10,
		{0.9, 0.1},
		0,
	},
	{
		"no arrivals: by deficit, no 0/0",
		{{100, 100, 50, 1}, {100, 100, 50, 1}},
		0,
		{0.5, 0.5},
		0,
	},
	{
		"no arrivals, less than one place free: still sums to 1",
		{{100, 100, 99.5, 1}, {100, 100, 100, 1}},
		0,
		{1, 0},
		0,
	},
	{
		"all full and nobody comes: by K, flagged",
		{{100, 100, 100, 1}, {300, 300, 400, 1}},
		0,
		{0.25, 0.75},
		1,
	},
	{
		"more than fits: what fits first, the rest by K, flagged",
		{{100, 100, 90, 1}, {100, 100, 100, 1}},
		20,
		{0.75, 0.25},
		1,
	},
	{
		"weight 0, suspect and down nodes take no part",
		{{0, 0, 10, 1}, {100, 100, 10, 1}},
		5,
		{0, 1},
		0,
	},
	{
		"nobody takes part",
		{{0, 0, 0, 1}, {0, 0, 0, 1}},
		5,
		{0, 0},
		0,
	},
	{
		"weight 200 draws double but never above the capacity",
		{{200, 100, 95, 1}, {100, 100, 50, 1}},
		20,
		{0.25, 0.75},
		0,
	},
	{
		"capacity 1, one place left between two",
		{{1, 1, 0, 1}, {1, 1, 1, 1}},
		0.5,
		{1, 0},
		0,
	},
};

static void solve(struct waterfill_site *site, struct waterfill_node *nodes,
		  uint32_t count, double volume)
{
	*site = (struct waterfill_site){
		.nodes = nodes,
		.node_count = count,
		.rate_per_s = volume / 10,
		.horizon_s = 10,
		.beta = 2,
		.floor_share = 0.05,
	};
	waterfill_solve(site);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct waterfill_node nodes[NODES] = {0};
		struct waterfill_site site;

		print_message("%s\n", rows[i].rule);
		for (int n = 0; n < NODES; n++) {
			nodes[n].limit = rows[i].node[n].limit;
			nodes[n].hard = rows[i].node[n].hard;
			nodes[n].est = rows[i].node[n].est;
			nodes[n].ramp = rows[i].node[n].ramp;
		}
		solve(&site, nodes, NODES, rows[i].volume);
		for (int n = 0; n < NODES; n++)
			if (!(fabs(nodes[n].p - rows[i].want_p[n]) < 1e-9))
				fail_msg("node %d: p %.12f, not %.12f", n,
					 nodes[n].p, rows[i].want_p[n]);
		assert_int_equal(site.overflow, rows[i].want_overflow);
	}
}

static double random_nodes(struct rng *rng, struct waterfill_node *nodes,
			   uint32_t count)
{
	double free = 0;

	for (uint32_t i = 0; i < count; i++) {
		double capacity = 1 + rng_unit(rng) * (1 << rng_below(rng, 18));
		double weight = (double)rng_below(rng, 5) / 2;

		nodes[i] = (struct waterfill_node){
			.limit = capacity * weight,
			.hard = fmin(capacity, capacity * weight),
			.est = capacity * rng_unit(rng) * 1.1,
			.ramp = 0.1 + 0.9 * rng_unit(rng),
		};
		if (nodes[i].limit > 0)
			free += fmax(0, nodes[i].hard - nodes[i].est);
	}
	return free;
}

static void check_bounds(const struct waterfill_site *site, double volume)
{
	double sum = 0, limit = 0;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct waterfill_node *node = &site->nodes[i];
		double room = fmax(0, node->hard - node->est);

		assert_true(node->p >= 0);
		if (node->limit <= 0)
			assert_true(node->p == 0);
		if (!site->overflow)
			assert_true(node->p * volume <=
				    room * (1 + 1e-8) + 1e-9);
		sum += node->p;
		limit += node->limit;
	}
	if (limit > 0)
		assert_true(fabs(sum - 1) < 1e-9);
	else
		assert_true(sum == 0);
}

/* Unless caps had to be raised, all whom no bound keeps away are at the level
 * at the end of the horizon. */
static void check_level(const struct waterfill_site *site, double volume)
{
	double cap_sum = 0;

	for (uint32_t i = 0; i < site->node_count; i++)
		cap_sum += site->nodes[i].cap;
	if (site->overflow || cap_sum < 1 + 1e-9)
		return;
	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct waterfill_node *node = &site->nodes[i];
		double line = (site->level * node->limit - node->est) / volume;
		double p = fmin(fmax(line, node->floor), node->cap);

		assert_true(fabs(node->p - p) < 1e-9);
	}
}

static void
test_any_site_sums_to_one_at_one_level_and_keeps_hard_bounds(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (int round = 0; round < 20000; round++) {
		struct waterfill_node nodes[40];
		struct waterfill_site site;
		uint32_t count = 1 + (uint32_t)rng_below(&rng, 40);
		double free = random_nodes(&rng, nodes, count);
		double volume = free * rng_unit(&rng) * 1.2;

		if (rng_below(&rng, 8) == 0)
			volume = 0;
		solve(&site, nodes, count, volume);
		check_bounds(&site, volume);
		check_level(&site, fmax(volume, fmin(1, free)));
		if (free > 0)
			assert_int_equal(site.overflow, volume > free);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(
			test_any_site_sums_to_one_at_one_level_and_keeps_hard_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
