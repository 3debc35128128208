/*
 * jsonw.h - writes JSON into a buffer; keeps the commas right. The key is NULL
 * inside an array and for the root. Errors are the buffer's sticky mark.
 */
#ifndef PERI_LIB_PROTO_JSONW_H
#define PERI_LIB_PROTO_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define JSONW_DEPTH_MAX 16

struct jsonw {
	struct buf *out; /* borrowed */
	unsigned depth;
	bool comma[JSONW_DEPTH_MAX]; /* the next element needs one */
};

/* jsonw_init - a writer that appends to @out, which it borrows. */
void jsonw_init(struct jsonw *w, struct buf *out);
/* jsonw_object, jsonw_array - open a value; its end closes what was opened
 * last. At most JSONW_DEPTH_MAX deep. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);
/* jsonw_text, jsonw_str - a text, escaped as needed. */
void jsonw_text(struct jsonw *w, const char *key, struct sv value);
void jsonw_str(struct jsonw *w, const char *key, const char *value);
/* jsonw_u64, jsonw_i64 - an integer. */
void jsonw_u64(struct jsonw *w, const char *key, uint64_t value);
void jsonw_i64(struct jsonw *w, const char *key, int64_t value);
/* jsonw_real - shortest text; jsonw_fixed - @decimals digits after the point.*/
void jsonw_real(struct jsonw *w, const char *key, double value);
void jsonw_fixed(struct jsonw *w, const char *key, double value,
		 unsigned decimals);
/* jsonw_bool, jsonw_null - true or false; null. */
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);

#endif
