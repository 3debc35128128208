/*
 * test_candidates.c - cost orders: the terms of the cost by table, the choice
 * of six against a plain sort over place_km().
 */
#include "balancer/candidates.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "geo/place.h"
#include "lib/base/def.h"
#include "lib/base/rng.h"

#define DEFAULTS                                                               \
	{                                                                      \
		50, 1500, 0                                                    \
	}

static const struct row {
	const char *rule;
	struct candidates_site site;
	double km;
	uint32_t carrier;
	unsigned other_country;
	double border_km, want;
} rows[] = {
	{"inside the free distance all are alike",
	 {.bias_km = 0},
	 49,
	 0,
	 0,
	 0,
	 0},
	{"beyond it each km counts", {.bias_km = 0}, 150, 0, 0, 0, 100},
	{"bias is taken off", {.bias_km = 30}, 150, 0, 0, 0, 70},
	{"a negative bias pushes away", {.bias_km = -30}, 10, 0, 0, 0, 30},
	{"another carrier", {.carrier = 7}, 50, 8, 0, 0, 1500},
	{"the same carrier", {.carrier = 7}, 50, 7, 0, 0, 0},
	{"a multi-line site serves all", {.carrier = 0}, 50, 8, 0, 0, 0},
	{"an unknown carrier is not punished", {.carrier = 7}, 50, 0, 0, 0, 0},
	{"a border", {.bias_km = 0}, 50, 0, 1, 400, 400},
};

static void test_costs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct candidates_policy policy = DEFAULTS;

		print_message("%s\n", rows[i].rule);
		policy.border_km = rows[i].border_km;
		assert_true(candidates_cost(&rows[i].site, &policy, rows[i].km,
					    rows[i].carrier,
					    rows[i].other_country) ==
			    rows[i].want);
	}
}

/* -- against a plain sort ------------------------------------------------ */

struct plain {
	double cost;
	uint32_t site;
};

static int compare_plain(const void *a, const void *b)
{
	const struct plain *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return x->site < y->site ? -1 : 1;
}

static double cost_of(const struct candidates_input *in, uint32_t c, uint32_t s)
{
	const struct candidates_site *site = &in->sites[s];
	double km = 20038;

	if (site->has_position)
		km = place_km(in->cells[c].lat_deg, in->cells[c].lon_deg,
			      site->lat_deg, site->lon_deg);
	return candidates_cost(site, &in->policy, km, in->cells[c].carrier, 0);
}

/* Where a cell belongs does not depend on who is alive. */
static void check_nearest(const struct candidates_input *in, uint32_t c,
			  const struct candidates_row *row)
{
	double least = 1e9;

	for (uint32_t s = 0; s < in->site_count; s++)
		least = fmin(least, cost_of(in, c, s));
	for (unsigned j = 0; j < row->count; j++) {
		double more = cost_of(in, c, row->site[j]) - least;

		/* but for rounding */
		if (fabs(more - CANDIDATES_TIE_KM) > 0.02)
			assert_int_equal(row->nearest_ranks >> j & 1,
					 more < CANDIDATES_TIE_KM);
	}
	assert_int_equal(row->nearest_ranks >> row->count, 0);
}

static void check_row(const struct candidates_input *in, uint32_t c,
		      const struct candidates_row *row)
{
	struct plain plain[200];
	unsigned count = 0;

	for (uint32_t s = 0; s < in->site_count; s++) {
		const struct candidates_site *site = &in->sites[s];
		double km = 20038;

		if (site->class == CANDIDATES_NEVER)
			continue;
		if (site->has_position)
			km = place_km(in->cells[c].lat_deg,
				      in->cells[c].lon_deg, site->lat_deg,
				      site->lon_deg);
		plain[count].cost = candidates_cost(site, &in->policy, km,
						    in->cells[c].carrier, 0) +
				    1e6 * site->class;
		plain[count++].site = s;
	}
	qsort(plain, count, sizeof(*plain), compare_plain);
	assert_int_equal(row->count, count < 6 ? count : 6);
	for (unsigned j = 0; j < row->count; j++)
		/* nearer ones than a step of 1/64 km may change places */
		if (row->site[j] != plain[j].site) {
			const struct candidates_site *got =
				&in->sites[row->site[j]];
			double km = place_km(in->cells[c].lat_deg,
					     in->cells[c].lon_deg, got->lat_deg,
					     got->lon_deg);

			assert_true(
				fabs(candidates_cost(got, &in->policy, km,
						     in->cells[c].carrier, 0) +
				     1e6 * got->class - plain[j].cost) < 0.02);
		}
}

/* Healthy, but for one of @healthy; that one any. */
static uint8_t random_class(struct rng *rng, uint64_t healthy)
{
	return (uint8_t)(rng_below(rng, healthy) ? 0 : rng_below(rng, 4));
}

