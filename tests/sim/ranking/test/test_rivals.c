/*
 * test_rivals.c - the opponents do what their names say, by examples that were
 * calculated by hand.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/def.h"
#include "lib/base/mem.h"
#include "tests/sim/ranking/rivals.h"

#define NODES	  5
#define IN_EAST	  3 /* nodes 0 to 2; 3 and 4 are in the west */
#define EAST_CELL 1
#define WEST_CELL 2
#define NOBODY	  9

/* goim's weights are 5, 10, 5; 12, 32: 64 in all. */
static const uint32_t capacities[NODES] = {5000, 10000, 5000, 12000, 32000};

static struct sim_world *world_new(void)
{
	struct sim_world *w = mem_alloc(sizeof(*w));

	w->site_count = 2;
	w->sites[0].node_count = IN_EAST;
	w->sites[1].first_node = IN_EAST;
	w->sites[1].node_count = NODES - IN_EAST;
	w->node_count = NODES;
	for (unsigned i = 0; i < NODES; i++) {
		w->node_site[i] = i < IN_EAST ? 0 : 1;
		w->node_capacity[i] = capacities[i];
	}
	w->cell_count = 3;
	w->cell_site[WEST_CELL] = 1;
	w->cell_km[EAST_CELL][1] = 2000;
	w->cell_km[WEST_CELL][0] = 2000;
	return w;
}

/* -- those that do not throw dice ---------------------------------------- */

struct row {
	const char *rule;
	uint32_t conns[NODES];
	unsigned gone, want;
	uint16_t cell;
	unsigned count; /* of the list */
	uint32_t list[NODES];
};

static void check_rows(enum rival_kind kind, const struct row *rows,
		       size_t row_count)
{
	struct sim_world *world = world_new();

	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		struct rival *rival = rival_new(world, kind);
		uint32_t list[NODES];
		unsigned count;

		for (unsigned n = 0; n < NODES; n++)
			rival_put(rival, n, false, row->conns[n]);
		if (row->gone < NODES)
			rival_put(rival, row->gone, true, 0);
		count = rival_ask(rival, world, row->cell, row->want, NULL,
				  list);
		if (count != row->count)
			fail_msg("%s: %u nodes", row->rule, count);
		for (unsigned n = 0; n < count; n++)
			if (list[n] != row->list[n])
				fail_msg("%s: place %u is node %u", row->rule,
					 n, list[n]);
		rival_free(&rival);
	}
	mem_free(world);
}

static void test_least_connections(void **state)
{
	static const struct row rows[] = {
		{"by what part of it is used: 2, 1.5, 3 %; 1, 2 %",
		 {100, 150, 150, 120, 640},
		 NOBODY,
		 5,
		 EAST_CELL,
		 4,
		 {1, 0, 2, 3}},
		{"the last one is of the next site",
		 {100, 150, 150, 120, 640},
		 NOBODY,
		 3,
		 EAST_CELL,
		 3,
		 {1, 0, 3}},
		{"one wanted: of the nearest site",
		 {100, 150, 150, 0, 0},
		 NOBODY,
		 1,
		 EAST_CELL,
		 1,
		 {1}},
		{"the nearest site is that of the cell",
		 {0, 0, 0, 120, 640},
		 NOBODY,
		 3,
		 WEST_CELL,
		 3,
		 {3, 4, 0}},
		{"equal ones by number: the herd",
		 {100, 200, 100, 0, 0},
		 NOBODY,
		 3,
		 EAST_CELL,
		 3,
		 {0, 1, 3}},
		{"who is gone is not given",
		 {100, 150, 150, 120, 640},
		 1,
		 3,
		 EAST_CELL,
		 3,
		 {0, 2, 3}},
	};

	(void)state;
	check_rows(RIVAL_LEAST, rows, ARRAY_LEN(rows));
}

/*
 * Scores: W + W / sum * all connections - half of the own ones, in whole ones,
 * with W 1.6 times the weight in the cell's own region, and in the sum as much
 * more. From the east: 8 / 67, 16 / 70, 8 / 67; 12 / 64, 32 / 64.
 */
