/*
 * subscription.h - the ops a session wants to be sent, a bounded set; goim's
 * "accepts" and its comma lists. Pure; the session's worker.
 */
#ifndef PERI_COMET_AGENT_SUBSCRIPTION_H
#define PERI_COMET_AGENT_SUBSCRIPTION_H

#include "comet-agent/session.h"

/* subscription_set - replace the set by @count (<= AUTH_ACCEPTS_MAX) ops. */
void subscription_set(struct session *session, const int32_t *ops,
		      uint8_t count);

/* subscription_add - add a list such as "1000,1001". Returns 0; ERR_SYNTAX,
 * ERR_RANGE, or ERR_LIMIT when the set would outgrow its bound; then nothing
 * has changed. */
MUST_CHECK int subscription_add(struct session *session, struct sv list);

/* subscription_del - take a list away; ops not in the set are no error. */
MUST_CHECK int subscription_del(struct session *session, struct sv list);

/* subscription_has - whether @op is wanted. */
bool subscription_has(const struct session *session, int32_t op);

#endif
