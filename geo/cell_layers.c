/*
 * cell_layers.c - sorted by their beginnings, prefixes nest like brackets; a
 * stack of those that are open gives the runs. Building thread only.
 */
#include "geo/cell_layers.h"

#include <stdlib.h>

/* Outer prefixes before inner ones. */
static int compare_layers(const void *a_ptr, const void *b_ptr)
{
	const struct cell_layer *a = a_ptr, *b = b_ptr;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* The open prefixes around a position, outermost first: strictly nested, so
 * at most one of each length. */
struct nest {
	struct cell_layer open[129];
	unsigned depth;
};

/* Close the prefixes that end before @key. */
static int close_before(struct nest *nest, struct cell_spans *spans,
			cell_key key)
{
	int rc = 0;

	while (rc == 0 && nest->depth > 0 &&
	       nest->open[nest->depth - 1].last < key) {
		cell_key after = nest->open[--nest->depth].last + 1;

		rc = cell_spans_append(
			spans, after,
			nest->depth ? nest->open[nest->depth - 1].value : 0);
	}
	return rc;
}

/* Sorted prefixes to runs without overlaps: the innermost one wins. */
static int flatten(const struct cell_layer *layers, unsigned count,
		   struct cell_spans *spans)
{
	struct nest nest = {.depth = 0};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++) {
		const struct cell_layer *l = &layers[i];
		struct cell_layer *top;

		rc = close_before(&nest, spans, l->first);
		top = nest.depth ? &nest.open[nest.depth - 1] : NULL;
		if (top && top->first == l->first && top->last == l->last)
			*top = *l;
		else
			nest.open[nest.depth++] = *l;
		if (rc == 0)
			rc = cell_spans_append(spans, l->first, l->value);
	}
	/* Those that reach the end of the space need no closing. */
	return rc < 0 ? rc : close_before(&nest, spans, ~(cell_key)0);
}

struct cell_layer cell_layers_of(const struct addr_prefix *prefix,
				 uint32_t value, uint32_t order)
{
	struct cell_layer layer = {
		.first = cell_spans_key(&prefix->base),
		.last = ~(cell_key)0,
		.value = value,
		.order = order,
	};

	if (prefix->bits > 0)
		layer.last = layer.first +
			     (((cell_key)1 << (128 - prefix->bits)) - 1);
	return layer;
}

int cell_layers_over(struct cell_spans *base, struct cell_layer *layers,
		     unsigned count)
{
	struct cell_spans top;
	int rc;

	if (count == 0)
		return 0;
	qsort(layers, count, sizeof(*layers), compare_layers);
	cell_spans_init(&top);
	rc = flatten(layers, count, &top);
	if (rc == 0)
		rc = cell_spans_overlay(base, &top);
	cell_spans_fini(&top);
	return rc;
}
