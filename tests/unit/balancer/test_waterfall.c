/*
 * test_waterfall.c - the rules of step 4 on arrays, without a fleet.
 */
#include "balancer/waterfall.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/def.h"
#include "lib/base/rng.h"

#define SITES	   4
#define CELLS	   4
#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

struct row {
	const char *rule;
	double room[SITES][2]; /* at 0.90 and 1.00 */
	double weight[SITES];
	int class[SITES];
	int candidates[CELLS][3]; /* site + 1; cell 0 has none */
	int tie_end[CELLS][3];	  /* all 0 = no two cost the same */
	double demand[CELLS];
	double want_share[CELLS][3];
	int want_panic[CELLS];
	double want_anywhere[SITES];
	int want_anywhere_panic;
	double want_admitted[SITES];
};

static const struct row rows[] = {
	{
		.rule = "a site with room takes all of its nearest demand",
		.room = {{10, 20}, {10, 20}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.demand = {0, 10},
		.want_share = {{0}, {1, 0}},
		.want_anywhere = {0, 1},
		.want_admitted = {10, 0},
	},
	{
		.rule = "what does not fit goes on to the next rank",
		.room = {{10, 10}, {10, 10}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.demand = {0, 15},
		.want_share = {{0}, {2 / 3.0, 1 / 3.0}},
		.want_anywhere = {0, 1},
		.want_admitted = {10, 5},
	},
	{
		.rule = "nearest demand first: rank 0 of one cell before rank "
			"1 "
			"of another",
		.room = {{4, 4}, {10, 10}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}, {2, 1}},
		.demand = {0, 8, 8},
		.want_share = {{0}, {0.625, 0.375}, {1, 0}},
		.want_panic = {0, 1},
		.want_anywhere = {0.5, 0.5},
		.want_anywhere_panic = 1,
		/* 2 are left over: 1 to each, by weight */
		.want_admitted = {5, 11},
	},
	{
		.rule = "demand of one rank is cut alike for all cells",
		.room = {{6, 6}, {100, 100}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}, {1, 2}},
		.demand = {0, 4, 8},
		.want_share = {{0}, {0.5, 0.5}, {0.5, 0.5}},
		.want_anywhere = {0, 1},
		.want_admitted = {6, 6},
	},
	{
		.rule = "the second pass goes up to 1.00 only when all 0.90 "
			"are "
			"used up",
		.room = {{6, 8}, {2, 10}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.demand = {0, 9},
		.want_share = {{0}, {7 / 9.0, 2 / 9.0}},
		.want_anywhere = {1 / 9.0, 8 / 9.0},
		.want_admitted = {7, 2},
	},
	{
		.rule = "a cell without demand: a full site gives 0",
		.room = {{0, 0}, {5, 5}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.want_share = {{0}, {0, 1}},
		.want_anywhere = {0, 1},
	},
	{
		.rule = "a cell without demand: the phi that others found",
		.room = {{5, 5}, {50, 50}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}, {1, 2}},
		.demand = {0, 10, 0},
		.want_share = {{0}, {0.5, 0.5}, {0.5, 0.5}},
		.want_anywhere = {0, 1},
		.want_admitted = {5, 5},
	},
	{
		.rule = "nothing left anywhere: in proportion to K, flagged",
		.room = {{0, 0}, {0, 0}},
		.weight = {3, 1},
		.candidates = {{0}, {1, 2}},
		.demand = {4, 8},
		.want_share = {{0}, {0.75, 0.25}},
		.want_panic = {0, 1},
		.want_anywhere = {0.75, 0.25},
		.want_anywhere_panic = 1,
		.want_admitted = {9, 3},
	},
	{
		.rule = "overflow goes to the best class only",
		.room = {{0, 0}, {0, 0}},
		.weight = {1, 100},
		.class = {CANDIDATES_HEALTHY, CANDIDATES_SUSPECT},
		.candidates = {{0}, {1, 2}},
		.demand = {0, 8},
		.want_share = {{0}, {1, 0}},
		.want_panic = {0, 1},
		.want_anywhere = {1, 0},
		.want_anywhere_panic = 1,
		.want_admitted = {8, 0},
	},
	{
		.rule = "suspects only: they take it by weight, flagged",
		.weight = {1, 3},
		.class = {CANDIDATES_SUSPECT, CANDIDATES_SUSPECT},
		.candidates = {{0}, {1, 2}},
		.demand = {0, 8},
		.want_share = {{0}, {0.25, 0.75}},
		.want_panic = {0, 1},
		.want_anywhere = {0.25, 0.75},
		.want_anywhere_panic = 1,
		.want_admitted = {2, 6},
	},
	{
		.rule = "demand without a place takes what the cells leave",
		.room = {{10, 10}, {10, 10}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.demand = {5, 6},
		.want_share = {{0}, {1, 0}},
		.want_anywhere = {4 / 14.0, 10 / 14.0},
		.want_admitted = {6 + 5 * 4 / 14.0, 5 * 10 / 14.0},
	},
	{
		.rule = "demand without a place beyond all room goes by K",
		.room = {{1, 1}, {3, 3}},
		.weight = {1, 1},
		.demand = {8},
		.want_anywhere = {1 / 8.0 + 0.25, 3 / 8.0 + 0.25},
		.want_anywhere_panic = 1,
		.want_admitted = {3, 5},
	},
	{
		.rule = "two equal sites share by headroom",
		.room = {{30, 35}, {10, 15}, {50, 50}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}},
		.tie_end = {{0}, {2, 3, 3}},
		.demand = {0, 8},
		.want_share = {{0}, {0.75, 0.25, 0}},
		.want_anywhere = {24 / 82.0, 8 / 82.0, 50 / 82.0},
		.want_admitted = {6, 2, 0},
	},
	{
		.rule = "three equal sites, one of them full",
		.room = {{10, 10}, {0, 0}, {30, 30}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}},
		.tie_end = {{0}, {3, 3, 3}},
		.demand = {0, 4},
		.want_share = {{0}, {0.25, 0, 0.75}},
		.want_anywhere = {0.25, 0, 0.75},
		.want_admitted = {1, 0, 3},
	},
	{
		.rule = "equal sites are filled up, then the next tie gets it",
		.room = {{10, 20}, {5, 10}, {50, 60}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}},
		.tie_end = {{0}, {2, 3, 3}},
		.demand = {0, 20},
		.want_share = {{0}, {0.5, 0.25, 0.25}},
		.want_anywhere = {0, 0, 1},
		.want_admitted = {10, 5, 5},
	},
	{
		.rule = "the second pass shares what is left up to 1.00",
		.room = {{10, 12}, {5, 11}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}},
		.tie_end = {{0}, {2, 2}},
		.demand = {0, 19},
		.want_share = {{0}, {11 / 19.0, 8 / 19.0}},
		.want_anywhere = {0.25, 0.75},
		.want_admitted = {11, 8},
	},
	{
		.rule = "equal sites in other orders: the same, tie by tie",
		.room = {{30, 30}, {10, 10}},
		.weight = {1, 1},
		.candidates = {{0}, {1, 2}, {2, 1}},
		.tie_end = {{0}, {2, 2}, {2, 2}},
		.demand = {0, 10, 10},
		.want_share = {{0}, {0.75, 0.25}, {0.25, 0.75}},
		.want_anywhere = {0.75, 0.25},
		.want_admitted = {15, 5},
	},
	{
		.rule = "another cell crowds one of them: only that part goes "
			"on",
		.room = {{10, 10}, {10, 10}, {50, 50}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}, {1, 3}},
		.tie_end = {{0}, {2, 3, 3}, {1, 2, 2}},
		.demand = {0, 10, 15},
		.want_share = {{0}, {0.25, 0.5, 0.25}, {0.5, 0.5}},
		.want_anywhere = {0, 5 / 45.0, 40 / 45.0},
		.want_admitted = {10, 5, 10},
	},
	{
		.rule = "a cell without demand shares by headroom too",
		.room = {{30, 30}, {10, 10}, {50, 50}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}},
		.tie_end = {{0}, {2, 3, 3}},
		.want_share = {{0}, {0.75, 0.25, 0}},
		.want_anywhere = {30 / 90.0, 10 / 90.0, 50 / 90.0},
	},
	{
		.rule = "a cell without demand passes by a tie that is full",
		.room = {{0, 0}, {0, 0}, {50, 50}},
		.weight = {1, 1, 1},
		.candidates = {{0}, {1, 2, 3}},
		.tie_end = {{0}, {2, 3, 3}},
		.want_share = {{0}, {0, 0, 1}},
		.want_anywhere = {0, 0, 1},
	},
	{
		.rule = "panic goes by K, not by headroom, in ties too",
		.room = {{3, 3}, {0, 0}},
		.weight = {1, 3},
		.candidates = {{0}, {1, 2}},
		.tie_end = {{0}, {2, 2}},
		.demand = {0, 11},
		.want_share = {{0}, {5 / 11.0, 6 / 11.0}},
		.want_panic = {0, 1},
		.want_anywhere = {0.25, 0.75},
		.want_anywhere_panic = 1,
		.want_admitted = {5, 6},
	},
	{
		.rule = "no live site at all: no shares, no flags to lie with",
		.class = {CANDIDATES_NEVER, CANDIDATES_NEVER},
		.demand = {8},
	},
};

