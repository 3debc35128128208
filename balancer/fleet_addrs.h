/*
 * fleet_addrs.h - which nodes have an address: an open hash table beside the
 * fleet, kept with every registration. Belongs to one fleet; builder's thread.
 */
#ifndef PERI_BALANCER_FLEET_ADDRS_H
#define PERI_BALANCER_FLEET_ADDRS_H

#include <stdint.h>

#include "lib/base/addr.h"

/* Nodes that are found by one address; more that share it are not. */
#define FLEET_ADDRS_SHARED 8

struct fleet_node;
struct fleet_addrs_slot;

/* Zeroed at first. */
struct fleet_addrs {
	struct fleet_addrs_slot *slots; /* slot_count of them; owned */
	uint32_t slot_count;		/* a power of two, or 0 */
	uint32_t used;
};

/* fleet_addrs_fini - free the table, which is empty again then. */
void fleet_addrs_fini(struct fleet_addrs *addrs);

/* fleet_addrs_add - every address of @node's card leads to @node, which is
 * borrowed until fleet_addrs_del(). */
void fleet_addrs_add(struct fleet_addrs *addrs, struct fleet_node *node);
/* fleet_addrs_del - none does; before @node or its card changes or goes. */
void fleet_addrs_del(struct fleet_addrs *addrs, const struct fleet_node *node);

/*
 * fleet_addrs_find - the nodes that have @addr, of whatever service.
 *
 * @nodes_r  out: room for FLEET_ADDRS_SHARED; borrowed as fleet_nodes() is
 *
 * Returns how many.
 */
unsigned fleet_addrs_find(const struct fleet_addrs *addrs,
			  const struct addr *addr, struct fleet_node **nodes_r);

#endif
