/*
 * close_reason.h - why a session ended or was never begun: two closed lists.
 * Each ended session is counted under exactly one close reason, each refused
 * connection under exactly one refusal. Pure.
 */
#ifndef PERI_COMET_AGENT_CLOSE_REASON_H
#define PERI_COMET_AGENT_CLOSE_REASON_H

enum close_reason {
	CLOSE_NONE,	       /* still open; never counted */
	CLOSE_PEER,	       /* the client finished */
	CLOSE_ERROR,	       /* reset, or another socket error */
	CLOSE_OVERFLOW,	       /* the client does not read what we send */
	CLOSE_FRAME,	       /* a frame whose length lies */
	CLOSE_RATE,	       /* more frames in a second than allowed */
	CLOSE_AUTH_TIMEOUT,    /* no authentication in time */
	CLOSE_AUTH_FAILED,     /* see auth_verdict for which way */
	CLOSE_UNAUTHENTICATED, /* another op before authentication */
	CLOSE_IDLE,	       /* no byte until the idle deadline */
	CLOSE_REPLACED,	       /* the same key came again: the newer wins */
	CLOSE_KICKED,	       /* an operator */
	CLOSE_DRAIN,	       /* the node drains */
	CLOSE_SHUTDOWN,	       /* the process ends */
	CLOSE_REASON_COUNT,
};

enum refusal {
	REFUSAL_CAPACITY,    /* the node is full */
	REFUSAL_PER_ADDRESS, /* too many connections of one address */
	REFUSAL_DRAINING,    /* the node drains */
	REFUSAL_COUNT,
};

/* close_reason_str, close_reason_refusal_str - constant label texts. */
const char *close_reason_str(enum close_reason reason);
const char *close_reason_refusal_str(enum refusal refusal);

#endif
