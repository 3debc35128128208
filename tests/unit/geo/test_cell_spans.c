/* test_cell_spans.c - runs, and the poptrie that is compiled from them. */
#include "geo/cell_spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "geo/cell_trie.h"
#include "lib/base/rng.h"

#define PLACES 50

static void add(struct cell_spans *s, const char *prefix, uint32_t place)
{
	struct addr_prefix p;

	assert_int_equal(addr_parse_prefix(sv_str(prefix), &p), 0);
	assert_int_equal(cell_spans_append_prefix(s, &p, place), 0);
}

static uint32_t place_at(const struct cell_spans *s, const char *text)
{
	struct addr addr;
	uint32_t run = 0;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	while (cell_spans_last(s, run) < cell_spans_key(&addr))
		run++;
	return s->place[run];
}

static void neighbours_of_one_place_are_one_run(void **state)
{
	struct cell_spans s;

	(void)state;
	cell_spans_init(&s);
	add(&s, "1.0.0.0/24", 7);
	add(&s, "1.0.1.0/24", 7);
	add(&s, "1.0.2.0/24", 8);
	assert_int_equal(s.count, 4); /* nothing, 7, 8, nothing */
	assert_int_equal(place_at(&s, "0.255.255.255"), 0);
	assert_int_equal(place_at(&s, "1.0.1.255"), 7);
	assert_int_equal(place_at(&s, "1.0.2.0"), 8);
	assert_int_equal(place_at(&s, "1.0.3.0"), 0);
	assert_null(s.lo); /* IPv4 needs none */
	cell_spans_fini(&s);
}

static void both_ends_of_the_space(void **state)
{
	struct cell_spans s;

	(void)state;
	cell_spans_init(&s);
	add(&s, "::/128", 1);
	add(&s, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2);
	assert_int_equal(s.count, 3);
	assert_int_equal(place_at(&s, "::0"), 1);
	assert_int_equal(place_at(&s, "::1"), 0);
	assert_int_equal(
		place_at(&s, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 2);
	cell_spans_fini(&s);
	cell_spans_init(&s);
	add(&s, "::/0", 3);
	assert_int_equal(s.count, 1);
	cell_spans_fini(&s);
}

static void the_top_wins_where_it_has_a_place(void **state)
{
	struct cell_spans base, top;

	(void)state;
	cell_spans_init(&base);
	cell_spans_init(&top);
	add(&base, "10.0.0.0/8", 1);
	add(&base, "12.0.0.0/8", 2);
	add(&top, "10.1.0.0/16", 9);
	add(&top, "11.0.0.0/8", 1);
	assert_int_equal(cell_spans_overlay(&base, &top), 0);
	assert_int_equal(place_at(&base, "10.0.255.255"), 1);
	assert_int_equal(place_at(&base, "10.1.0.0"), 9);
	assert_int_equal(place_at(&base, "10.2.0.0"), 1);
	assert_int_equal(place_at(&base, "11.0.0.0"), 1);
	assert_int_equal(place_at(&base, "12.0.0.0"), 2);
	assert_int_equal(place_at(&base, "13.0.0.0"), 0);
	assert_int_equal(base.count, 6); /* 10.2 to 11 is one run */
	cell_spans_fini(&base);
	cell_spans_fini(&top);
}

/* Random runs, dense at random depths. */
static void fill(struct cell_spans *s, struct rng *rng, unsigned count,
		 cell_key unit)
{
	cell_key at = 0;

	cell_spans_init(s);
	for (unsigned i = 0; i < count; i++) {
		unsigned shift = (unsigned)rng_below(rng, 100);
		cell_key step = ((cell_key)rng_u64(rng) << shift) / unit * unit;

		if (at + step < at)
			break;
		at += step;
		assert_int_equal(
			cell_spans_append(s, at,
					  (uint32_t)rng_below(rng, PLACES)),
			0);
	}
}

struct seen {
	const struct cell_spans *spans;
	const struct cell_trie *trie;
	cell_key next;
	uint32_t run;
};

static int compare_leaf(cell_key first, cell_key last, uint32_t leaf, void *arg)
{
	struct seen *seen = arg;

	assert_true(first == seen->next);
	seen->next = last + 1;
	while (cell_spans_last(seen->spans, seen->run) < first)
		seen->run++;
	assert_true(cell_spans_last(seen->spans, seen->run) >= last);
	assert_int_equal(seen->trie->places[leaf],
			 seen->spans->place[seen->run]);
	return 0;
}

/* With and without the processor's instruction. */
static uint32_t lookup(const struct cell_trie *t, cell_key key)
{
	uint64_t hi = (uint64_t)(key >> 64), lo = (uint64_t)key;
	uint32_t leaf = cell_trie_leaf(t, hi, lo);

	assert_int_equal(cell_trie_walk(t, hi, lo, CELL_TRIE_BY_HAND), leaf);
	return t->places[leaf];
}

static void compare(const struct cell_spans *s, const struct cell_trie *t)
{
	struct seen seen = {.spans = s, .trie = t};

	for (uint32_t i = 0; i < s->count; i++) {
		assert_int_equal(lookup(t, cell_spans_first(s, i)),
				 s->place[i]);
		assert_int_equal(lookup(t, cell_spans_last(s, i)), s->place[i]);
	}
	assert_int_equal(cell_trie_each(t, compare_leaf, &seen), 0);
	assert_true(seen.next == 0);
}

/* The first and last address of each run, and each leaf, in both worlds. */
static void the_table_says_what_the_runs_say(void **state)
{
	uint16_t cells[PLACES];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4);
	for (uint16_t i = 0; i < PLACES; i++)
		cells[i] = i;
	for (unsigned round = 0; round < 60; round++) {
		cell_key unit = round % 2 ? 1 : (cell_key)1 << 96;
		struct cell_spans s;
		struct cell_trie t;

		fill(&s, &rng, round * 20, unit);
		assert_int_equal(cell_trie_build(&t, &s, cells), 0);
		if (unit == 1)
			compare(&s, &t);
		for (uint32_t i = 0; i < s.count; i++)
			assert_int_equal(lookup(&t, cell_spans_first(&s, i)),
					 s.place[i]);
		cell_trie_fini(&t);
		cell_spans_fini(&s);
	}
}

/* Four addresses of four places at both ends: the deepest node of all. */
static void the_last_bits_are_told_apart(void **state)
{
	uint16_t cells[PLACES] = {0};
	struct cell_spans s;
	struct cell_trie t;

	(void)state;
	cell_spans_init(&s);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(cell_spans_append(&s, i, i + 1), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(
			cell_spans_append(&s, (cell_key)-4 + i, i + 11), 0);
	assert_int_equal(cell_trie_build(&t, &s, cells), 0);
	compare(&s, &t);
	cell_trie_fini(&t);
	cell_spans_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_of_one_place_are_one_run),
		cmocka_unit_test(both_ends_of_the_space),
		cmocka_unit_test(the_top_wins_where_it_has_a_place),
		cmocka_unit_test(the_table_says_what_the_runs_say),
		cmocka_unit_test(the_last_bits_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
