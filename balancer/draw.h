/*
 * draw.h - from (snapshot, cell, key, family) to an ordered list of nodes: a
 * site by the cell's shares, nodes by weighted rendezvous hashing (scores
 * -log2(u)/p; Efraimidis and Spirakis), the last entry from another site. Pure,
 * no lock, no allocation; any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_DRAW_H
#define PERI_BALANCER_DRAW_H

#include "balancer/snapshot.h"

#define DRAW_MAX     16
#define DRAW_DEFAULT 5

struct draw_query {
	const struct snapshot_service *service;
	uint64_t key;
	uint16_t cell;
	uint8_t want; /* 1..DRAW_MAX */
	enum snapshot_family family;
};

struct draw_entry {
	uint32_t node; /* index into service->nodes */
	uint16_t km;   /* from the cell; 0xffff = unknown place, or a site that
			* is not among the cell's candidates */
	float score;   /* the lower the earlier, within a site and tier */
};

struct draw_list {
	unsigned count; /* 0 only when no node is alive in this family */
	unsigned rank;	/* of the chosen site among the cell's candidates (or
			 * in anywhere[]): the site of the first entry */
	double u;	/* that chose it */
	bool panic;	/* beyond all headroom, or no open node was found */
	bool anywhere;	/* rank is one of service->anywhere */
	struct draw_entry entries[DRAW_MAX];
};

/*
 * draw_nodes - draw a list. Always fills @list_r; @query->want is clamped to
 * 1..DRAW_MAX, a cell that the service does not know counts as cell 0.
 *
 * 1. A site is chosen by u(key). When it has no open node of the family, the
 *    next candidate after it (in order of cost, then from rank 0 again) that
 *    has one; if none has: full, suspect, drained ones in this order, flagged
 *    panic; if no candidate has a live node of the family: service->anywhere.
 * 2. Its open nodes fill want-1 places; when they are too few the open nodes of
 *    the next candidates follow, then full ones, then suspects, each kind from
 *    all candidates before the next kind: demoted ones stand behind all others.
 * 3. The last place is for a node of another site than the first entry's, the
 *    best kind that a candidate has left: of the next site for as many of the
 *    first one's clients as it has room for, then of the one after it.
 *    Without one the first site's next node has it. With want = 1 the entry is
 * from the chosen site.
 * 4. Drained nodes are given only when nothing else is alive, down ones never.
 *    No node twice. A list is shorter than want only when it holds everybody.
 */
void draw_nodes(const struct draw_query *query, struct draw_list *list_r);

/* draw_rank - which of @cell's candidates @key chooses; draw_u - by what, in
 * [0, 1). draw_refuge_rank - which candidate the last entry comes from
 * when the first is of @rank and all have open nodes; @cell has two at least.
 */
unsigned draw_rank(const struct snapshot_cell *cell, uint64_t key);
double draw_u(uint64_t key);
unsigned draw_refuge_rank(const struct snapshot_service *service,
			  const struct snapshot_cell *cell, unsigned rank,
			  uint64_t key);

/* draw_score - the score of @node, an index into query->service->nodes, as
 * draw_nodes() has it: by its weight while it is open, else by its reserve. */
double draw_score(const struct draw_query *query, uint32_t node);

/* draw_neg_log2 - -log2((hash|1)/2^64) in units of 2^-31, never 0, off by at
 * most 3e-6: integers only, so the same on every machine; never rises with
 * @hash. */
uint64_t draw_neg_log2(uint64_t hash);

#endif
