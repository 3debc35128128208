/*
 * intent_tag.h - the entity tag of an intent (RFC 9110 8.8.3): of all that it
 * says, so the same in every registry and after a restart. And whether a
 * request's If-Match and If-None-Match let it change what holds. Pure.
 */
#ifndef PERI_REGISTRY_INTENT_TAG_H
#define PERI_REGISTRY_INTENT_TAG_H

#include "lib/proto/http1.h"
#include "lib/proto/intent.h"

#define INTENT_TAG_BYTES 19 /* "0123456789abcdef", its quotes and a NUL */

/* intent_tag_put - append the tag of @intent with its quotes. */
void intent_tag_put(struct buf *b, const struct intent *intent);

/* intent_tag_put_member - "etag" into @w's open object. */
void intent_tag_put_member(struct jsonw *w, const struct intent *intent);

/* intent_tag_permits - whether @head lets what holds now (NULL: nothing) be
 * changed; a request without conditions always does. */
bool intent_tag_permits(const struct http1_request *head,
			const struct intent *now);

#endif
