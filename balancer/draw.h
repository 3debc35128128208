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

enum draw_ports { DRAW_ANY_PORT, DRAW_TCP, DRAW_WS, DRAW_WSS };

struct draw_query {
	const struct snapshot_service *service;
	uint64_t key;
	uint16_t cell;
	uint8_t want; /* 1..DRAW_MAX */
	enum snapshot_family family;
};

struct draw_entry {
	uint32_t node; /* index into service->nodes */
	uint16_t km;   /* from the cell; 0xffff = unknown place */
	float score;
};

struct draw_list {
	unsigned count; /* 0 only when no node is alive */
	unsigned rank;	/* of the chosen site among the cell's candidates */
	double u;	/* that chose it */
	bool panic;	/* beyond all headroom, or from nodes of weight 0 */
	struct draw_entry entries[DRAW_MAX];
};

/* draw_nodes - draw a list. Always fills @list_r. */
void draw_nodes(const struct draw_query *query, struct draw_list *list_r);

#endif
