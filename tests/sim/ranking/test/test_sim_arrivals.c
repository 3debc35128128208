/*
 * test_sim_arrivals.c - moving counts is the same experiment as drawing a list
 * for each client: chi-square of both against each other, and of the random
 * counts against their exact distributions.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "lib/base/mem.h"
#include "tests/sim/ranking/arrivals.h"
#include "tests/sim/ranking/chance.h"

#define WORLD	 "tests/sim/ranking/worlds/metros.json"
#define SCENARIO "tests/sim/ranking/scenarios/L9.json"
#define CLIENTS	 400000

/* Chi-square of k degrees of freedom is above this once in a million. */
static double limit_of(double k)
{
	double z = 4.9, c = 2 / (9 * k);

	return k * pow(1 - c + z * sqrt(c), 3);
}

/* -- random counts ------------------------------------------------------- */

#define TRIES 200000
#define BINS  4096

static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

struct law {
	double n, p; /* n = 0: Poisson of mean p */
};

static double chance_of(const struct law *law, double k)
{
	if (law->n == 0)
		return exp(k * log(law->p) - law->p - lgamma(k + 1));
	return k > law->n ? 0
			  : exp(log_choose(law->n, k) + k * log(law->p) +
				(law->n - k) * log1p(-law->p));
}

static void check_law(const struct law *law, uint64_t seed)
{
	uint32_t *seen = mem_array(BINS, sizeof(*seen));
	double chi = 0, cells = 0, rest_seen = TRIES, rest = TRIES;
	struct rng rng;

	rng_seed(&rng, seed);
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t k = law->n == 0
				     ? chance_poisson(&rng, law->p)
				     : chance_binomial(&rng, (uint64_t)law->n,
						       law->p);

		assert_true(k < BINS);
		seen[k]++;
	}
	for (unsigned k = 0; k < BINS; k++) {
		double expected = TRIES * chance_of(law, k);

		if (expected < 10)
			continue;
		chi += pow(seen[k] - expected, 2) / expected;
		rest -= expected;
		rest_seen -= seen[k];
		cells++;
	}
	if (rest > 5)
		chi += pow(rest_seen - rest, 2) / rest;
	assert_true(chi < limit_of(cells));
	mem_free(seen);
}

static void test_counts_have_their_exact_distribution(void **state)
{
	static const struct law laws[] = {
		{0, 0.03}, {0, 4},	{0, 9.9},   {0, 10.1},
		{0, 300},  {1, 0.3},	{12, 0.9},  {1000, 0.0003},
		{40, 0.5}, {4000, 0.2}, {2500, 0.7}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(laws); i++)
		check_law(&laws[i], 77 + i);
}

static void test_counts_at_the_edges(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	assert_int_equal(chance_poisson(&rng, 0), 0);
	assert_int_equal(chance_binomial(&rng, 0, 0.5), 0);
	assert_int_equal(chance_binomial(&rng, 9, 0), 0);
	assert_int_equal(chance_binomial(&rng, 9, 1), 9);
	assert_int_equal(chance_binomial(&rng, 9, 1.0000001), 9);
}

/* -- against draw_nodes() ------------------------------------------------ */

struct both {
	uint64_t *drawn, *split; /* first places, by node */
	uint16_t cell;
	unsigned checked;
};

static void draw_all(struct sim_run *run, struct replica *r, struct both *both)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		uint32_t list[DRAW_MAX];

		assert_int_equal(replica_ask(r, run->world, run->scenario,
					     both->cell, &run->rng, 0, list),
				 5);
		both->drawn[list[0]]++;
	}
}

static void split_all(struct sim_run *run, struct replica *r, struct both *both)
{
	const struct snapshot_cell *cell = &r->service->cells[both->cell];

	for (unsigned i = 0; i < CLIENTS / 40; i++) {
		uint64_t ranks[SNAPSHOT_CANDIDATES];

		arrivals_split_cell(cell, 40, &run->rng, ranks);
		for (unsigned j = 0; j < cell->candidate_count; j++)
			arrivals_split_site(r,
					    &r->service->sites[cell->site[j]],
					    ranks[j], &run->rng, both->split);
	}
}

/* Two samples of equal size. */
static void compare(const struct both *both, unsigned node_count)
{
	double chi = 0, cells = -1;

	for (unsigned i = 0; i < node_count; i++) {
		double a = (double)both->drawn[i], b = (double)both->split[i];

		if (a + b < 20)
			continue;
		chi += (a - b) * (a - b) / (a + b);
		cells++;
	}
	assert_true(cells > 10);
	assert_true(chi < limit_of(cells));
}

/* At a time when the cell's demand goes to more than one site. */
static void look(struct sim_run *run, void *arg)
{
	struct both *both = arg;
	struct replica *r = &run->replicas[0];

	if (both->checked > 0 || run->now_ms - run->start_ms < 200000 ||
	    r->service->cells[both->cell].cumulative[0] > SNAPSHOT_TOP / 10 * 9)
		return;
	draw_all(run, r, both);
	split_all(run, r, both);
	compare(both, run->world->node_count);
	both->checked++;
}

static void test_counts_equal_real_draws(void **state)
{
	struct sim_world *world;
	struct sim_scenario scenario;
	struct both both = {0};
	struct figures figures;
	struct sim_run run = {.scenario = &scenario,
			      .seed = 3,
			      .watch = look,
			      .watch_arg = &both};

	(void)state;
	assert_int_equal(sim_world_load(WORLD, &world), 0);
	assert_int_equal(sim_scenario_load(SCENARIO, world, &scenario), 0);
	scenario.rate_per_s = 25000;
	run.world = world;
	both.cell = 1;
	both.drawn = mem_array(world->node_count, sizeof(uint64_t));
	both.split = mem_array(world->node_count, sizeof(uint64_t));
	sim_run_play(&run, &figures);
	assert_int_equal(both.checked, 1);
	figures_fini(&figures);
	mem_free(both.drawn);
	mem_free(both.split);
	sim_world_free(&world);
}

/* A whole run either way: the same experiment with another sample. */
static void test_both_ways_give_like_figures(void **state)
{
	struct sim_world *world;
	struct sim_scenario scenario;
	struct figures counts, lists;
	struct sim_run run = {.scenario = &scenario, .seed = 3};

	(void)state;
	assert_int_equal(sim_world_load(WORLD, &world), 0);
	assert_int_equal(sim_scenario_load(SCENARIO, world, &scenario), 0);
	scenario.duration_s = 120;
	run.world = world;
	sim_run_play(&run, &counts);
	scenario.always_lists = true;
	sim_run_play(&run, &lists);
	assert_int_equal(counts.lists_drawn, 0);
	assert_int_equal(lists.lists_drawn, lists.lists);
	assert_true(fabs(counts.of_peak - lists.of_peak) < 0.01);
	assert_true(fabs(counts.af_p99 - lists.af_p99) < 0.03);
	assert_true(fabs(counts.extra_km - lists.extra_km) < 0.5);
	figures_fini(&counts);
	figures_fini(&lists);
	sim_world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_have_their_exact_distribution),
		cmocka_unit_test(test_counts_at_the_edges),
		cmocka_unit_test(test_counts_equal_real_draws),
		cmocka_unit_test(test_both_ways_give_like_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
