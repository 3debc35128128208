/*
 * most.c - see the header.
 */
#include "balancer/most.h"

#include <stdlib.h>

#include "lib/base/mem.h"

/* Whether @a comes before @b in the list that is wanted. */
static bool is_before(const struct most_item *a, const struct most_item *b)
{
	if (a->per_s != b->per_s)
		return a->per_s > b->per_s;
	return a->major != b->major ? a->major < b->major : a->minor < b->minor;
}

void most_begin(struct most *most, size_t max)
{
	if (max > most->room) {
		most->items = mem_grow(most->items, max, sizeof(*most->items));
		most->room = max;
	}
	most->max = max;
	most->count = 0;
}

static void put_at_end(struct most *most, const struct most_item *item)
{
	size_t at = most->count++;

	for (; at > 0 && is_before(&most->items[(at - 1) / 2], item);
	     at = (at - 1) / 2)
		most->items[at] = most->items[(at - 1) / 2];
	most->items[at] = *item;
}

static void put_for_least(struct most *most, const struct most_item *item)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < most->count) {
		if (child + 1 < most->count &&
		    is_before(&most->items[child], &most->items[child + 1]))
			child++;
		if (!is_before(item, &most->items[child]))
			break;
		most->items[at] = most->items[child];
		at = child;
	}
	most->items[at] = *item;
}

void most_take(struct most *most, const struct most_item *item)
{
	if (most->count < most->max)
		put_at_end(most, item);
	else if (most->count > 0 && is_before(item, &most->items[0]))
		put_for_least(most, item);
}

static int compare(const void *a, const void *b)
{
	return is_before(a, b) ? -1 : is_before(b, a);
}

void most_sort(struct most *most)
{
	if (most->count > 0)
		qsort(most->items, most->count, sizeof(*most->items), compare);
}

void most_fini(struct most *most)
{
	mem_free(most->items);
	*most = (struct most){0};
}
