/*
 * etag.h - the weak entity tag (RFC 9110 8.8.3) of a device's answer: what the
 * client would do otherwise with another one. Its nodes with their
 * registrations and distances, the client's place, the texts of the policy;
 * neither the snapshot nor the balancer, so that a device keeps its list while
 * nothing changes, whoever it asks. Pure, no allocation.
 */
#ifndef PERI_BALANCER_ETAG_H
#define PERI_BALANCER_ETAG_H

#include "balancer/answer.h"
#include "lib/proto/http1.h"

#define ETAG_BYTES	   20  /* W/"0123456789abcdef" */
#define ETAG_HEADERS_BYTES 512 /* the policy's headers and a tag */

/* etag_of - the tag of the answer that answer_put() would write. */
uint64_t etag_of(const struct view_service *service,
		 const struct answer_client *client,
		 const struct draw_list *list);

/* etag_put - append the ETAG_BYTES of @tag. */
void etag_put(struct buf *b, uint64_t tag);

/* etag_put_headers - append @headers and the ETag line of @tag. */
void etag_put_headers(struct buf *b, struct sv headers, uint64_t tag);

/*
 * etag_is_known - whether one of the tags in the If-None-Match lines of @head
 * is @tag, by weak comparison, or a line is "*": then the answer is 304. What
 * cannot be read matches nothing.
 */
bool etag_is_known(const struct http1_request *head, uint64_t tag);

#endif
