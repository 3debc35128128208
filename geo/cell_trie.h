/*
 * cell_trie.h - the compiled prefix table of one address family: a poptrie
 * (Asai and Ohara, SIGCOMM 2015). A direct table on the first bits, then nodes
 * of 64 ways that store two bitmaps and two base indexes instead of 64
 * pointers; equal neighbours share a leaf. Both DB-IP families fit in a third
 * of what a plain 16-8-8 trie takes, so more of it stays in the cache.
 * Immutable after the build; any number of readers.
 */
#ifndef PERI_GEO_CELL_TRIE_H
#define PERI_GEO_CELL_TRIE_H

#include <stdint.h>

#include "geo/cell_spans.h"
#include "lib/base/def.h"

#define CELL_TRIE_ROOT_BITS 18 /* 18 + 6 = 24: most IPv4 prefixes end there */
#define CELL_TRIE_LEAF	    ((uint32_t)1 << 31) /* root entry: a leaf's index */

struct cell_trie_node {
	uint64_t child;	     /* bit i: way i goes on in another node */
	uint64_t run;	     /* bit i: way i is a leaf unlike the one before */
	uint32_t child_base; /* the first child's index; the others follow */
	uint32_t leaf_base;  /* the first leaf's index; the others follow */
};

struct cell_trie {
	uint32_t *root; /* owned: CELL_TRIE_LEAF | leaf, or a node's index */
	struct cell_trie_node *nodes; /* owned */
	uint16_t *cells;	      /* owned; by leaf: what a query needs */
	uint32_t *places;	      /* owned; by leaf: what people read */
	uint32_t node_count, leaf_count;
};

/*
 * cell_trie_build - compile @spans.
 *
 * @cell_of_place  by place id
 *
 * Returns 0 or ERR_LIMIT for more than 2^28 leaves or 2^26 nodes.
 * cell_trie_fini() afterwards in both cases.
 */
MUST_CHECK int cell_trie_build(struct cell_trie *trie,
			       const struct cell_spans *spans,
			       const uint16_t *cell_of_place);
void cell_trie_fini(struct cell_trie *trie);

/* cell_trie_bytes - memory of the tables. */
uint64_t cell_trie_bytes(const struct cell_trie *trie);

/* Called for each leaf in address order; neighbours may have one place.
 * Return non-zero to stop. */
typedef int cell_trie_visit_cb(cell_key first, cell_key last, uint32_t leaf,
			       void *arg);

/* cell_trie_each - visit all of the space; returns what @visit returned. */
int cell_trie_each(const struct cell_trie *trie, cell_trie_visit_cb *visit,
		   void *arg);

/* By instruction where the processor has one; else by hand, which is half of
 * the time of the builtin's call into libgcc. */
enum cell_trie_count { CELL_TRIE_BY_HAND, CELL_TRIE_BY_INSTRUCTION };

static ALWAYS_INLINE unsigned cell_trie_popcount(uint64_t x,
						 enum cell_trie_count how)
{
	if (how == CELL_TRIE_BY_INSTRUCTION)
		return (unsigned)__builtin_popcountll(x);
	x -= x >> 1 & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned)(x * 0x0101010101010101ULL >> 56);
}

static ALWAYS_INLINE uint32_t cell_trie_walk(const struct cell_trie *trie,
					     uint64_t hi, uint64_t lo,
					     enum cell_trie_count how)
{
	uint32_t at = trie->root[hi >> (64 - CELL_TRIE_ROOT_BITS)];

	if (at & CELL_TRIE_LEAF)
		return at & ~CELL_TRIE_LEAF;
	hi = hi << CELL_TRIE_ROOT_BITS | lo >> (64 - CELL_TRIE_ROOT_BITS);
	lo <<= CELL_TRIE_ROOT_BITS;
	for (;;) {
		const struct cell_trie_node *node = &trie->nodes[at];
		uint64_t way = (uint64_t)1 << (hi >> 58);

		if (!(node->child & way))
			return node->leaf_base - 1 +
			       cell_trie_popcount(node->run & (way | (way - 1)),
						  how);
		at = node->child_base +
		     cell_trie_popcount(node->child & (way - 1), how);
		hi = hi << 6 | lo >> 58;
		lo <<= 6;
	}
}

#ifdef __x86_64__
__attribute__((target("popcnt"))) static inline uint32_t
cell_trie_walk_popcnt(const struct cell_trie *trie, uint64_t hi, uint64_t lo)
{
	return cell_trie_walk(trie, hi, lo, CELL_TRIE_BY_INSTRUCTION);
}
#endif

/* cell_trie_leaf - the leaf of the address whose key is @hi, @lo. */
static inline uint32_t cell_trie_leaf(const struct cell_trie *trie, uint64_t hi,
				      uint64_t lo)
{
#ifdef __x86_64__
	if (LIKELY(__builtin_cpu_supports("popcnt")))
		return cell_trie_walk_popcnt(trie, hi, lo);
#endif
	return cell_trie_walk(trie, hi, lo, CELL_TRIE_BY_HAND);
}

/* cell_trie_fetch - ask for the memory that cell_trie_leaf() reads first, or
 * (with @first 0; the first has to be there) what it reads after that. */
static inline void cell_trie_fetch(const struct cell_trie *trie, uint64_t hi,
				   int first)
{
	const uint32_t *root = &trie->root[hi >> (64 - CELL_TRIE_ROOT_BITS)];
	const char *node;

	if (first) {
		__builtin_prefetch(root);
		return;
	}
	if (*root & CELL_TRIE_LEAF)
		return;
	node = (const char *)&trie->nodes[*root];
	__builtin_prefetch(node);
	__builtin_prefetch(node + sizeof(struct cell_trie_node) - 1);
}

#endif
