/*
 * node_labels.h - the labels of a node record: operator's key=value texts.
 * Part of the node codec (node.c); pure.
 */
#ifndef PERI_LIB_PROTO_NODE_LABELS_H
#define PERI_LIB_PROTO_NODE_LABELS_H

#include "lib/proto/node.h"

/* node_labels_is_id_char - one of a-z 0-9 . - _ */
bool node_labels_is_id_char(char c);
/* node_labels_is_printable - ASCII from space to tilde only. */
bool node_labels_is_printable(struct sv text);

/* node_labels_decode - a json_decode_cb; @member is the struct node_record
 * whose labels are added. Returns 0 or p->rc. */
MUST_CHECK int node_labels_decode(const struct json *v, void *member,
				  struct json_problem *p);
/* node_labels_equal - same labels in the same order. */
bool node_labels_equal(const struct node_record *a,
		       const struct node_record *b);
/* node_labels_put - the member "labels", nothing when there are none. */
void node_labels_put(struct jsonw *w, const struct node_record *record);

#endif
