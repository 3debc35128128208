/*
 * targets.h - the addresses to try, in order, made from an answer: the list's
 * order is the ranking and is kept; within a node IPv6 comes first when the
 * system has a route (RFC 8305), and what failed just now goes to the end.
 * Plain data, pure, one thread.
 */
#ifndef PERI_CLIENT_TARGETS_H
#define PERI_CLIENT_TARGETS_H

#include "lib/proto/reply.h"

#define TARGETS_MAX	   32
#define TARGETS_FAILED_MAX 8

struct target {
	struct addr addr;
	uint16_t port;
	uint8_t node; /* index in nodes[] */
};

/* What people want to know of the node they are connected to. */
struct target_node {
	char id[NODE_ID_BYTES];
	char region[NODE_ID_BYTES];
	int32_t km; /* -1 = not said */
};

struct targets {
	unsigned count, next; /* next: the one to try */
	struct target list[TARGETS_MAX];
	struct target_node nodes[REPLY_NODES_MAX];
	unsigned node_count;
};

/* Addresses that did not work lately; the oldest leaves. */
struct targets_failed {
	struct addr list[TARGETS_FAILED_MAX];
	unsigned count;
};

enum targets_families { TARGETS_V4_ONLY, TARGETS_V6_FIRST };

/* targets_fill - everything in @reply that speaks TCP; @failed may be NULL. */
void targets_fill(struct targets *targets, const struct reply *reply,
		  enum targets_families families,
		  const struct targets_failed *failed);

/* targets_fill_names - addresses that a fallback name was looked up to, with
 * the port that goim's clients use. */
void targets_fill_names(struct targets *targets, const struct addr *addrs,
			unsigned count, uint16_t port, const char *name);

/* targets_failed_add - once each; the oldest of TARGETS_FAILED_MAX leaves. */
void targets_failed_add(struct targets_failed *failed, const struct addr *addr);
/* targets_failed_del - it works again. */
void targets_failed_del(struct targets_failed *failed, const struct addr *addr);

#endif
