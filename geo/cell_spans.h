/*
 * cell_spans.h - one address family as a list of runs: where each begins and
 * the place of all addresses up to the next. The list always begins at address
 * 0 and neighbours differ. Exists while a map is built; one thread.
 *
 * Both families use the same 128-bit key: IPv6 addresses as they are, IPv4
 * addresses in the first 32 bits.
 */
#ifndef PERI_GEO_CELL_SPANS_H
#define PERI_GEO_CELL_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"

__extension__ typedef unsigned __int128 cell_key;

enum cell_family { CELL_V4, CELL_V6, CELL_FAMILIES };

/* Three arrays, because low halves are rare and IPv4 needs none. */
struct cell_spans {
	uint64_t *hi;	 /* owned; first address of each run */
	uint64_t *lo;	 /* owned; NULL while all are 0 */
	uint32_t *place; /* owned */
	uint32_t count, room;
};

/* A hundred times what city databases need. */
#define CELL_SPANS_MAX ((uint32_t)1 << 30)

/* cell_spans_init - the whole space without a place. */
void cell_spans_init(struct cell_spans *spans);
void cell_spans_fini(struct cell_spans *spans);
/* cell_spans_init_all, _fini_all - the same for both families. */
void cell_spans_init_all(struct cell_spans spans[CELL_FAMILIES]);
void cell_spans_fini_all(struct cell_spans spans[CELL_FAMILIES]);

/* cell_spans_key - @addr as a key. */
cell_key cell_spans_key(const struct addr *addr);

static inline cell_key cell_spans_first(const struct cell_spans *s, uint32_t i)
{
	return (cell_key)s->hi[i] << 64 | (s->lo ? s->lo[i] : 0);
}

/* The run's last address. */
static inline cell_key cell_spans_last(const struct cell_spans *s, uint32_t i)
{
	return i + 1 < s->count ? cell_spans_first(s, i + 1) - 1 : ~(cell_key)0;
}

/*
 * cell_spans_append - everything from @first on has @place; @first is not
 * before the last run's beginning. Returns 0 or ERR_LIMIT.
 */
MUST_CHECK int cell_spans_append(struct cell_spans *spans, cell_key first,
				 uint32_t place);

/* cell_spans_append_prefix - @prefix has @place, what follows has none.
 * Prefixes come in address order. Returns 0 or ERR_LIMIT. */
MUST_CHECK int cell_spans_append_prefix(struct cell_spans *spans,
					const struct addr_prefix *prefix,
					uint32_t place);

/* cell_spans_overlay - lay @top over @base: where it has a place, it wins. @top
 * may be taken: it is good for cell_spans_fini() only afterwards. Returns 0 or
 * ERR_LIMIT (then @base is as it was). */
MUST_CHECK int cell_spans_overlay(struct cell_spans *base,
				  struct cell_spans *top);

/* What becomes of a run with @base where @top (not 0) is; 0 or an error. */
typedef int cell_spans_join_cb(uint32_t base, uint32_t top, uint32_t *place_r,
			       void *arg);

/* cell_spans_join - the same with a place of one's own where @top has one.
 * Returns 0, ERR_LIMIT or what @join says (then @base is as it was). */
MUST_CHECK int cell_spans_join(struct cell_spans *base,
			       const struct cell_spans *top,
			       cell_spans_join_cb *join, void *arg);

/* cell_spans_is_empty - no address has a place. */
static inline bool cell_spans_is_empty(const struct cell_spans *s)
{
	return s->count == 1 && s->place[0] == 0;
}

#endif