static void test_goim(void **state)
{
	static const struct row rows[] = {
		{"80, 150, 105; 67, 344: all sites at once",
		 {100, 200, 50, 274, 400},
		 NOBODY,
		 5,
		 EAST_CELL,
		 5,
		 {4, 1, 2, 0, 3}},
		{"from the west 35, 70, 60; 159, 483",
		 {100, 200, 50, 274, 400},
		 NOBODY,
		 5,
		 WEST_CELL,
		 5,
		 {4, 3, 1, 2, 0}},
		{"who is gone is in neither sum: 101, 179, 126; 109",
		 {100, 200, 50, 274, 400},
		 4,
		 5,
		 EAST_CELL,
		 4,
		 {1, 2, 3, 0}},
		{"at least 1: 1 (-197), 484, 1 (-247); 396, 982",
		 {900, 0, 1000, 0, 148},
		 NOBODY,
		 5,
		 EAST_CELL,
		 5,
		 {4, 1, 3, 0, 2}},
		{"the other way round: equal ones by number",
		 {1000, 0, 900, 0, 148},
		 NOBODY,
		 5,
		 EAST_CELL,
		 5,
		 {4, 1, 3, 0, 2}},
		{"at most 2^20: all but one",
		 {0, 0, 0, 100000000, 0},
		 NOBODY,
		 5,
		 EAST_CELL,
		 5,
		 {0, 1, 2, 4, 3}},
		{"halves go down: 130, 78, 130; 204, 204 (204.5)",
		 {0, 345, 0, 0, 679},
		 NOBODY,
		 5,
		 EAST_CELL,
		 5,
		 {3, 4, 0, 2, 1}},
		{"nobody is connected: 0 each",
		 {0},
		 NOBODY,
		 5,
		 WEST_CELL,
		 5,
		 {0, 1, 2, 3, 4}},
	};

	(void)state;
	check_rows(RIVAL_GOIM, rows, ARRAY_LEN(rows));
}

/* Node 1 begins with 179 and loses 0.079 with each client that it is given,
 * node 3 begins with 109 and wins 0.375: they meet after 154, in whole
 * connections after 155. */
static void test_goim_counts_what_it_gave(void **state)
{
	static const uint32_t conns[NODES] = {100, 200, 50, 274};
	struct sim_world *world = world_new();
	struct rival *rival = rival_new(world, RIVAL_GOIM);
	uint32_t list[NODES];

	(void)state;
	for (unsigned n = 0; n < NODES - 1; n++)
		rival_put(rival, n, false, conns[n]);
	for (unsigned report = 0; report < 2; report++) {
		for (unsigned given = 0; given <= 155; given++) {
			assert_int_equal(rival_ask(rival, world, EAST_CELL, 5,
						   NULL, list),
					 4);
			assert_int_equal(list[0], given < 155 ? 1 : 3);
		}
		for (unsigned n = 0; n < NODES - 1; n++)
			rival_load(rival, n, conns[n]);
	}
	rival_free(&rival);
	mem_free(world);
}

/* -- those that do ------------------------------------------------------- */

#define ROUNDS 60000

/* Of @kind in the east, where the nodes are used to 2, 1 and 3 %; expected are
 * parts of 12 by first and second node. Chi-square with at most 5 degrees of
 * freedom, 0.1 %: 20.5. */
static void check_chances(enum rival_kind kind, const unsigned twelfths[3][3])
{
	static const uint32_t conns[NODES] = {100, 100, 150, 0, 0};
	struct sim_world *world = world_new();
	struct rival *rival = rival_new(world, kind);
	unsigned seen[3][3] = {{0}};
	struct rng rng;
	double chi = 0;

	rng_seed(&rng, 11);
	for (unsigned n = 0; n < NODES; n++)
		rival_put(rival, n, false, conns[n]);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t list[NODES];

		assert_int_equal(
			rival_ask(rival, world, EAST_CELL, 3, &rng, list), 3);
		assert_true(list[0] < IN_EAST && list[1] < IN_EAST);
		assert_true(list[2] >= IN_EAST);
		seen[list[0]][list[1]]++;
	}
	for (unsigned a = 0; a < 3; a++)
		for (unsigned b = 0; b < 3; b++) {
			double want = twelfths[a][b] * ROUNDS / 12.0;
			double off = seen[a][b] - want;

			if (want > 0)
				chi += off * off / want;
			else
				assert_int_equal(seen[a][b], 0);
		}
	print_message("%s: chi-square %.2f\n", rival_kind_str(kind), chi);
	assert_true(chi < 20.5);
	rival_free(&rival);
	mem_free(world);
}

/* By 1 : 2 : 1, the second of the two that are left: 1/4 * 2/3, 1/4 * 1/3,
 * 1/2 * 1/2. */
static void test_weighted_goes_by_capacity(void **state)
{
	static const unsigned twelfths[3][3] = {
		{0, 2, 1}, {3, 0, 3}, {1, 2, 0}};

	(void)state;
	check_chances(RIVAL_WEIGHTED, twelfths);
}

/* The same pairs, and in each the emptier first: 1, then 0, then 2. */
static void test_two_choices_prefers_the_emptier(void **state)
{
	static const unsigned twelfths[3][3] = {
		{0, 0, 2}, {5, 0, 5}, {0, 0, 0}};

	(void)state;
	check_chances(RIVAL_TWO_CHOICES, twelfths);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned k = RIVAL_NONE; k < RIVAL_KINDS; k++)
		assert_int_equal(
			rival_kind_of(rival_kind_str((enum rival_kind)k)), k);
	assert_int_equal(rival_kind_of("leastest"), RIVAL_KINDS);
	assert_int_equal(rival_kind_of(""), RIVAL_KINDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_connections),
		cmocka_unit_test(test_goim),
		cmocka_unit_test(test_goim_counts_what_it_gave),
		cmocka_unit_test(test_weighted_goes_by_capacity),
		cmocka_unit_test(test_two_choices_prefers_the_emptier),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
