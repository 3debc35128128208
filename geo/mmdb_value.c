/*
 * mmdb_value.c - reads single values of a data section. Every offset is
 * compared with the section's size before the byte behind it is read; every
 * value read is paid from the reader's budget, so a hostile file costs a
 * bounded time. Pure, any thread.
 */
#include "geo/mmdb_value.h"

#include <string.h>

#include "lib/base/err.h"

#define TYPE_EXTENDED 0

/* The big-endian number of @n (0..8) bytes. */
static uint64_t big_endian(const uint8_t *bytes, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | bytes[i];
	return v;
}

static bool has_bytes(const struct mmdb_value_reader *r, uint32_t offset,
		      uint32_t n)
{
	return offset <= r->size_bytes && r->size_bytes - offset >= n;
}

/* A pointer's target; its bits begin in the control byte. */
static int read_pointer(const struct mmdb_value_reader *r, uint8_t control,
			uint32_t *offset, uint32_t *target_r)
{
	static const uint32_t bias[4] = {0, 2048, 526336, 0};
	unsigned width = (control >> 3 & 3) + 1;
	uint64_t target;

	if (!has_bytes(r, *offset, width))
		return ERR_CORRUPT;
	target = big_endian(r->bytes + *offset, width);
	if (width < 4)
		target |= (uint64_t)(control & 7) << (8 * width);
	target += bias[width - 1];
	if (target >= r->size_bytes)
		return ERR_CORRUPT;
	*offset += width;
	*target_r = (uint32_t)target;
	return 0;
}

/* The size field: five bits, or up to three more bytes. */
static int read_size(const struct mmdb_value_reader *r, uint8_t control,
		     uint32_t *offset, uint32_t *size_r)
{
	static const uint32_t bias[4] = {0, 29, 285, 65821};
	uint32_t size = control & 31;

	if (size >= 29) {
		unsigned more = size - 28;

		if (!has_bytes(r, *offset, more))
			return ERR_CORRUPT;
		size = bias[more] +
		       (uint32_t)big_endian(r->bytes + *offset, more);
		*offset += more;
	}
	*size_r = size;
	return 0;
}

static double float_of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* A number of @size bytes at @at; a width that the type forbids is refused. */
static int read_number(const uint8_t *at, uint32_t size, struct mmdb_value *v)
{
	switch (v->type) {
	case MMDB_VALUE_DOUBLE:
		v->number = size == 8 ? double_of(big_endian(at, 8)) : 0;
		return size == 8 ? 0 : ERR_CORRUPT;
	case MMDB_VALUE_FLOAT:
		v->number =
			size == 4 ? float_of((uint32_t)big_endian(at, 4)) : 0;
		return size == 4 ? 0 : ERR_CORRUPT;
	case MMDB_VALUE_I32:
		if (size > 4)
			return ERR_CORRUPT;
		v->number = (int32_t)(uint32_t)big_endian(at, size);
		return 0;
	case MMDB_VALUE_U16:
	case MMDB_VALUE_U32:
	case MMDB_VALUE_U64:
		if (size > (v->type == MMDB_VALUE_U16	? 2
			    : v->type == MMDB_VALUE_U32 ? 4
							: 8))
			return ERR_CORRUPT;
		v->number = (double)big_endian(at, size);
		return 0;
	default: /* U128 and BYTES: known, but nothing of ours */
		return v->type == MMDB_VALUE_U128 && size > 16 ? ERR_CORRUPT
							       : 0;
	}
}

/* What stands behind the control byte of anything but a pointer. */
static int read_body(const struct mmdb_value_reader *r, uint32_t offset,
		     uint32_t size, struct mmdb_value *v)
{
	switch (v->type) {
	case MMDB_VALUE_MAP:
	case MMDB_VALUE_ARRAY:
		v->count = size;
		v->first = offset;
		/* 0 cannot follow anything, so it can mark "not known yet". */
		v->next = size == 0 ? offset : 0;
		return 0;
	case MMDB_VALUE_BOOL:
		v->number = size;
		v->next = offset;
		return size <= 1 ? 0 : ERR_CORRUPT;
	default:
		break;
	}
	if (!has_bytes(r, offset, size))
		return ERR_CORRUPT;
	v->next = offset + size;
	if (v->type == MMDB_VALUE_TEXT) {
		v->text = sv_of(r->bytes + offset, size);
		return 0;
	}
	return read_number(r->bytes + offset, size, v);
}

static bool is_known(unsigned type)
{
	return type >= MMDB_VALUE_TEXT && type <= MMDB_VALUE_FLOAT &&
	       type != 12 && type != 13; /* container, end marker: never here */
}

