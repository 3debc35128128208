/*
 * columns.h - what turns one array of structs into another of the same length,
 * member by member: small when most members are equal or near. Pure.
 */
#ifndef PERI_BALANCER_COLUMNS_H
#define PERI_BALANCER_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* A member, or a part of one: 1, 2, 4 or 8 bytes, kept bit by bit. With
 * @decimals > 0 it is a double, kept as buf_fixed() shows it. */
struct column {
	uint16_t offset;
	uint8_t bytes, decimals;
};
#define COLUMN(type, member)                                                   \
	{                                                                      \
		offsetof(struct type, member),                                 \
			(uint8_t)sizeof(((struct type *)NULL)->member), 0      \
	}

/* What is in no column is not looked at and not touched. */
struct columns {
	const struct column *list;
	uint32_t count;	     /* at most COLUMNS_MAX */
	uint32_t elem_bytes; /* whole words, at most COLUMNS_ELEM_BYTES_MAX */
};
#define COLUMNS_MAX	       40
#define COLUMNS_ELEM_BYTES_MAX 512

/* columns_put - append to @out what turns @base into @target. */
void columns_put(struct buf *out, const struct columns *columns,
		 const void *base, const void *target, size_t count);

/*
 * columns_apply - turn @array, which is as the base was, into the target.
 *
 * @at  what columns_put() wrote; not from outside: nothing is checked
 *
 * Returns where the reading ended.
 */
const char *columns_apply(const struct columns *columns, void *array,
			  size_t count, const char *at);

/* columns_copy - copy what is in columns, all of it bit by bit. */
void columns_copy(const struct columns *columns, void *to, const void *from,
		  size_t count);

#endif
