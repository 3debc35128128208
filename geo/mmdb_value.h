/*
 * mmdb_value.h - reads single values of a data section in MaxMind's file
 * format. Beside libmaxminddb because its look-up by key walks the record anew
 * for each key (ten times the time of one pass) and recurses as deep as the
 * file says; this reader makes one pass, follows a pointer once and spends a
 * budget. It trusts no byte. Pure, any thread.
 */
#ifndef PERI_GEO_MMDB_VALUE_H
#define PERI_GEO_MMDB_VALUE_H

#include <stdint.h>

#include "lib/base/sv.h"

/* Type numbers of the format. */
enum mmdb_value_type {
	MMDB_VALUE_POINTER = 1,
	MMDB_VALUE_TEXT = 2,
	MMDB_VALUE_DOUBLE = 3,
	MMDB_VALUE_BYTES = 4,
	MMDB_VALUE_U16 = 5,
	MMDB_VALUE_U32 = 6,
	MMDB_VALUE_MAP = 7,
	MMDB_VALUE_I32 = 8,
	MMDB_VALUE_U64 = 9,
	MMDB_VALUE_U128 = 10,
	MMDB_VALUE_ARRAY = 11,
	MMDB_VALUE_BOOL = 14,
	MMDB_VALUE_FLOAT = 15,
};

/* A section and how many more values may be read from it. */
struct mmdb_value_reader {
	const uint8_t *bytes; /* borrowed */
	uint32_t size_bytes;
	uint32_t values_left; /* the caller sets it anew for each record */
};

struct mmdb_value {
	enum mmdb_value_type type; /* never a pointer */
	struct sv text;		   /* TEXT: borrowed from the section */
	double number;		   /* any number or BOOL; U128 reads as 0 */
	uint32_t count;		   /* MAP: pairs, ARRAY: elements */
	uint32_t first;		   /* MAP, ARRAY: offset of the first child */
	uint32_t at;		   /* offset it was read from */
	uint32_t next;		   /* offset of what follows; 0 = see first */
};

/* mmdb_value_read - the value at @offset, through one pointer if there is one.
 * Returns 0, ERR_CORRUPT, or ERR_LIMIT when the budget is spent. */
MUST_CHECK int mmdb_value_read(struct mmdb_value_reader *reader,
			       uint32_t offset, struct mmdb_value *value_r);

/* A position in a map or an array. */
struct mmdb_value_iter {
	uint32_t offset;
	uint32_t left; /* pairs or elements */
};

/* mmdb_value_iter - before the first child of @container. */
static inline struct mmdb_value_iter
mmdb_value_iter(const struct mmdb_value *container)
{
	return (struct mmdb_value_iter){container->first, container->count};
}

/* mmdb_value_next_pair - the next key and value of a map. Returns 1, 0 at the
 * end, or an error as mmdb_value_read(). */
MUST_CHECK int mmdb_value_next_pair(struct mmdb_value_reader *reader,
				    struct mmdb_value_iter *iter,
				    struct sv *key_r,
				    struct mmdb_value *value_r);

/* mmdb_value_next - the next element of an array, otherwise the same. */
MUST_CHECK int mmdb_value_next(struct mmdb_value_reader *reader,
			       struct mmdb_value_iter *iter,
			       struct mmdb_value *value_r);

/*
 * mmdb_value_check - read the whole value at @offset with all that hangs on
 * it, at most @max_depth containers deep, before code that recurses may see
 * it. Returns 0, ERR_CORRUPT or ERR_LIMIT.
 */
MUST_CHECK int mmdb_value_check(struct mmdb_value_reader *reader,
				uint32_t offset, unsigned max_depth);

#endif
