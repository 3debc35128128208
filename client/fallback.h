/*
 * fallback.h - the last resort of an answer without nodes: its fallback name,
 * looked up by the system. Never blocks; one thread.
 */
#ifndef PERI_CLIENT_FALLBACK_H
#define PERI_CLIENT_FALLBACK_H

#include "client/lookup.h"
#include "client/targets.h"

struct fallback {
	struct lookup *lookup; /* owned; NULL = nothing is open */
	int64_t due_ms;
	char name[NODE_HOST_BYTES];
};

/* fallback_start - look @name up. Returns 0 or what lookup_start() says;
 * @interest is borrowed. */
MUST_CHECK int fallback_start(struct fallback *fallback, const char *name,
			      const struct interest *interest,
			      int64_t timeout_ms, int64_t now_ms);

/* fallback_take - its addresses as targets. Returns 0, ERR_AGAIN, ERR_TIMEOUT,
 * or what lookup_result() says; the look-up is over unless ERR_AGAIN. */
MUST_CHECK int fallback_take(struct fallback *fallback, int64_t now_ms,
			     struct targets *targets_r);

/* fallback_close - give up; allowed when nothing is open. */
void fallback_close(struct fallback *fallback);

#endif
