/*
 * lease_order.c - a sorted array of borrowed leases. Invariant: ids rise
 * strictly. Pure; one thread.
 */
#include "registry/lease_order.h"

#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"

struct lease_order {
	const struct lease **items;
	size_t count, room;
};

struct lease_order *lease_order_new(void)
{
	return mem_alloc(sizeof(struct lease_order));
}

void lease_order_free(struct lease_order **order)
{
	if (!*order)
		return;
	mem_free((*order)->items);
	mem_free(*order);
	*order = NULL;
}

/* Index of the first id that is not less than @id. */
static size_t search(const struct lease_order *order, const char *id)
{
	size_t low = 0, high = order->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(order->items[mid]->record.id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void lease_order_add(struct lease_order *order, const struct lease *lease)
{
	size_t at = search(order, lease->record.id);

	if (order->count == order->room) {
		order->room = order->room ? 2 * order->room : 64;
		order->items = mem_grow(order->items, order->room,
					sizeof(order->items[0]));
	}
	memmove(&order->items[at + 1], &order->items[at],
		(order->count - at) * sizeof(order->items[0]));
	order->items[at] = lease;
	order->count++;
}

void lease_order_del(struct lease_order *order, const struct lease *lease)
{
	size_t at = search(order, lease->record.id);

	assert(at < order->count && order->items[at] == lease);
	order->count--;
	memmove(&order->items[at], &order->items[at + 1],
		(order->count - at) * sizeof(order->items[0]));
}

const struct lease *lease_order_at(const struct lease_order *order,
				   size_t index)
{
	return index < order->count ? order->items[index] : NULL;
}

size_t lease_order_after(const struct lease_order *order, const char *id)
{
	size_t at = search(order, id);

	if (at < order->count && strcmp(order->items[at]->record.id, id) == 0)
		at++;
	return at;
}
