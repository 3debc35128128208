/*
 * lease_order.h - the leases in the order of their ids, for lists that are
 * read page by page. Adding at the end is O(1), elsewhere one memmove. Pure.
 */
#ifndef PERI_REGISTRY_LEASE_ORDER_H
#define PERI_REGISTRY_LEASE_ORDER_H

#include "registry/lease.h"

struct lease_order;

/* lease_order_new - empty; owned by the caller. */
struct lease_order *lease_order_new(void);
/* lease_order_free - the leases are borrowed and stay. */
void lease_order_free(struct lease_order **order);

/* lease_order_add - @lease is borrowed until lease_order_del(); its id is not
 * in the order yet. */
void lease_order_add(struct lease_order *order, const struct lease *lease);
/* lease_order_del - @lease is in the order. */
void lease_order_del(struct lease_order *order, const struct lease *lease);

/* lease_order_at - number @index, or NULL. */
const struct lease *lease_order_at(const struct lease_order *order,
				   size_t index);
/* lease_order_after - index of the first id greater than @id. */
size_t lease_order_after(const struct lease_order *order, const char *id);

#endif
