/*
 * http1_tag.h - lists of entity tags in If-Match and If-None-Match (RFC 9110
 * 13.1). Pure.
 */
#ifndef PERI_LIB_PROTO_HTTP1_TAG_H
#define PERI_LIB_PROTO_HTTP1_TAG_H

#include "lib/base/sv.h"

/*
 * http1_tag_next - take the next tag off the front of *@list.
 *
 * @is_weak_r  out: whether it had W/
 *
 * Returns it with its quotes, or the view with a NULL ptr: no more that can be
 * read. Commas may stand in a tag.
 */
struct sv http1_tag_next(struct sv *list, bool *is_weak_r);

#endif