static void random_input(struct rng *rng, struct candidates_input *in,
			 struct candidates_site *sites,
			 struct cellmap_cell *cells)
{
	for (uint32_t s = 0; s < in->site_count; s++)
		sites[s] = (struct candidates_site){
			.lat_deg = rng_unit(rng) * 180 - 90,
			.lon_deg = rng_unit(rng) * 360 - 180,
			.bias_km = rng_below(rng, 4) ? 0 : 800,
			.carrier = (uint32_t)rng_below(rng, 4),
			.has_position = rng_below(rng, 20) > 0,
			.class = random_class(rng, 5),
		};
	for (uint32_t c = 0; c < in->cell_count; c++)
		cells[c] = (struct cellmap_cell){
			.lat_deg = (float)(rng_unit(rng) * 180 - 90),
			.lon_deg = (float)(rng_unit(rng) * 360 - 180),
			.country = {(char)('A' + rng_below(rng, 3)), 'A'},
			.carrier = (uint32_t)rng_below(rng, 4)};
	in->sites = sites;
	in->cells = cells;
}

static void test_the_six_of_least_cost(void **state)
{
	struct candidates_site sites[200];
	struct cellmap_cell cells[100];
	struct candidates_row out[100];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int round = 0; round < 60; round++) {
		struct candidates_input in = {
			.site_count = 1 + (uint32_t)rng_below(&rng, 200),
			.cell_count = 100,
			.policy = DEFAULTS};

		random_input(&rng, &in, sites, cells);
		candidates_fill(&in, out);
		assert_int_equal(out[0].count, 0);
		for (uint32_t c = 1; c < 100; c++) {
			check_row(&in, c, &out[c]);
			check_nearest(&in, c, &out[c]);
		}
	}
}

/* Another class mostly; seldom another bias. */
static void change_site(struct rng *rng, struct candidates_site *site)
{
	if (rng_below(rng, 50) > 0)
		site->class = random_class(rng, 2);
	else
		site->bias_km = rng_below(rng, 2) ? 0 : 400;
}

/* What was filled before and is filled again is what a new one would be, with
 * few and many sites, of which all or next to none are healthy, from one change
 * to changes of a tenth of them. */
static void test_a_change_leaves_the_same_rows(void **state)
{
	struct candidates_site sites[320], was[320];
	struct cellmap_cell cells[60];
	struct candidates_row kept[60], fresh[60];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4);
	for (int round = 0; round < 40; round++) {
		struct candidates_input in = {
			.site_count = 3 + (uint32_t)rng_below(&rng, 318),
			.cell_count = 60,
			.policy = DEFAULTS};

		in.policy.border_km = round % 2 ? 300 : 0;
		random_input(&rng, &in, sites, cells);
		for (uint32_t s = 4; round % 4 > 1 && s < in.site_count; s++)
			sites[s].class = CANDIDATES_NEVER - round / 4 % 3;
		candidates_fill(&in, kept);
		for (int step = 0; step < 30; step++) {
			uint64_t most =
				1 + rng_below(&rng, 1 + in.site_count / 10);

			memcpy(was, sites, sizeof(was));
			for (uint64_t n = 0; n < most; n++)
				change_site(
					&rng,
					&sites[rng_below(&rng, in.site_count)]);
			candidates_refill(&in, was, kept);
			candidates_fill(&in, fresh);
			assert_memory_equal(kept, fresh, sizeof(kept));
		}
	}
}

/* Costs that are equal, for they are rounded to steps of 1/64 km, and not when
 * rounded to km: the site of lower index takes its place again. */
static void test_a_change_within_a_step(void **state)
{
	struct candidates_site sites[20], was[20];
	struct cellmap_cell cells[2] = {{0}};
	struct candidates_row kept[2], fresh[2];
	struct candidates_input in = {.sites = sites,
				      .cells = cells,
				      .site_count = 20,
				      .cell_count = 2,
				      .policy = DEFAULTS};

	(void)state;
	for (int s = 0; s < 20; s++)
		sites[s] = (struct candidates_site){
			.has_position = 1, .bias_km = s < 5 ? 0 : -1000};
	sites[10].bias_km = -200.503;
	sites[10].class = CANDIDATES_NEVER;
	sites[12].bias_km = -200.496;
	candidates_fill(&in, kept);
	assert_int_equal(kept[1].site[5], 12);
	memcpy(was, sites, sizeof(was));
	sites[10].class = CANDIDATES_HEALTHY;
	candidates_refill(&in, was, kept);
	assert_int_equal(kept[1].site[5], 10);
	candidates_fill(&in, fresh);
	assert_memory_equal(kept, fresh, sizeof(kept));
}

