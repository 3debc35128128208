/*
 * cell_trie.c - compiles sorted runs into a poptrie. A node's children stand
 * side by side, so they are reserved before the first of them is filled.
 * Building thread only; the result is immutable.
 */
#include "geo/cell_trie.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define WAYS	  64
#define WAY_BITS  6
#define ROOT_WAYS (1u << CELL_TRIE_ROOT_BITS)

/* Ten times what city databases need; a file made to explode ends here. */
#define LEAVES_MAX ((uint32_t)1 << 28)
#define NODES_MAX  ((uint32_t)1 << 26)

struct build {
	struct cell_trie *trie;
	const struct cell_spans *spans;
	uint32_t node_room, leaf_room;
};

static uint32_t add_leaf(struct build *b, uint32_t place)
{
	struct cell_trie *t = b->trie;

	if (t->leaf_count == b->leaf_room) {
		b->leaf_room = b->leaf_room * 2 + 1024;
		t->places =
			mem_grow(t->places, b->leaf_room, sizeof(*t->places));
	}
	t->places[t->leaf_count] = place;
	return t->leaf_count++;
}

static uint32_t add_nodes(struct build *b, unsigned count)
{
	struct cell_trie *t = b->trie;
	uint32_t first = t->node_count;

	while (first + count > b->node_room) {
		b->node_room = b->node_room * 2 + 1024;
		t->nodes = mem_grow(t->nodes, b->node_room, sizeof(*t->nodes));
	}
	memset(t->nodes + first, 0, count * sizeof(*t->nodes));
	t->node_count += count;
	return first;
}

/* Where way @i of the node at @base begins that covers the bits after @depth.
 * The last node has more ways than addresses: those beyond stay empty. */
static cell_key way_first(cell_key base, unsigned depth, unsigned i)
{
	int shift = 128 - (int)depth - WAY_BITS;

	return shift >= 0 ? base + ((cell_key)i << shift)
			  : base + ((cell_key)i >> -shift);
}

static bool begins_by(const struct cell_spans *s, uint32_t run, cell_key key)
{
	return run < s->count && cell_spans_first(s, run) <= key;
}

/* The run that @key is in, at or behind @run: mostly this one or the next, so
 * by steps of doubling size and then by halves. */
static uint32_t seek(const struct cell_spans *s, uint32_t run, cell_key key)
{
	uint32_t step = 1, high;

	if (!begins_by(s, run + 1, key))
		return run;
	while (begins_by(s, run + step, key)) {
		run += step;
		step *= 2;
	}
	high = run + step; /* begins behind @key or does not exist */
	while (high - run > 1) {
		uint32_t mid = run + (high - run) / 2;

		if (begins_by(s, mid, key))
			run = mid;
		else
			high = mid;
	}
	return run;
}

/* A node while it is filled: the space it covers and where its parts lie. */
struct part {
	struct cell_trie_node node;
	cell_key base;
	unsigned depth;	     /* bits above it */
	uint32_t place;	     /* of the last leaf */
	uint32_t runs[WAYS]; /* where a child's first run is */
};

/* The way that @key is the last address of, or -1 - way when it lies before
 * the way's end. */
static int way_ending(const struct part *p, cell_key key)
{
	int shift = 128 - (int)p->depth - WAY_BITS;
	cell_key offset = key - p->base, rest;

	if (shift < 0) /* several ways an address: its last one */
		return (int)((offset + 1) << -shift) - 1;
	rest = ((cell_key)1 << shift) - 1;
	return (offset & rest) == rest ? (int)(offset >> shift)
				       : -1 - (int)(offset >> shift);
}

/* Ways from @way on are a leaf of @place. */
static void set_leaf(struct build *b, struct part *p, unsigned way,
		     uint32_t place)
{
	if (p->node.run != 0 && p->place == place)
		return;
	p->place = place;
	p->node.run |= (uint64_t)1 << way;
	(void)add_leaf(b, place);
}

/* Leaves and children of a node, run by run: most nodes have few. */
static void scan(struct build *b, struct part *p, uint32_t run)
{
	cell_key node_last = way_first(p->base, p->depth, WAYS) - 1;
	unsigned way = 0;

	p->node.leaf_base = b->trie->leaf_count;
	while (way < WAYS) {
		cell_key last = cell_spans_last(b->spans, run);
		uint32_t place = b->spans->place[run];
		int end = last >= node_last ? WAYS - 1 : way_ending(p, last);

		if (end >= 0) {
			set_leaf(b, p, way, place);
			way = (unsigned)end + 1;
			run++;
			continue;
		}
		end = -1 - end;
		if ((unsigned)end > way)
			set_leaf(b, p, way, place);
		p->node.child |= (uint64_t)1 << end;
		p->runs[end] = run;
		way = (unsigned)end + 1;
		if (way < WAYS)
			run = seek(b->spans, run,
				   way_first(p->base, p->depth, way));
	}
}

