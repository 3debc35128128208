/*
 * alignment.h - which elements of an array stand in another one too, as
 * segments: arrays that were sorted by the same names, where a few came and
 * went. Pure.
 */
#ifndef PERI_BALANCER_ALIGNMENT_H
#define PERI_BALANCER_ALIGNMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALIGNMENT_NONE 0xffffffffU

/* The next @count elements of the target are those of the base from @base on,
 * or, with ALIGNMENT_NONE, stand nowhere in it. */
struct alignment_segment {
	uint32_t base, count;
};

struct alignment {
	struct alignment_segment *segments; /* owned */
	uint32_t count, room;
	uint32_t target_count; /* elements so far */
};

/* alignment_fini - free the segments; @alignment is empty then. */
void alignment_fini(struct alignment *alignment);

/* alignment_add - the next @count elements of the target. */
void alignment_add(struct alignment *alignment, uint32_t base, uint32_t count);

/* alignment_is_same - whether base and target have the same elements in the
 * same places. @base_count  of the base */
bool alignment_is_same(const struct alignment *alignment, uint32_t base_count);

/* Whether element @target of the target is element @base of the base. */
typedef bool alignment_same_fn(const void *arg, uint32_t target, uint32_t base);

/* A part of both arrays. */
struct alignment_range {
	uint32_t target, target_count;
	uint32_t base, base_count;
};

/* alignment_find - add the elements of a range of the target. What is not
 * found within a few of where it is expected counts as new: that costs room,
 * never a wrong result. */
void alignment_find(struct alignment *alignment,
		    const struct alignment_range *range,
		    alignment_same_fn *same, const void *arg);

/* alignment_apply - an array for all elements of the target: copies of the
 * base's, zeros for the others. Owned by the caller (mem_free()). */
void *alignment_apply(const struct alignment *alignment, const void *base,
		      size_t elem_bytes);

#endif
