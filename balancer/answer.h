/*
 * answer.h - writes the bodies of answers out of what views hold ready: joins
 * of fragments, no allocation, no JSON library. Pure.
 */
#ifndef PERI_BALANCER_ANSWER_H
#define PERI_BALANCER_ANSWER_H

#include "balancer/draw.h"
#include "balancer/place_note.h"
#include "balancer/view.h"

/* What one answer depends on beside its view. */
struct answer_client {
	struct addr address;
	struct place_note place;
	/* what was drawn for: the answer's id says it */
	uint64_t key;
	uint16_t cell;
	uint8_t want;
	enum snapshot_family family;
};

/* answer_fetch_texts, answer_fetch_bytes - ask for the memory that answer_put()
 * reads for @family, in two steps: the second reads what the first asked for.
 */
void answer_fetch_texts(const struct view_service *service,
			const struct draw_list *list,
			enum snapshot_family family);
void answer_fetch_bytes(const struct view_service *service,
			const struct draw_list *list,
			enum snapshot_family family);

/* answer_put - append the body for @service with the nodes of @list. With
 * several hundred bytes a node it stays below HTTPD_FAST_BODY_MAX. */
void answer_put(struct buf *b, const struct view_service *service,
		const struct answer_client *client,
		const struct draw_list *list);

/* answer_put_nobody - the body when there is no node of any service: an empty
 * list and the fallback names. @host may be empty. */
void answer_put_nobody(struct buf *b, const struct view *view, struct sv host,
		       const struct answer_client *client);

/* answer_put_goim - the body of /goim/nodes/weighted. @service may be NULL:
 * then the domain stands for the nodes. */
enum answer_goim { ANSWER_GOIM_ADDRS, ANSWER_GOIM_HOSTS };
void answer_put_goim(struct buf *b, const struct view *view,
		     const struct view_service *service,
		     const struct draw_list *list, enum answer_goim form);

#endif