static int fill(struct build *b, uint32_t index, cell_key base, unsigned depth,
		uint32_t run)
{
	struct part p;
	uint64_t left;
	int rc = 0;

	if (b->trie->leaf_count > LEAVES_MAX || b->trie->node_count > NODES_MAX)
		return ERR_LIMIT;
	p.node = (struct cell_trie_node){0}; /* not the runs: too many */
	p.base = base;
	p.depth = depth;
	scan(b, &p, run);
	p.node.child_base =
		add_nodes(b, (unsigned)__builtin_popcountll(p.node.child));
	b->trie->nodes[index] = p.node;
	index = p.node.child_base;
	for (left = p.node.child; rc == 0 && left != 0; left &= left - 1) {
		unsigned way = (unsigned)__builtin_ctzll(left);

		rc = fill(b, index++, way_first(base, depth, way),
			  depth + WAY_BITS, p.runs[way]);
	}
	return rc;
}

static int fill_root(struct build *b)
{
	struct cell_trie *t = b->trie;
	unsigned shift = 128 - CELL_TRIE_ROOT_BITS;
	uint32_t run = 0;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ROOT_WAYS; i++) {
		cell_key first = (cell_key)i << shift;

		run = seek(b->spans, run, first);
		if (cell_spans_last(b->spans, run) >=
		    first + (((cell_key)1 << shift) - 1)) {
			uint32_t place = b->spans->place[run];
			uint32_t leaf = t->leaf_count - 1;

			if (t->leaf_count == 0 || t->places[leaf] != place)
				leaf = add_leaf(b, place);
			t->root[i] = CELL_TRIE_LEAF | leaf;
			continue;
		}
		t->root[i] = add_nodes(b, 1);
		rc = fill(b, t->root[i], first, CELL_TRIE_ROOT_BITS, run);
	}
	return rc;
}

/* @old, which is freed, in its exact size on pages of 2 MiB. */
static void *settled(void *old, size_t count, size_t elem_bytes)
{
	void *array = mem_array_huge(count, elem_bytes);

	if (count > 0)
		memcpy(array, old, count * elem_bytes);
	mem_free(old);
	return array;
}

/* Exact sizes, and pages of 2 MiB for what queries touch. */
static void settle(struct cell_trie *t, const uint16_t *cell_of_place)
{
	t->nodes = settled(t->nodes, t->node_count, sizeof(*t->nodes));
	t->places = settled(t->places, t->leaf_count, sizeof(*t->places));
	t->cells = mem_array_huge(t->leaf_count, sizeof(*t->cells));
	for (uint32_t i = 0; i < t->leaf_count; i++)
		t->cells[i] = cell_of_place[t->places[i]];
}

int cell_trie_build(struct cell_trie *trie, const struct cell_spans *spans,
		    const uint16_t *cell_of_place)
{
	struct build b = {.trie = trie, .spans = spans};
	int rc;

	memset(trie, 0, sizeof(*trie));
	trie->root = mem_array_huge(ROOT_WAYS, sizeof(*trie->root));
	rc = fill_root(&b);
	if (rc == 0) {
		settle(trie, cell_of_place);
	} else {
		mem_free(trie->nodes);
		mem_free(trie->places);
		trie->nodes = NULL;
		trie->places = NULL;
	}
	return rc;
}

void cell_trie_fini(struct cell_trie *t)
{
	mem_free_huge(t->root);
	mem_free_huge(t->nodes);
	mem_free_huge(t->cells);
	mem_free_huge(t->places);
	memset(t, 0, sizeof(*t));
}

uint64_t cell_trie_bytes(const struct cell_trie *t)
{
	return ROOT_WAYS * sizeof(*t->root) +
	       (uint64_t)t->node_count * sizeof(*t->nodes) +
	       (uint64_t)t->leaf_count *
		       (sizeof(*t->cells) + sizeof(*t->places));
}

static int each_of(const struct cell_trie *t, uint32_t at, cell_key base,
		   unsigned depth, cell_trie_visit_cb *visit, void *arg)
{
	const struct cell_trie_node *node = &t->nodes[at];
	uint32_t leaf = node->leaf_base - 1, child = node->child_base;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < WAYS; i++) {
		cell_key first = way_first(base, depth, i);
		cell_key last = way_first(base, depth, i + 1) - 1;

		leaf += node->run >> i & 1;
		if (node->child >> i & 1)
			rc = each_of(t, child++, first, depth + WAY_BITS, visit,
				     arg);
		else if (last + 1 != first) /* a way of the last node's rest */
			rc = visit(first, last, leaf, arg);
	}
	return rc;
}

int cell_trie_each(const struct cell_trie *t, cell_trie_visit_cb *visit,
		   void *arg)
{
	unsigned shift = 128 - CELL_TRIE_ROOT_BITS;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ROOT_WAYS; i++) {
		cell_key first = (cell_key)i << shift;
		cell_key last = first + (((cell_key)1 << shift) - 1);
		uint32_t at = t->root[i];

		rc = at & CELL_TRIE_LEAF
			     ? visit(first, last, at & ~CELL_TRIE_LEAF, arg)
			     : each_of(t, at, first, CELL_TRIE_ROOT_BITS, visit,
				       arg);
	}
	return rc;
}
