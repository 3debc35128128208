/*
 * pulse.h - the fleet as the dashboard follows it: the whole picture when
 * somebody asks (/v1/state), and once a second what has changed, for all who
 * watch. While nobody does, it rests. Loop thread.
 */
#ifndef PERI_REGISTRY_PULSE_H
#define PERI_REGISTRY_PULSE_H

#include "lib/base/buf.h"
#include "lib/net/loop.h"
#include "lib/proto/intent.h"

struct pulse;
struct registry;

/* pulse_new - for @registry's viewers (its viewer_hub is there). */
struct pulse *pulse_new(struct registry *registry, struct loop *loop);
void pulse_free(struct pulse **pulse);

/* pulse_wake - somebody looks: follow what changes from now on, if that is not
 * done already. */
void pulse_wake(struct pulse *pulse);

/* How far a reader has come; all zero at the start. */
struct pulse_reading {
	enum pulse_reading_part {
		PULSE_READING_HEAD, /* all that is bounded by regions */
		PULSE_READING_INTENTS,
		PULSE_READING_NODES
	} part;			   /* the next one */
	enum intent_scope scope;   /* of the last intent */
	uint64_t number;	   /* and its override.h number; 0 = none yet */
	char after[NODE_ID_BYTES]; /* the last node, "" = none yet */
};

/*
 * pulse_put_state - the next piece of the whole picture, one JSON object;
 * wakes.
 *
 * @reading  moved on
 *
 * Returns whether more follow.
 */
bool pulse_put_state(struct pulse *pulse, struct pulse_reading *reading,
		     struct buf *b);

#endif
