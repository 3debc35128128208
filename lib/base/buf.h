/*
 * buf.h - text and bytes are built here and nowhere else. A buffer either
 * grows on the heap up to a limit or fills storage of the caller. What does
 * not fit sets a sticky mark that is checked once, at the end.
 */
#ifndef PERI_LIB_BASE_BUF_H
#define PERI_LIB_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/sv.h"

struct buf {
	char *data;	  /* owned when grows, else the caller's storage */
	size_t len;	  /* bytes in use */
	size_t cap_bytes; /* room at data */
	size_t max_bytes; /* data never grows beyond this */
	bool grows;	  /* data is heap memory */
	bool failed;	  /* sticky: something did not fit */
};

/* buf_init - empty heap buffer that grows up to @max_bytes. */
void buf_init(struct buf *b, size_t max_bytes);

/* buf_init_fixed - empty buffer over @cap_bytes of the caller's @storage. */
void buf_init_fixed(struct buf *b, void *storage, size_t cap_bytes);

/* buf_fini - free the heap memory, if any; the buffer is empty and unusable. */
void buf_fini(struct buf *b);

/* buf_reset - forget content and failure, keep the memory. */
void buf_reset(struct buf *b);

/*
 * buf_reserve - make sure that @more bytes can be written at data + len.
 *
 * Returns the place to write, or NULL (and sets failed) when they do not fit.
 * The caller adds to len what it wrote.
 */
char *buf_reserve(struct buf *b, size_t more);

/* buf_put - append @n bytes. */
static inline void buf_put(struct buf *b, const void *src, size_t n)
{
	char *at;

	if (n == 0)
		return;
	at = b->cap_bytes - b->len >= n && !b->failed ? b->data + b->len
						      : buf_reserve(b, n);
	if (!at)
		return;
	memcpy(at, src, n);
	b->len += n;
}

/* buf_sv, buf_str, buf_char - append a view, a text, one byte. */
static inline void buf_sv(struct buf *b, struct sv v)
{
	buf_put(b, v.ptr, v.len);
}
void buf_str(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);

/* buf_u64, buf_i64 - append a decimal number. */
void buf_u64(struct buf *b, uint64_t value);
void buf_i64(struct buf *b, int64_t value);

/* buf_hex - append @value in lower-case hexadecimal, @digits wide (1..16). */
void buf_hex(struct buf *b, uint64_t value, unsigned digits);

/*
 * buf_fixed - append @value with exactly @decimals (0..6) digits after the
 * point, rounded half away from zero; NaN and infinities become 0.
 */
void buf_fixed(struct buf *b, double value, unsigned decimals);

/*
 * buf_double - append the shortest decimal text that reads back as @value;
 * NaN and infinities become 0.
 */
void buf_double(struct buf *b, double value);

/* buf_printf - append as printf does; not for hot paths. */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* buf_vprintf - buf_printf() for functions that are variadic themselves. */
void buf_vprintf(struct buf *b, const char *fmt, va_list args)
	PRINTF_LIKE(2, 0);

/*
 * buf_json_str - append @v as a JSON string with its quotes.
 *
 * Escapes quotes, backslashes and control bytes; bytes that are not valid
 * UTF-8 become U+FFFD, so the output is always valid JSON.
 */
void buf_json_str(struct buf *b, struct sv v);

/* buf_view - the content; borrowed, valid until the next append. */
static inline struct sv buf_view(const struct buf *b)
{
	return (struct sv){b->data, b->len};
}

/*
 * buf_cstr - the content with a NUL behind it (not counted); borrowed. Never
 * NULL; full storage of the caller loses its last byte and is marked failed.
 */
const char *buf_cstr(struct buf *b);

#endif
