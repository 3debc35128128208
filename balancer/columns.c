/*
 * columns.c - blocks of 256 elements, in each block member by member: a bitmap
 * of those that differ, then their differences as varints, 0 for "the same as
 * the one before in this member": neighbours often change alike. Blocks keep
 * both arrays in the cache while all members are gone through.
 */
#include "balancer/columns.h"

#include <assert.h>
#include <math.h>

#define BLOCK	     256
#define BITMAP_BYTES (BLOCK / 8)
#define VARINT_MAX   10
#define EQUAL	     0 /* of a block, of a member in a block */
#define DIFFERENT    1
#define ROUNDED_MAX  4e15 /* beyond, and NaN: not kept as it was */
#define WORD	     sizeof(uint64_t)

/* Going through the members of one pair of arrays. */
struct pass {
	const struct columns *columns;
	uint64_t last[COLUMNS_MAX]; /* difference of each member */
	/* Of the block: an element with the bits that differ anywhere. */
	uint64_t differs[COLUMNS_ELEM_BYTES_MAX / WORD];
};

static int64_t rounded(double value, unsigned decimals)
{
	static const double units[] = {1, 10, 100, 1000, 10000, 100000, 1e6};
	double scaled = value * units[decimals];

	if (!(fabs(scaled) < ROUNDED_MAX))
		return scaled > 0 ? (int64_t)ROUNDED_MAX : 0;
	return (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

static double unrounded(int64_t value, unsigned decimals)
{
	static const double units[] = {1, 10, 100, 1000, 10000, 100000, 1e6};

	return (double)value / units[decimals];
}

/* @bytes is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) int64_t load(const char *at,
							  unsigned bytes)
{
	int64_t wide = 0;
	int32_t four;
	int16_t two;

	switch (bytes) {
	case 8:
		memcpy(&wide, at, 8);
		return wide;
	case 4:
		memcpy(&four, at, 4);
		return four;
	case 2:
		memcpy(&two, at, 2);
		return two;
	default:
		return *at;
	}
}

static void store(char *at, unsigned bytes, int64_t value)
{
	int32_t four = (int32_t)value;
	int16_t two = (int16_t)value;

	if (bytes == 8)
		memcpy(at, &value, 8);
	else if (bytes == 4)
		memcpy(at, &four, 4);
	else if (bytes == 2)
		memcpy(at, &two, 2);
	else
		*at = (char)value;
}

/* Small numbers of either sign are small; never 0 for unequal ones. */
static uint64_t zigzag(int64_t from, int64_t to)
{
	int64_t d = (int64_t)((uint64_t)to - (uint64_t)from);

	return (uint64_t)d << 1 ^ (d < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(int64_t from, uint64_t code)
{
	return (int64_t)((uint64_t)from + (code >> 1 ^ (0 - (code & 1))));
}

static char *put_varint(char *at, uint64_t value)
{
	while (value > 127) {
		*at++ = (char)(value | 128);
		value >>= 7;
	}
	*at++ = (char)value;
	return at;
}

static const char *get_varint(const char *at, uint64_t *value_r)
{
	uint64_t value = 0;
	unsigned shift = 0;

	do {
		value |= (uint64_t)(*at & 127) << shift;
		shift += 7;
	} while (*at++ & 128);
	*value_r = value;
	return at;
}

/* -- writing ------------------------------------------------------------- */

/* Writes one member of a block at @at; returns the end, or NULL when there is
 * no difference. */
static inline __attribute__((always_inline)) char *
put_bits(char *at, uint64_t *last, const char *base, const char *target,
	 size_t step, unsigned count, unsigned bytes)
{
	char *bitmap = at, *end = at + BITMAP_BYTES;
	unsigned different = 0;

	memset(bitmap, 0, BITMAP_BYTES);
	for (unsigned i = 0; i < count; i++, base += step, target += step) {
		uint64_t code = zigzag(load(base, bytes), load(target, bytes));

		if (code == 0)
			continue;
		different++;
		bitmap[i / 8] |= (char)(1U << i % 8);
		end = put_varint(end, code == *last ? 0 : code);
		*last = code;
	}
	return different ? end : NULL;
}

static char *put_rounded(char *at, uint64_t *last, const char *base,
			 const char *target, size_t step, unsigned count,
			 unsigned decimals)
{
	char *bitmap = at, *end = at + BITMAP_BYTES;

	memset(bitmap, 0, BITMAP_BYTES);
	for (unsigned i = 0; i < count; i++, base += step, target += step) {
		double from, to;
		uint64_t code;

		memcpy(&from, base, sizeof(from));
		memcpy(&to, target, sizeof(to));
		code = zigzag(rounded(from, decimals), rounded(to, decimals));
		if (code == 0)
			continue;
		bitmap[i / 8] |= (char)(1U << i % 8);
		end = put_varint(end, code == *last ? 0 : code);
		*last = code;
	}
	return end > at + BITMAP_BYTES ? end : NULL;
}

static char *put_column(char *at, uint64_t *last, const struct column *column,
			const char *base, const char *target, size_t step,
			unsigned count)
{
	base += column->offset;
	target += column->offset;
	if (column->decimals > 0)
		return put_rounded(at, last, base, target, step, count,
				   column->decimals);
	switch (column->bytes) {
	case 8:
		return put_bits(at, last, base, target, step, count, 8);
	case 4:
		return put_bits(at, last, base, target, step, count, 4);
	case 2:
		return put_bits(at, last, base, target, step, count, 2);
	default:
		return put_bits(at, last, base, target, step, count, 1);
	}
}

/* Most members are equal in all of a block: word by word that is seen sooner
 * than member by member. */
static void note_differences(struct pass *pass, const char *base,
			     const char *target, unsigned count)
{
	unsigned words = pass->columns->elem_bytes / WORD;

	memset(pass->differs, 0, sizeof(pass->differs));
	for (unsigned i = 0; i < count; i++)
		for (unsigned w = 0; w < words; w++) {
			uint64_t from, to;

			memcpy(&from, base, WORD);
			memcpy(&to, target, WORD);
			pass->differs[w] |= from ^ to;
			base += WORD;
			target += WORD;
		}
}

static bool has_difference(const struct pass *pass, const struct column *column)
{
	static const char none[WORD];

	return memcmp((const char *)pass->differs + column->offset, none,
		      column->bytes) != 0;
}

static void put_block(struct buf *out, struct pass *pass, const char *base,
		      const char *target, unsigned count)
{
	const struct columns *columns = pass->columns;

	if (memcmp(base, target, (size_t)count * columns->elem_bytes) == 0) {
		buf_char(out, EQUAL);
		return;
	}
	note_differences(pass, base, target, count);
	buf_char(out, DIFFERENT);
	for (unsigned c = 0; c < columns->count; c++) {
		const struct column *column = &columns->list[c];
		char *at =
			buf_reserve(out, 1 + BITMAP_BYTES + BLOCK * VARINT_MAX);
		char *end = NULL;

		if (!at)
			return;
		if (has_difference(pass, column))
			end = put_column(at + 1, &pass->last[c], column, base,
					 target, columns->elem_bytes, count);
		*at = end ? DIFFERENT : EQUAL;
		out->len += end ? (size_t)(end - at) : 1;
	}
}

void columns_put(struct buf *out, const struct columns *columns,
		 const void *base, const void *target, size_t count)
{
	struct pass pass = {.columns = columns};
	size_t step = (size_t)columns->elem_bytes;

	assert(columns->count <= COLUMNS_MAX &&
	       columns->elem_bytes <= COLUMNS_ELEM_BYTES_MAX &&
	       columns->elem_bytes % WORD == 0);
	for (size_t i = 0; i < count; i += BLOCK)
		put_block(out, &pass, (const char *)base + i * step,
			  (const char *)target + i * step,
			  (unsigned)(count - i < BLOCK ? count - i : BLOCK));
}

/* -- reading ------------------------------------------------------------- */

static void apply_one(char *at, const struct column *column, uint64_t code)
{
	double value;

	if (column->decimals == 0) {
		store(at, column->bytes,
		      unzigzag(load(at, column->bytes), code));
		return;
	}
	memcpy(&value, at, sizeof(value));
	value = unrounded(unzigzag(rounded(value, column->decimals), code),
			  column->decimals);
	memcpy(at, &value, sizeof(value));
}

static const char *apply_column(struct pass *pass, unsigned c, char *array,
				unsigned count, const char *at)
{
	const struct column *column = &pass->columns->list[c];
	const char *bitmap = at;

	at += BITMAP_BYTES;
	for (unsigned i = 0; i < count; i++) {
		uint64_t code;

		if (!(bitmap[i / 8] >> i % 8 & 1))
			continue;
		at = get_varint(at, &code);
		if (code == 0)
			code = pass->last[c];
		pass->last[c] = code;
		apply_one(array + (size_t)i * pass->columns->elem_bytes +
				  column->offset,
			  column, code);
	}
	return at;
}

static const char *apply_block(struct pass *pass, char *array, unsigned count,
			       const char *at)
{
	if (*at++ == EQUAL)
		return at;
	for (unsigned c = 0; c < pass->columns->count; c++)
		if (*at++ != EQUAL)
			at = apply_column(pass, c, array, count, at);
	return at;
}

const char *columns_apply(const struct columns *columns, void *array,
			  size_t count, const char *at)
{
	struct pass pass = {.columns = columns};

	for (size_t i = 0; i < count; i += BLOCK)
		at = apply_block(
			&pass, (char *)array + i * columns->elem_bytes,
			(unsigned)(count - i < BLOCK ? count - i : BLOCK), at);
	return at;
}

void columns_copy(const struct columns *columns, void *to, const void *from,
		  size_t count)
{
	for (size_t i = 0; i < count * columns->elem_bytes;
	     i += columns->elem_bytes)
		for (unsigned c = 0; c < columns->count; c++) {
			const struct column *column = &columns->list[c];

			memcpy((char *)to + i + column->offset,
			       (const char *)from + i + column->offset,
			       column->bytes);
		}
}
