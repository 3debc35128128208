/*
 * intent_keeper.h - what operators want, from asking to the end: durable and
 * audited first, then in force; over when its time has come. Loop thread.
 */
#ifndef PERI_REGISTRY_INTENT_KEEPER_H
#define PERI_REGISTRY_INTENT_KEEPER_H

#include "registry/audit.h"
#include "registry/drain_book.h"
#include "registry/lease.h"
#include "registry/override.h"

struct registry;
struct intent_keeper;

struct intent_keeper_counters {
	uint64_t put, released, expired; /* that took effect */
};

/* How a change ended; borrowed for the callback. */
struct intent_outcome {
	int rc;			     /* 0 = it is durable and holds */
	const struct intent *intent; /* what was put, or released */
	const struct intent *before; /* what held until then; NULL = none */
	void *arg;
};
typedef void intent_keeper_cb(const struct intent_outcome *outcome);

/* Whom to tell. */
struct intent_keeper_listener {
	intent_keeper_cb *cb; /* comes exactly once, never from inside */
	void *arg;
};

/* intent_keeper_new - nothing is under way. intent_keeper_free - after the
 * store, which calls back. */
struct intent_keeper *intent_keeper_new(void);
void intent_keeper_free(struct intent_keeper **keeper);

/* intent_keeper_latest - what will hold for the target of @which (scope, id)
 * when all that is under way is done: borrowed until then, or NULL. */
const struct intent *intent_keeper_latest(const struct registry *r,
					  const struct intent *which);

/*
 * intent_keeper_put - let @intent hold instead of what held for its target,
 * once it and its entry in the audit are durable.
 *
 * Returns 0; ERR_RANGE when too many targets have one; ERR_LIMIT when the
 * store's queue is full.
 */
MUST_CHECK int intent_keeper_put(struct registry *r,
				 const struct intent *intent,
				 const struct audit_actor *actor,
				 const struct intent_keeper_listener *listener);
/* intent_keeper_release - let nothing hold for the target of @which (scope,
 * id), because of which->reason. Returns 0, ERR_NOTFOUND when nothing does, or
 * ERR_LIMIT. */
MUST_CHECK int
intent_keeper_release(struct registry *r, const struct intent *which,
		      const struct audit_actor *actor,
		      const struct intent_keeper_listener *listener);

/* intent_keeper_first_seq - the smallest number in the audit that a change
 * under way has: what has larger ones is not shown before. UINT64_MAX when
 * there is none. */
uint64_t intent_keeper_first_seq(const struct registry *r);

/* intent_keeper_advance - end what is over at @now_wall_s: at once in force,
 * written behind. Several times a second. */
void intent_keeper_advance(struct registry *r, int64_t now_wall_s);

/* intent_keeper_heard - what holds for the node of @lease, which has just
 * renewed; notes where its drain began. */
void intent_keeper_heard(struct registry *r, const struct lease *lease,
			 struct intent_effect *effect_r);
/* intent_keeper_drains - how far each draining node is. Borrowed. */
const struct drain_book *
intent_keeper_drains(const struct intent_keeper *keeper);
/* intent_keeper_gone - the lease is freed after this. */
void intent_keeper_gone(struct registry *r, const struct lease *lease);

/* intent_keeper_counters - borrowed, always current. */
const struct intent_keeper_counters *
intent_keeper_counters(const struct intent_keeper *keeper);

#endif