static void test_equal_costs_stay_in_order(void **state)
{
	struct candidates_site sites[20];
	struct cellmap_cell cells[2] = {{0}};
	struct candidates_row out[2];
	struct candidates_input in = {.sites = sites,
				      .cells = cells,
				      .site_count = 20,
				      .cell_count = 2,
				      .policy = DEFAULTS};

	(void)state;
	for (int s = 0; s < 20; s++)
		sites[s] = (struct candidates_site){.has_position = 1,
						    .lat_deg = s % 2 * 0.1};
	candidates_fill(&in, out);
	for (unsigned j = 0; j < 6; j++)
		assert_int_equal(out[1].site[j], j);
}

/* -- ties ---------------------------------------------------------------- */

/* Sites at one place; biases make the costs. */
static const struct tie_row {
	const char *rule;
	double cost_km[7];
	uint8_t class[7];
	unsigned sites;
	uint8_t want[CANDIDATES_MAX]; /* tie_end */
	uint8_t nearest;	      /* nearest_ranks */
} tie_rows[] = {
	{"one site", {0}, {0}, 1, {1, 1, 1, 1, 1, 1}, 1},
	{"zones of one region", {0, 0}, {0}, 2, {2, 2, 2, 2, 2, 2}, 3},
	{"one km apart is a tie", {0, 1}, {0}, 2, {2, 2, 2, 2, 2, 2}, 3},
	{"a little more is none", {0, 1.02}, {0}, 2, {1, 2, 2, 2, 2, 2}, 1},
	{"two km apart is none", {0, 2}, {0}, 2, {1, 2, 2, 2, 2, 2}, 1},
	{"measured from the first: no chains",
	 {0, 1, 2, 3, 9},
	 {0},
	 5,
	 {2, 4, 5, 5, 5, 5},
	 3},
	{"another class is no tie", {0, 0}, {0, 1}, 2, {1, 2, 2, 2, 2, 2}, 3},
	{"all different", {0, 2, 4, 6, 8, 10}, {0}, 6, {1, 2, 3, 4, 5, 6}, 1},
	{"a seventh is out",
	 {0, 0, 0, 0, 0, 0, 0},
	 {0},
	 7,
	 {6, 6, 6, 6, 6, 6},
	 0x3f},
	{"suspects in the nearest", {0, 5}, {1, 0}, 2, {1, 2, 2, 2, 2, 2}, 2},
	{"nobody alive in the nearest: all is spill",
	 {0, 5, 5},
	 {CANDIDATES_NEVER},
	 3,
	 {2, 2, 2, 2, 2, 2},
	 0},
	{"nobody alive in one of its zones",
	 {0, 0, 5},
	 {CANDIDATES_NEVER},
	 3,
	 {1, 2, 2, 2, 2, 2},
	 1},
};

static void test_ties(void **state)
{
	struct cellmap_cell cells[2] = {{0}};
	struct candidates_row out[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tie_rows); i++) {
		struct candidates_site sites[7];
		struct candidates_input in = {.sites = sites,
					      .cells = cells,
					      .site_count = tie_rows[i].sites,
					      .cell_count = 2,
					      .policy = DEFAULTS};

		print_message("%s\n", tie_rows[i].rule);
		for (unsigned s = 0; s < 7; s++)
			sites[s] = (struct candidates_site){
				.has_position = 1,
				.bias_km = -tie_rows[i].cost_km[s],
				.class = tie_rows[i].class[s]};
		candidates_fill(&in, out);
		assert_memory_equal(out[1].tie_end, tie_rows[i].want,
				    sizeof(out[1].tie_end));
		assert_int_equal(out[1].nearest_ranks, tie_rows[i].nearest);
		assert_int_equal(out[0].tie_end[0], 0);
	}
}

static void test_borders_and_broken_places(void **state)
{
	struct candidates_site sites[2] = {
		{.has_position = 1, .lat_deg = 50, .lon_deg = 6},
		{.has_position = 1, .lat_deg = 50, .lon_deg = 12},
	};
	struct cellmap_cell cells[4] = {
		{0}, {50, 5.5F, "BE", 0}, {50, 8, "DE", 0}, {NAN, 8, "DE", 0}};
	struct candidates_row out[4];
	struct candidates_input in = {.sites = sites,
				      .cells = cells,
				      .site_count = 2,
				      .cell_count = 4,
				      .policy = {50, 1500, 1000}};

	(void)state;
	candidates_fill(&in, out);
	assert_int_equal(out[1].site[0], 0); /* BE to the site in BE */
	assert_int_equal(out[2].site[0], 1); /* DE past it, to the one in DE */
	assert_int_equal(out[2].cost_km[1], 93 + 1000);
	assert_int_equal(out[3].count, 0);
	sites[0].has_position = sites[1].has_position = 0;
	candidates_fill(&in, out);
	assert_int_equal(out[1].count, 2);
	assert_int_equal(out[1].km[0], CANDIDATES_KM_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_the_six_of_least_cost),
		cmocka_unit_test(test_a_change_leaves_the_same_rows),
		cmocka_unit_test(test_a_change_within_a_step),
		cmocka_unit_test(test_equal_costs_stay_in_order),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_borders_and_broken_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
