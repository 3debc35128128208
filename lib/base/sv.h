/*
 * sv.h - a borrowed view of bytes: pointer and length, never NUL-terminated,
 * never owned. Pure functions, any thread.
 */
#ifndef PERI_LIB_BASE_SV_H
#define PERI_LIB_BASE_SV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/def.h"

struct sv {
	const char *ptr; /* borrowed; may be NULL when len is 0 */
	size_t len;	 /* bytes */
};

#define SV(literal) ((struct sv){"" literal, sizeof(literal) - 1})
/* For printf: log_info("x=" SV_FMT, SV_ARG(view)). */
#define SV_FMT	    "%.*s"
#define SV_ARG(v)   (int)(v).len, (v).ptr ? (v).ptr : ""

/* sv_str - view of a NUL-terminated text (NULL gives the empty view). */
struct sv sv_str(const char *text);

/* sv_of - view of @len bytes at @ptr. */
struct sv sv_of(const void *ptr, size_t len);

/* sv_eq - whether both hold the same bytes. */
bool sv_eq(struct sv a, struct sv b);

/* sv_eq_nocase - as sv_eq(), ASCII letters compared without case. */
bool sv_eq_nocase(struct sv a, struct sv b);

/* sv_starts - whether @v begins with @prefix. */
bool sv_starts(struct sv v, struct sv prefix);

/* sv_trim - @v without spaces and tabs at both ends. */
struct sv sv_trim(struct sv v);

/*
 * sv_cut - take the part of *@rest up to @sep off its front.
 *
 * @rest  in: the text; out: what follows the separator, empty at the end
 * @sep	  separator byte, not part of the result
 *
 * Returns the part; the whole of *@rest when there is no separator.
 */
struct sv sv_cut(struct sv *rest, char sep);

/*
 * sv_copy - copy @v into @dst with a final NUL.
 *
 * @dst_bytes  room at @dst, the NUL included
 *
 * Returns 0, or ERR_TOOBIG (then @dst is the empty text).
 */
MUST_CHECK int sv_copy(struct sv v, char *dst, size_t dst_bytes);

#endif
