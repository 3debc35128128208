/*
 * plan.h - what an answer means for a link: whom to try in which order, the
 * heartbeat's bounds, the back-off's numbers. One thread.
 */
#ifndef PERI_CLIENT_PLAN_H
#define PERI_CLIENT_PLAN_H

#include "client/backoff.h"
#include "client/heartbeat.h"
#include "client/targets.h"

/* plan_take_numbers - the answer's heartbeat and back-off. */
void plan_take_numbers(const struct reply *reply, struct heartbeat *heartbeat,
		       struct backoff *backoff);

/* plan_families - IPv6 first if the answer has it and the system a route to
 * it (RFC 8305 section 3); asks the kernel, sends nothing. */
enum targets_families plan_families(const struct reply *reply);

#endif
