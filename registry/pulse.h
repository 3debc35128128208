/*
 * pulse.h - the fleet as the dashboard follows it: the whole picture when
 * somebody asks (/v1/state), and once a second what has changed, for all who
 * watch. While nobody does, nothing is computed. Loop thread.
 */
#ifndef PERI_REGISTRY_PULSE_H
#define PERI_REGISTRY_PULSE_H

#include "lib/base/buf.h"
#include "lib/net/loop.h"

struct pulse;
struct registry;

/* pulse_new - for @registry's viewers (its viewer_hub is there). */
struct pulse *pulse_new(struct registry *registry, struct loop *loop);
void pulse_free(struct pulse **pulse);

/* pulse_wake - somebody looks: follow what changes from now on, if that is not
 * done already. */
void pulse_wake(struct pulse *pulse);

/* pulse_put_state - the whole picture as one JSON object; wakes. */
void pulse_put_state(struct pulse *pulse, struct buf *b);

#endif
