/*
 * fleet_order.h - the fleet's nodes in the order of their ids: sorted when
 * somebody asks. Builder's thread only. Invariant: list[] holds every node
 * once; its first sorted_count ones are in order.
 */
#ifndef PERI_BALANCER_FLEET_ORDER_H
#define PERI_BALANCER_FLEET_ORDER_H

struct fleet_node;

struct fleet_order {
	struct fleet_node **list; /* nodes are borrowed */
	unsigned count;		  /* of the list; 0 = all zero, empty */
	unsigned sorted_count, room;
};

/* fleet_order_fini - the list only. */
void fleet_order_fini(struct fleet_order *order);

/* fleet_order_add - behind all others; @node has its card when it is sorted. */
void fleet_order_add(struct fleet_order *order, struct fleet_node *node);
/* fleet_order_del - the node @id, which is in the list; sorts. */
void fleet_order_del(struct fleet_order *order, const char *id);
/* fleet_order_sort - from here on list[] is in order. */
void fleet_order_sort(struct fleet_order *order);

#endif
