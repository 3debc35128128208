/*
 * refusal.h - every reason for which the registry refuses a request: one row
 * each with status, problem type, title and a counter. Loop thread only.
 */
#ifndef PERI_REGISTRY_REFUSAL_H
#define PERI_REGISTRY_REFUSAL_H

#include "lib/net/httpd.h"
#include "lib/proto/json.h"

enum refusal {
	REFUSAL_MALFORMED_JSON,
	REFUSAL_UNKNOWN_FIELD,
	REFUSAL_MISSING_FIELD,
	REFUSAL_WRONG_TYPE,
	REFUSAL_OUT_OF_RANGE,
	REFUSAL_TOO_LONG,
	REFUSAL_ADDRESS_NOT_ALLOWED,
	REFUSAL_UNKNOWN_REGION,
	REFUSAL_BAD_NODE_ID,
	REFUSAL_BAD_PARAMETER,
	REFUSAL_UNAUTHORIZED,
	REFUSAL_FORBIDDEN,
	REFUSAL_WRONG_ORIGIN,
	REFUSAL_WRONG_HOST,
	REFUSAL_UNKNOWN_PATH,
	REFUSAL_UNKNOWN_NODE,
	REFUSAL_UNKNOWN_INTENT,
	REFUSAL_UNKNOWN_TARGET,
	REFUSAL_METHOD_NOT_ALLOWED,
	REFUSAL_NEWER_BOOT_EPOCH,
	REFUSAL_STALE_SEQ,
	REFUSAL_INTENT_CHANGED,
	REFUSAL_UNSUPPORTED_MEDIA_TYPE,
	REFUSAL_TOO_MANY_LOGINS,
	REFUSAL_TOO_MANY_NODES,
	REFUSAL_TOO_MANY_REGIONS,
	REFUSAL_TOO_MANY_SERVICES,
	REFUSAL_TOO_MANY_WATCHERS,
	REFUSAL_TOO_MANY_INTENTS,
	REFUSAL_TOO_MANY_BALANCERS,
	REFUSAL_TOO_MANY_VIEWERS,
	REFUSAL_BALANCER_AWAY,
	REFUSAL_BALANCER_SILENT,
	REFUSAL_BALANCER_BUSY,
	REFUSAL_NO_BALANCER,
	REFUSAL_STORE_QUEUE_FULL,
	REFUSAL_STORE_UNAVAILABLE,
	REFUSAL_COUNT,
};

struct refusal_counters {
	uint64_t by_reason[REFUSAL_COUNT];
};

/* One refusal; members that are not set are left out of the answer. */
struct refusal_case {
	enum refusal reason;
	const char *detail;		   /* this case, for a person */
	const struct json_problem *errors; /* path and rule */
	const char *allow;		   /* "GET, PUT": the Allow header */
};

/* refusal_name - the problem type and the metric's label: "stale-seq". */
const char *refusal_name(enum refusal reason);
/* refusal_of - the reason for what a decoder refused. */
enum refusal refusal_of(const struct json_problem *p);

/* refusal_reply, refusal_reply_later - count and answer. */
void refusal_reply(struct refusal_counters *counters, struct httpd_request *req,
		   const struct refusal_case *c);
void refusal_reply_later(struct refusal_counters *counters,
			 struct httpd_later *later,
			 const struct refusal_case *c);

#endif
