/*
 * most.h - the first few of many by rate, without sorting them all: a heap of
 * bounded size. The order is total, so equal input gives equal lists. Pure.
 */
#ifndef PERI_BALANCER_MOST_H
#define PERI_BALANCER_MOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct most_item {
	double per_s;
	uint32_t major, minor; /* among equal rates the lower ones first */
	/* carried along for the owner */
	double value, other;
	const char *name;
};

/* Zeroed = empty. Invariant: the least kept item is items[0]. */
struct most {
	struct most_item *items; /* owned */
	size_t count, max, room;
};

/* most_begin - empty again, for at most @max items; what it kept is reused. */
void most_begin(struct most *most, size_t max);
/* most_take - keep @item if it belongs to the first max so far. */
void most_take(struct most *most, const struct most_item *item);
/* most_offer - the same; most of many end here. */
static inline void most_offer(struct most *most, const struct most_item *item)
{
	if (most->count < most->max || most->count == 0 ||
	    item->per_s >= most->items[0].per_s)
		most_take(most, item);
}
/* most_sort - items in order, the most first. After it: most_begin(). */
void most_sort(struct most *most);
/* most_fini - free what it owns. */
void most_fini(struct most *most);

#endif
