/*
 * fleet_store.h - where the fleet's nodes lie. A build walks over all of them
 * in the catalog's order, so they are laid out in that order, one behind the
 * other, when enough of them are not. Builder's thread. Invariant: every node
 * is known by its handle; it may move whenever a snapshot is built.
 */
#ifndef PERI_BALANCER_FLEET_STORE_H
#define PERI_BALANCER_FLEET_STORE_H

#include <stdbool.h>

struct fleet_node;

/* Zeroed at first. */
struct fleet_store {
	struct fleet_node *block;   /* in order; with holes where nodes went */
	struct fleet_node **slabs;  /* slab_count of them: nodes since then */
	unsigned slab_count, taken; /* from the slabs */
};

/* fleet_store_fini - frees all nodes. */
void fleet_store_fini(struct fleet_store *store);

/* fleet_store_take - a zeroed node. What is given up is found again with the
 * next fleet_store_arrange(). */
struct fleet_node *fleet_store_take(struct fleet_store *store);

/* fleet_store_is_scattered - whether too many of @count nodes lie apart. */
bool fleet_store_is_scattered(const struct fleet_store *store, unsigned count);

/* fleet_store_arrange - lay out @nodes, which are all that there are, in this
 * order. Handles and @nodes point to where they are now. */
void fleet_store_arrange(struct fleet_store *store, struct fleet_node **nodes,
			 unsigned count);

#endif
