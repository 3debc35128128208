/*
 * jsonw_copy.h - a parsed value written again: parts of one document into
 * another. Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_JSONW_COPY_H
#define PERI_LIB_PROTO_JSONW_COPY_H

#include "lib/proto/json.h"
#include "lib/proto/jsonw.h"

#define JSONW_COPY_DEPTH 12 /* what is nested deeper becomes null */

/* jsonw_copy - @v and all below it; numbers read back as the same value. NULL
 * is written as null. */
void jsonw_copy(struct jsonw *w, const char *key, const struct json *v);

#endif
