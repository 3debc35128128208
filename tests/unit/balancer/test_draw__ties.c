/*
 * test_draw__ties.c - equal scores go to the lower hash(node id, key), never to
 * the order in which the nodes lie in memory. Equal scores are too rare to be
 * met: ids are made backwards from the hashes that they shall draw.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "balancer/draw_tree.h"
#include "lib/base/def.h"
#include "lib/base/mem.h"

#define KEY   0x9f3ac1d27b04e865ULL
#define NODES 3

/* x of hash_mix(x) = y. */
static uint64_t unshift(uint64_t y, unsigned bits)
{
	uint64_t x = y;

	for (unsigned known = bits; known < 64; known += bits)
		x = y ^ x >> bits;
	return x;
}

static uint64_t inverse(uint64_t odd)
{
	uint64_t x = odd;

	for (unsigned i = 0; i < 6; i++)
		x *= 2 - odd * x;
	return x;
}

static uint64_t unmix(uint64_t y)
{
	y = unshift(y, 31) * inverse(HASH_MIX_2);
	y = unshift(y, 27) * inverse(HASH_MIX_1);
	return unshift(y, 30);
}

/* The id's hash that draws @hash under KEY. */
static uint64_t id_drawing(uint64_t hash)
{
	return unmix(hash) ^ KEY;
}

static const struct row {
	const char *rule;
	uint64_t hash; /* of the first node */
	unsigned tier, depth;
} rows[] = {
	{"a small site, what is likely", 1ULL << 63, TIER_OPEN, 0},
	{"a small site, nothing is likely", 1ULL << 40, TIER_OPEN, 0},
	{"a small site, another tier", 1ULL << 63, TIER_FULL, 0},
	{"the least score there is", UINT64_MAX - 1000, TIER_OPEN, 0},
	{"a bucket of a tree", 1ULL << 63, TIER_OPEN, 1},
	{"a tree of two levels", 1ULL << 63, TIER_SUSPECT, 2},
};

/* A site with one tier: nodes 0, 1 and 2 in order of their hashes. */
struct site {
	uint64_t ids[NODES];
	struct snapshot_draw draws[NODES];
	struct snapshot_site site;
	struct snapshot_service service;
	struct draw_tree trees[TIER_COUNT];
};

/* Where there is a tree they meet in its first bucket. */
static void choose_ids(struct site *s, const struct row *row)
{
	uint64_t hash = row->hash;

	for (unsigned i = 0; i < NODES; hash++) {
		uint64_t id = id_drawing(hash);

		if (row->depth > 0 && draw_tree_bucket(id, row->depth) != 0)
			continue;
		assert_true(draw_scan_hash(id, KEY) == hash);
		assert_int_equal(draw_neg_log2(hash), draw_neg_log2(row->hash));
		s->ids[i++] = id;
	}
}

static void grow_trees(struct site *s, unsigned depth)
{
	s->site.tree_depth = depth;
	s->service.trees = s->trees;
	for (unsigned t = 0; depth > 0 && t < TIER_COUNT; t++) {
		struct draw_tree *tree = &s->trees[t];

		tree->first_draw = mem_array(draw_tree_buckets(depth) + 1,
					     sizeof(*tree->first_draw));
		for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++)
			tree->inv_sum[f] = mem_array(draw_tree_size(depth),
						     sizeof(double));
	}
}

static void site_init(struct site *s, const struct row *row)
{
	memset(s, 0, sizeof(*s));
	choose_ids(s, row);
	s->service.draws = s->draws;
	s->site.ready[row->tier][SNAPSHOT_V46] = NODES;
	for (unsigned t = row->tier + 1; t <= TIER_COUNT; t++)
		s->site.first_draw[t] = NODES;
	grow_trees(s, row->depth);
}

static void site_fini(struct site *s)
{
	for (unsigned t = 0; t < TIER_COUNT; t++) {
		mem_free(s->trees[t].first_draw);
		for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++)
			mem_free(s->trees[t].inv_sum[f]);
	}
}

/* The nodes lie in memory as @order says. */
static void check_order(struct site *s, const struct row *row,
			const unsigned *order)
{
	const struct draw_query query = {.service = &s->service, .key = KEY};
	const struct draw_list nothing = {0};
	const struct draw_scan scan = {&query, &nothing, &s->site};
	struct draw_best best;

	for (unsigned i = 0; i < NODES; i++)
		s->draws[i] = (struct snapshot_draw){
			.id_hash = s->ids[order[i]],
			.node = order[i] & 3,
			.inv_weight = NODES,
			.families = CARD_HAS_BOTH,
		};
	if (row->depth > 0)
		draw_tree_fill(&s->service, &s->site, row->tier, 7);
	for (unsigned want = 1; want <= NODES; want++) {
		draw_scan_site(&scan, row->tier, want, &best);
		assert_int_equal(best.count, want);
		for (unsigned i = 0; i < want; i++) {
			assert_true(best.score[i] == best.score[0]);
			if (best.node[i] != i)
				fail_msg("%s: place %u of %u", row->rule, i,
					 want);
		}
	}
}

static void test_equal_scores_go_to_the_lower_hash(void **state)
{
	static const unsigned orders[][NODES] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
		{1, 2, 0}, {2, 0, 1}, {2, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site s;

		site_init(&s, &rows[i]);
		for (size_t o = 0; o < ARRAY_LEN(orders); o++)
			check_order(&s, &rows[i], orders[o]);
		site_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_scores_go_to_the_lower_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
