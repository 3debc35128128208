/*
 * pulse.h - the fleet as the dashboard follows it: the whole picture when
 * somebody asks (/v1/state), and once a second what has changed, for all who
 * watch. While nobody does, it rests. Loop thread.
 */
#ifndef PERI_REGISTRY_PULSE_H
#define PERI_REGISTRY_PULSE_H

#include "lib/base/buf.h"
#include "lib/net/loop.h"
#include "lib/proto/node.h"

struct pulse;
struct registry;

/* pulse_new - for @registry's viewers (its viewer_hub is there). */
struct pulse *pulse_new(struct registry *registry, struct loop *loop);
void pulse_free(struct pulse **pulse);

/* pulse_wake - somebody looks: follow what changes from now on, if that is not
 * done already. */
void pulse_wake(struct pulse *pulse);

/* pulse_put_state_head - the whole picture as one JSON object, up to its nodes;
 * wakes. */
void pulse_put_state_head(struct pulse *pulse, struct buf *b);
/*
 * pulse_put_state_nodes - the next nodes in the order of their ids, and behind
 * the last one the object's end.
 *
 * @after  the last id that was put, "" at the start; moved on
 *
 * Returns whether more follow.
 */
bool pulse_put_state_nodes(struct pulse *pulse, char after[NODE_ID_BYTES],
			   struct buf *b);

#endif