static void fill_candidates(const struct row *row, int c,
			    struct candidates_row *to)
{
	for (int j = 0; j < 3 && row->candidates[c][j]; j++)
		to->site[to->count++] = (uint16_t)(row->candidates[c][j] - 1);
	for (int t = 0; t < CANDIDATES_MAX; t++) {
		int end = row->tie_end[c][0] == 0 ? t + 1
			  : t < 3		  ? row->tie_end[c][t]
						  : to->count;

		to->tie_end[t] = (uint8_t)(end < to->count ? end : to->count);
	}
}

static void run(const struct row *row, struct waterfall_site *sites,
		struct waterfall_cell *cells, double *anywhere,
		int *anywhere_panic)
{
	struct candidates_row candidates[CELLS];
	uint32_t active[CELLS];
	struct waterfall w = {
		.sites = sites,
		.rows = candidates,
		.demand_per_s = row->demand,
		.demand_factor = 1,
		.cells = cells,
		.anywhere = anywhere,
		.active = active,
		.site_count = SITES,
		.cell_count = CELLS,
	};

	memset(candidates, 0, sizeof(candidates));
	memset(sites, 0, SITES * sizeof(*sites));
	for (int s = 0; s < SITES; s++) {
		sites[s].room_per_s[0] = row->room[s][0];
		sites[s].room_per_s[1] = row->room[s][1];
		sites[s].weight = row->weight[s];
		sites[s].class = (uint8_t)row->class[s];
	}
	for (int c = 0; c < CELLS; c++)
		fill_candidates(row, c, &candidates[c]);
	waterfall_run(&w);
	*anywhere_panic = w.anywhere_panic;
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct waterfall_site sites[SITES];
		struct waterfall_cell cells[CELLS];
		double anywhere[SITES];
		int panic;

		print_message("%s\n", rows[i].rule);
		run(&rows[i], sites, cells, anywhere, &panic);
		for (int c = 0; c < CELLS; c++) {
			for (int j = 0; j < 3; j++)
				NEAR(cells[c].share[j],
				     rows[i].want_share[c][j]);
			assert_int_equal(cells[c].panic, rows[i].want_panic[c]);
		}
		for (int s = 0; s < SITES; s++) {
			NEAR(anywhere[s], rows[i].want_anywhere[s]);
			NEAR(sites[s].admitted_per_s, rows[i].want_admitted[s]);
		}
		assert_int_equal(panic, rows[i].want_anywhere_panic);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
