/*
 * cell_spans.c - one address family as sorted runs. Invariant: the first run
 * begins at 0, beginnings ascend, neighbours have different places.
 */
#include "geo/cell_spans.h"

#include <endian.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

static void push(struct cell_spans *s, cell_key first, uint32_t place)
{
	uint64_t lo = (uint64_t)first;

	if (s->count == s->room) {
		s->room = s->room * 2 + 256;
		s->hi = mem_grow(s->hi, s->room, sizeof(*s->hi));
		s->place = mem_grow(s->place, s->room, sizeof(*s->place));
		if (s->lo)
			s->lo = mem_grow(s->lo, s->room, sizeof(*s->lo));
	}
	if (lo != 0 && !s->lo) {
		s->lo = mem_grow(NULL, s->room, sizeof(*s->lo));
		memset(s->lo, 0, s->count * sizeof(*s->lo));
	}
	s->hi[s->count] = (uint64_t)(first >> 64);
	if (s->lo)
		s->lo[s->count] = lo;
	s->place[s->count++] = place;
}

void cell_spans_init(struct cell_spans *s)
{
	memset(s, 0, sizeof(*s));
	push(s, 0, 0);
}

void cell_spans_fini(struct cell_spans *s)
{
	mem_free(s->hi);
	mem_free(s->lo);
	mem_free(s->place);
	memset(s, 0, sizeof(*s));
}

void cell_spans_init_all(struct cell_spans spans[CELL_FAMILIES])
{
	for (int f = 0; f < CELL_FAMILIES; f++)
		cell_spans_init(&spans[f]);
}

void cell_spans_fini_all(struct cell_spans spans[CELL_FAMILIES])
{
	for (int f = 0; f < CELL_FAMILIES; f++)
		cell_spans_fini(&spans[f]);
}

cell_key cell_spans_key(const struct addr *addr)
{
	uint64_t hi, lo;

	if (addr->family == ADDR_V4)
		return (cell_key)addr_v4_host(addr) << 96;
	memcpy(&hi, addr->bytes, sizeof(hi));
	memcpy(&lo, addr->bytes + sizeof(hi), sizeof(lo));
	return (cell_key)be64toh(hi) << 64 | be64toh(lo);
}

int cell_spans_append(struct cell_spans *s, cell_key first, uint32_t place)
{
	uint32_t last = s->count - 1;

	if (s->place[last] == place)
		return 0;
	if (cell_spans_first(s, last) != first) {
		if (s->count >= CELL_SPANS_MAX)
			return ERR_LIMIT;
		push(s, first, place);
		return 0;
	}
	/* The last run was only a promise: nothing of it is left. */
	if (last > 0 && s->place[last - 1] == place)
		s->count--;
	else
		s->place[last] = place;
	return 0;
}

int cell_spans_append_prefix(struct cell_spans *s,
			     const struct addr_prefix *prefix, uint32_t place)
{
	cell_key first = cell_spans_key(&prefix->base);
	cell_key after = prefix->bits == 0 ? 0
					   : first + ((cell_key)1
						      << (128 - prefix->bits));
	int rc = cell_spans_append(s, first, place);

	/* 0: it reaches the end of the space. */
	if (rc < 0 || after == 0)
		return rc;
	return cell_spans_append(s, after, 0);
}

int cell_spans_join(struct cell_spans *base, const struct cell_spans *top,
		    cell_spans_join_cb *join, void *arg)
{
	struct cell_spans sum;
	uint32_t b = 0, t = 0;
	cell_key at = 0;
	int rc = 0;

	cell_spans_init(&sum);
	for (;;) {
		cell_key base_last = cell_spans_last(base, b);
		cell_key top_last = cell_spans_last(top, t);
		cell_key last = base_last < top_last ? base_last : top_last;
		uint32_t place = base->place[b];

		if (top->place[t] != 0)
			rc = join(place, top->place[t], &place, arg);
		if (rc == 0)
			rc = cell_spans_append(&sum, at, place);
		if (rc < 0 || last == ~(cell_key)0)
			break;
		at = last + 1;
		b += base_last == last;
		t += top_last == last;
	}
	if (rc < 0) {
		cell_spans_fini(&sum);
		return rc;
	}
	cell_spans_fini(base);
	*base = sum;
	return 0;
}

static int top_wins(uint32_t base UNUSED, uint32_t top, uint32_t *place_r,
		    void *arg UNUSED)
{
	*place_r = top;
	return 0;
}

int cell_spans_overlay(struct cell_spans *base, struct cell_spans *top)
{
	struct cell_spans swap = *base;

	/* Most files have one family and are the only one of it. */
	if (cell_spans_is_empty(top))
		return 0;
	if (!cell_spans_is_empty(base))
		return cell_spans_join(base, top, top_wins, NULL);
	*base = *top;
	*top = swap;
	return 0;
}
