/*
 * close_reason.c - names of the two lists; they are metric labels, so they
 * never change.
 */
#include "comet-agent/close_reason.h"

const char *close_reason_str(enum close_reason reason)
{
	static const char *const names[CLOSE_REASON_COUNT] = {
		[CLOSE_NONE] = "none",
		[CLOSE_PEER] = "peer",
		[CLOSE_ERROR] = "error",
		[CLOSE_OVERFLOW] = "overflow",
		[CLOSE_FRAME] = "frame",
		[CLOSE_RATE] = "rate",
		[CLOSE_AUTH_TIMEOUT] = "auth_timeout",
		[CLOSE_AUTH_FAILED] = "auth_failed",
		[CLOSE_UNAUTHENTICATED] = "unauthenticated",
		[CLOSE_IDLE] = "idle",
		[CLOSE_REPLACED] = "replaced",
		[CLOSE_KICKED] = "kicked",
		[CLOSE_DRAIN] = "drain",
		[CLOSE_SHUTDOWN] = "shutdown",
	};

	return names[reason];
}

const char *close_reason_refusal_str(enum refusal refusal)
{
	static const char *const names[REFUSAL_COUNT] = {
		[REFUSAL_CAPACITY] = "capacity",
		[REFUSAL_PER_ADDRESS] = "per_address",
		[REFUSAL_DRAINING] = "draining",
	};

	return names[refusal];
}
