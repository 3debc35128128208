/*
 * override.h - the operators' intents in force, one for each node or region at
 * most: what wins over what nodes report. Pure: what is in here is durable
 * already, time is a parameter, nothing is written or sent. One thread.
 */
#ifndef PERI_REGISTRY_OVERRIDE_H
#define PERI_REGISTRY_OVERRIDE_H

#include "lib/proto/intent.h"

#define OVERRIDE_MAX 8192 /* a region needs one, however many nodes it has */

struct override_table;

/* One intent in force; read-only for everybody but override.c (see rev). */
struct override {
	struct intent intent;
	uint64_t rev;	 /* of the last change; feed_hub writes it */
	uint64_t number; /* from 1 on, in the order of their making */
};

enum override_event {
	OVERRIDE_PUT,	   /* new, or instead of another */
	OVERRIDE_RELEASED, /* by a person; no longer in the table */
	OVERRIDE_EXPIRED,  /* its time is over; no longer in the table */
};

/* Hears every change after it was made; @arg is the table's. */
typedef void override_event_cb(struct override *entry,
			       enum override_event event, void *arg);

/* override_table_new - empty. Owned by the caller. */
struct override_table *override_table_new(override_event_cb *event_cb,
					  void *arg);
/* override_table_free - no callbacks. */
void override_table_free(struct override_table **table);

/* override_has_room - whether an intent for @id can be put when @coming others
 * that are not here yet are put before it. */
bool override_has_room(const struct override_table *table,
		       enum intent_scope scope, struct sv id, size_t coming);
/* override_put - @intent (copied) holds now, whatever held for its target.
 * There is room: asked before, or the store had it. */
void override_put(struct override_table *table, const struct intent *intent);
/* override_restore - the same for what a store kept: no callback. */
void override_restore(struct override_table *table,
		      const struct intent *intent);
/* override_release - nothing holds any more for the target; no harm when
 * nothing did. @why is OVERRIDE_RELEASED or OVERRIDE_EXPIRED. */
void override_release(struct override_table *table, enum intent_scope scope,
		      struct sv id, enum override_event why);

/* override_overdue - an intent that is over at @now_wall_s, or NULL. Borrowed
 * until the next change. */
const struct override *override_overdue(struct override_table *table,
					int64_t now_wall_s);
/* override_find - borrowed until the next change, or NULL. */
const struct override *override_find(const struct override_table *table,
				     enum intent_scope scope, struct sv id);
/* override_effective - what holds for the node of @record: its own intent over
 * its region's. Two look-ups. */
void override_effective(const struct override_table *table,
			const struct node_record *record,
			struct intent_effect *effect_r);

/* override_next - the intent after @entry, NULL for the first: nodes', then
 * regions', each in the order of their making. NULL at the end. */
const struct override *override_next(const struct override_table *table,
				     const struct override *entry);
/* override_after - the first one behind number @number of @scope in that order,
 * whatever has gone since; NULL at the end. */
const struct override *override_after(const struct override_table *table,
				      enum intent_scope scope, uint64_t number);
/* override_count - all; override_count_in - those of @scope that ask for
 * @state. */
size_t override_count(const struct override_table *table);
size_t override_count_in(const struct override_table *table,
			 enum intent_scope scope, enum intent_state state);

#endif
