/*
 * buf.c - growing a buffer and appending bytes and numbers (JSON strings:
 * buf_json.c). Invariant: len <= cap_bytes <= max_bytes; heap memory has one
 * byte more than cap_bytes, so that buf_cstr() always has room for its NUL;
 * once failed, nothing is appended any more. One thread at a time.
 */
#include "lib/base/buf.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/mem.h"

#define BUF_FIRST_BYTES	 64
/* Above this a double has no digits behind the point anyway. */
#define BUF_EXACT_DOUBLE 9007199254740992.0

void buf_init(struct buf *b, size_t max_bytes)
{
	if (max_bytes > PTRDIFF_MAX - 1)
		max_bytes = PTRDIFF_MAX - 1;
	*b = (struct buf){.max_bytes = max_bytes, .grows = true};
}

void buf_init_fixed(struct buf *b, void *storage, size_t cap_bytes)
{
	*b = (struct buf){.data = storage,
			  .cap_bytes = cap_bytes,
			  .max_bytes = cap_bytes};
}

void buf_fini(struct buf *b)
{
	if (b->grows)
		mem_free(b->data);
	*b = (struct buf){.data = NULL};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static void buf_grow(struct buf *b, size_t need_bytes)
{
	size_t cap = b->cap_bytes ? b->cap_bytes : BUF_FIRST_BYTES;

	while (cap < need_bytes)
		cap = cap > b->max_bytes / 2 ? b->max_bytes : cap * 2;
	if (cap > b->max_bytes)
		cap = b->max_bytes;
	b->data = mem_grow(b->data, cap + 1, 1);
	b->cap_bytes = cap;
}

char *buf_reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return NULL;
	if (more > b->max_bytes - b->len) {
		b->failed = true;
		return NULL;
	}
	if (!b->data && !b->grows)
		return NULL; /* no storage: only zero bytes come this far */
	if (!b->data || more > b->cap_bytes - b->len)
		buf_grow(b, b->len + more);
	return b->data + b->len;
}

void buf_str(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *b, int64_t value)
{
	if (value >= 0) {
		buf_u64(b, (uint64_t)value);
		return;
	}
	buf_char(b, '-');
	buf_u64(b, -(uint64_t)value);
}

void buf_hex(struct buf *b, uint64_t value, unsigned digits)
{
	static const char HEX[] = "0123456789abcdef";
	char text[16];

	if (digits < 1)
		digits = 1;
	if (digits > sizeof(text))
		digits = sizeof(text);
	for (unsigned i = digits; i > 0; i--) {
		text[i - 1] = HEX[value & 15];
		value >>= 4;
	}
	buf_put(b, text, digits);
}

void buf_fixed(struct buf *b, double value, unsigned decimals)
{
	static const uint32_t POWER[] = {1,	10,	100,	1000,
					 10000, 100000, 1000000};
	char digits[8];
	uint64_t units;

	if (decimals > 6)
		decimals = 6;
	if (!isfinite(value))
		value = 0;
	if (fabs(value) >= BUF_EXACT_DOUBLE / POWER[decimals]) {
		buf_printf(b, "%.*f", (int)decimals, value);
		return;
	}
	units = (uint64_t)round(fabs(value) * POWER[decimals]);
	if (value < 0 && units > 0)
		buf_char(b, '-');
	buf_u64(b, units / POWER[decimals]);
	if (decimals == 0)
		return;
	units %= POWER[decimals];
	digits[0] = '.';
	for (unsigned i = decimals; i > 0; i--) {
		digits[i] = (char)('0' + units % 10);
		units /= 10;
	}
	buf_put(b, digits, decimals + 1);
}

void buf_double(struct buf *b, double value)
{
	/* Subnormals have fewer digits: they may need less than 15. */
	int precision = fpclassify(value) == FP_SUBNORMAL ? 1 : 15;
	char text[32];
	int n;

	if (!isfinite(value))
		value = 0;
	if (fabs(value) < BUF_EXACT_DOUBLE && value == (double)(int64_t)value) {
		buf_i64(b, (int64_t)value);
		return;
	}
	do {
		n = snprintf(text, sizeof(text), "%.*g", precision, value);
	} while (precision++ < 17 && strtod(text, NULL) != value);
	buf_put(b, text, (size_t)n);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	size_t room = b->cap_bytes - b->len;
	char *at;
	va_list again;
	int n;

	if (b->failed)
		return;
	va_copy(again, args);
	n = vsnprintf(room ? b->data + b->len : NULL, room, fmt, args);
	if (n < 0)
		b->failed = true;
	if (n > 0 && (size_t)n >= room) {
		/* The NUL needs a byte too, which only heap memory spares. */
		at = buf_reserve(b, (size_t)n + !b->grows);
		if (at)
			vsnprintf(at, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	if (!b->failed)
		b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

const char *buf_cstr(struct buf *b)
{
	if (!b->data || (!b->grows && b->cap_bytes == 0))
		return "";
	if (!b->grows && b->len == b->cap_bytes) {
		b->len--; /* no room for the NUL: the last byte goes */
		b->failed = true;
	}
	b->data[b->len] = '\0';
	return b->data;
}
