/*
 * fleet_intents.h - what operators want of nodes and regions, as the registry
 * told: one intent for each target at most. Targets need not be known: an
 * intent outlives registrations. Belongs to one fleet; builder's thread.
 */
#ifndef PERI_BALANCER_FLEET_INTENTS_H
#define PERI_BALANCER_FLEET_INTENTS_H

#include "lib/proto/intent.h"

#define FLEET_INTENTS_MAX (1 << 16) /* a registry has an eighth of that */

struct fleet_intent;

/* Zeroed at first. */
struct fleet_intents {
	struct fleet_intent *tables[INTENT_REGION + 1]; /* owned */
};

enum fleet_intents_change {
	FLEET_INTENTS_SAME,
	FLEET_INTENTS_CHANGED,
	FLEET_INTENTS_FULL, /* one more than FLEET_INTENTS_MAX: ignored */
};

/* fleet_intents_fini - forget all. */
void fleet_intents_fini(struct fleet_intents *intents);
/* fleet_intents_copy - the same intents in @copy_r. */
void fleet_intents_copy(const struct fleet_intents *intents,
			struct fleet_intents *copy_r);

/* fleet_intents_put - add, replace or (gone) delete; seen in @round. What was
 * found before stays where it is unless it is deleted. */
enum fleet_intents_change fleet_intents_put(struct fleet_intents *intents,
					    const struct intent *intent,
					    uint32_t round);
/* fleet_intents_forget - delete those that @round has not seen; returns how
 * many. */
unsigned fleet_intents_forget(struct fleet_intents *intents, uint32_t round);

/* fleet_intents_find - borrowed until it is deleted, or NULL. */
const struct intent *fleet_intents_find(const struct fleet_intents *intents,
					enum intent_scope scope,
					const char *id);
/* fleet_intents_next - the one of @scope after @intent, NULL for the first, in
 * no particular order; NULL at the end. */
const struct intent *fleet_intents_next(const struct fleet_intents *intents,
					enum intent_scope scope,
					const struct intent *intent);
/* fleet_intents_count - those of @scope. */
unsigned fleet_intents_count(const struct fleet_intents *intents,
			     enum intent_scope scope);

#endif
