/*
 * answer_id.h - the id of an answer, "b3:18842:9f3ac1d27b04e865:02f1004": the
 * balancer, its snapshot, the key, and what else the list depends on, so that
 * an id alone reproduces it. Clients take it as opaque. Pure.
 */
#ifndef PERI_BALANCER_ANSWER_ID_H
#define PERI_BALANCER_ANSWER_ID_H

#include "balancer/draw.h"

/* The key's 16 digits and those of the draw, in hexadecimal: cell (4), the
 * service's index in the snapshot, family and count - 1 (one each). */
#define ANSWER_ID_TAIL "0000000000000000:0000000"

struct answer_id {
	struct sv balancer; /* for answer_id_parse() only */
	uint32_t number;    /* of the snapshot (builder.c); the same only */
	uint64_t key;
	uint16_t cell;
	uint8_t service; /* index in the view's and the snapshot's services */
	uint8_t want;	 /* 1..DRAW_MAX */
	enum snapshot_family family;
};

/* answer_id_fill - write the digits of ANSWER_ID_TAIL at @tail. */
void answer_id_fill(char *tail, const struct answer_id *id);

/* answer_id_parse - read a whole id. Returns 0 with a view of @text in
 * id_r->balancer, or ERR_SYNTAX. */
MUST_CHECK int answer_id_parse(struct sv text, struct answer_id *id_r);

#endif
