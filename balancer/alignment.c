/*
 * alignment.c - walks both arrays at once; where they disagree it looks a
 * little ahead in the base.
 */
#include "balancer/alignment.h"

#include <string.h>

#include "lib/base/mem.h"

#define LOOK_AHEAD 64 /* elements that may have come in between */

void alignment_fini(struct alignment *alignment)
{
	mem_free(alignment->segments);
	*alignment = (struct alignment){0};
}

/* Whether elements from @base on go on where the last segment ends. */
static bool goes_on(const struct alignment *alignment, uint32_t base)
{
	const struct alignment_segment *last;

	if (alignment->count == 0)
		return false;
	last = &alignment->segments[alignment->count - 1];
	if (last->base == ALIGNMENT_NONE || base == ALIGNMENT_NONE)
		return last->base == base;
	return last->base + last->count == base;
}

void alignment_add(struct alignment *alignment, uint32_t base, uint32_t count)
{
	if (count == 0)
		return;
	alignment->target_count += count;
	if (goes_on(alignment, base)) {
		alignment->segments[alignment->count - 1].count += count;
		return;
	}
	if (alignment->count == alignment->room) {
		alignment->room = alignment->room ? 2 * alignment->room : 1;
		alignment->segments =
			mem_grow(alignment->segments, alignment->room,
				 sizeof(*alignment->segments));
	}
	alignment->segments[alignment->count++] =
		(struct alignment_segment){base, count};
}

bool alignment_is_same(const struct alignment *alignment, uint32_t base_count)
{
	if (base_count == 0)
		return alignment->count == 0;
	return alignment->count == 1 && alignment->segments[0].base == 0 &&
	       alignment->segments[0].count == base_count;
}

void alignment_find(struct alignment *alignment,
		    const struct alignment_range *range,
		    alignment_same_fn *same, const void *arg)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < range->target_count; i++) {
		uint32_t at = next;

		while (at < range->base_count && at - next < LOOK_AHEAD &&
		       !same(arg, range->target + i, range->base + at))
			at++;
		if (at < range->base_count && at - next < LOOK_AHEAD) {
			alignment_add(alignment, range->base + at, 1);
			next = at + 1;
		} else {
			alignment_add(alignment, ALIGNMENT_NONE, 1);
		}
	}
}

void *alignment_apply(const struct alignment *alignment, const void *base,
		      size_t elem_bytes)
{
	char *array = mem_grow(NULL, alignment->target_count + 1U, elem_bytes);
	char *at = array;

	for (uint32_t i = 0; i < alignment->count; i++) {
		const struct alignment_segment *s = &alignment->segments[i];
		size_t bytes = s->count * elem_bytes;

		if (s->base == ALIGNMENT_NONE)
			memset(at, 0, bytes);
		else
			memcpy(at, (const char *)base + s->base * elem_bytes,
			       bytes);
		at += bytes;
	}
	return array;
}