/* One value; a pointer gives *@target_r and type MMDB_VALUE_POINTER. */
static int read_one(struct mmdb_value_reader *r, uint32_t offset,
		    struct mmdb_value *v, uint32_t *target_r)
{
	uint32_t size;
	uint8_t control;
	unsigned type;
	int rc;

	if (r->values_left == 0)
		return ERR_LIMIT;
	r->values_left--;
	if (!has_bytes(r, offset, 1))
		return ERR_CORRUPT;
	control = r->bytes[offset++];
	type = control >> 5;
	if (type == MMDB_VALUE_POINTER) {
		v->type = MMDB_VALUE_POINTER;
		rc = read_pointer(r, control, &offset, target_r);
		v->next = offset;
		return rc;
	}
	if (type == TYPE_EXTENDED) {
		if (!has_bytes(r, offset, 1))
			return ERR_CORRUPT;
		type = 7u + r->bytes[offset++];
	}
	if (!is_known(type))
		return ERR_CORRUPT;
	v->type = (enum mmdb_value_type)type;
	rc = read_size(r, control, &offset, &size);
	return rc < 0 ? rc : read_body(r, offset, size, v);
}

int mmdb_value_read(struct mmdb_value_reader *r, uint32_t offset,
		    struct mmdb_value *v)
{
	uint32_t target = 0, next;
	int rc;

	memset(v, 0, sizeof(*v));
	v->at = offset;
	rc = read_one(r, offset, v, &target);
	if (rc < 0 || v->type != MMDB_VALUE_POINTER)
		return rc;
	next = v->next;
	rc = read_one(r, target, v, &target);
	if (rc == 0 && v->type == MMDB_VALUE_POINTER)
		return ERR_CORRUPT; /* the format forbids chains */
	v->next = next;
	return rc;
}

/* The offset behind @v; inline containers are walked, pointers are not
 * followed. Flat: one count of values still to pass is all it takes. */
static int skip(struct mmdb_value_reader *r, const struct mmdb_value *v,
		uint32_t *next_r)
{
	uint64_t left;
	uint32_t offset = v->first, target = 0;

	*next_r = v->next;
	if (v->next != 0)
		return 0;
	left = v->type == MMDB_VALUE_MAP ? 2ull * v->count : v->count;
	for (; left > 0; left--) {
		struct mmdb_value child = {0};
		int rc = read_one(r, offset, &child, &target);

		if (rc < 0)
			return rc;
		offset = child.next;
		if (child.next == 0) {
			offset = child.first;
			left += child.type == MMDB_VALUE_MAP
					? 2ull * child.count
					: child.count;
		}
	}
	*next_r = offset;
	return 0;
}

int mmdb_value_next(struct mmdb_value_reader *r, struct mmdb_value_iter *iter,
		    struct mmdb_value *v)
{
	int rc;

	if (iter->left == 0)
		return 0;
	rc = mmdb_value_read(r, iter->offset, v);
	if (rc < 0)
		return rc;
	iter->left--;
	if (iter->left > 0)
		rc = skip(r, v, &iter->offset);
	return rc < 0 ? rc : 1;
}

int mmdb_value_next_pair(struct mmdb_value_reader *r,
			 struct mmdb_value_iter *iter, struct sv *key_r,
			 struct mmdb_value *v)
{
	struct mmdb_value key;
	int rc;

	if (iter->left == 0)
		return 0;
	rc = mmdb_value_read(r, iter->offset, &key);
	if (rc < 0)
		return rc;
	if (key.type != MMDB_VALUE_TEXT)
		return ERR_CORRUPT;
	*key_r = key.text;
	iter->offset = key.next;
	return mmdb_value_next(r, iter, v);
}

int mmdb_value_check(struct mmdb_value_reader *r, uint32_t offset,
		     unsigned max_depth)
{
	struct mmdb_value v, child;
	struct mmdb_value_iter iter;
	struct sv key;
	int rc = mmdb_value_read(r, offset, &v);

	if (rc < 0 || (v.type != MMDB_VALUE_MAP && v.type != MMDB_VALUE_ARRAY))
		return rc;
	if (max_depth == 0)
		return ERR_LIMIT;
	iter = mmdb_value_iter(&v);
	for (;;) {
		rc = v.type == MMDB_VALUE_MAP
			     ? mmdb_value_next_pair(r, &iter, &key, &child)
			     : mmdb_value_next(r, &iter, &child);
		if (rc <= 0)
			return rc;
		rc = mmdb_value_check(r, child.at, max_depth - 1);
		if (rc < 0)
			return rc;
	}
}
