/*
 * fleet_order.c - see the header.
 */
#include "balancer/fleet_order.h"

#include <stdlib.h>
#include <string.h>

#include "balancer/fleet.h"
#include "lib/base/mem.h"

/* Sorting in a few new nodes one by one is cheaper than sorting them all. */
#define SORT_IN_MAX 64

static const char *id_of(const struct fleet_node *node)
{
	return node->card->record.id;
}

void fleet_order_fini(struct fleet_order *order)
{
	mem_free(order->list);
	*order = (struct fleet_order){0};
}

void fleet_order_add(struct fleet_order *order, struct fleet_node *node)
{
	if (order->count == order->room) {
		order->room = order->room ? 2 * order->room : 64;
		order->list = mem_grow(order->list, order->room,
				       sizeof(struct fleet_node *));
	}
	order->list[order->count++] = node;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(id_of(*(struct fleet_node *const *)a),
		      id_of(*(struct fleet_node *const *)b));
}

/* Where @id stands, or would stand, among the sorted ones. */
static unsigned sorted_place(const struct fleet_order *order, const char *id)
{
	unsigned low = 0, high = order->sorted_count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (strcmp(id_of(order->list[mid]), id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void sort_in_next(struct fleet_order *order)
{
	struct fleet_node *node = order->list[order->sorted_count];
	unsigned at = sorted_place(order, id_of(node));

	memmove(order->list + at + 1, order->list + at,
		(order->sorted_count - at) * sizeof(*order->list));
	order->list[at] = node;
	order->sorted_count++;
}

void fleet_order_sort(struct fleet_order *order)
{
	if (order->count - order->sorted_count > SORT_IN_MAX) {
		qsort(order->list, order->count, sizeof(*order->list),
		      compare_ids);
		order->sorted_count = order->count;
	}
	while (order->sorted_count < order->count)
		sort_in_next(order);
}

void fleet_order_del(struct fleet_order *order, const char *id)
{
	unsigned at;

	fleet_order_sort(order);
	at = sorted_place(order, id);
	memmove(order->list + at, order->list + at + 1,
		(order->count - at - 1) * sizeof(*order->list));
	order->count--;
	order->sorted_count--;
}
