/*
 * event.h - one thing that happened to the fleet, for people: its closed list
 * of kinds, how it looks in JSON, and which events somebody asks for. Pure.
 */
#ifndef PERI_REGISTRY_EVENT_H
#define PERI_REGISTRY_EVENT_H

#include "lib/proto/jsonw.h"
#include "lib/proto/node.h"

#define EVENT_TARGET_BYTES (NODE_ID_BYTES + 10) /* "balancer/" and an id */
#define EVENT_TEXT_BYTES   400
#define EVENT_JSON_MAX	   4096 /* bytes of one event, escapes and all */

enum event_kind {
	EVENT_NODE_JOIN,
	EVENT_NODE_LEAVE,
	EVENT_NODE_SUSPECT,
	EVENT_NODE_DOWN,
	EVENT_NODE_UP,
	EVENT_NODE_FORGET,
	EVENT_NODE_CHANGED,
	EVENT_INTENT_PUT,
	EVENT_INTENT_RELEASE,
	EVENT_INTENT_EXPIRE,
	EVENT_REGION_DOWN,
	EVENT_REGION_UP,
	EVENT_STORE_DOWN,
	EVENT_STORE_UP,
	EVENT_BALANCER_JOIN,
	EVENT_BALANCER_LEAVE,
	EVENT_REGISTRY_START,
	EVENT_GEO_MISSING,
	EVENT_SPILL_BEGIN,
	EVENT_SPILL_END,
	EVENT_KIND_COUNT,
};

enum event_severity {
	EVENT_USUAL, /* for event_log_add(): the kind's own */
	EVENT_INFO,
	EVENT_WARN,
	EVENT_ERROR,
};

struct event {
	uint64_t id; /* given by event_log_add() */
	int64_t wall_ms;
	enum event_kind kind;
	enum event_severity severity;
	char target[EVENT_TARGET_BYTES]; /* "node/x", "region/y", ... or "" */
	char region[NODE_ID_BYTES];	 /* where, "" = nowhere */
	char text[EVENT_TEXT_BYTES];	 /* for people; UTF-8 */
};

/* Which events: all that meet every member that is set. */
struct event_filter {
	uint64_t after, before; /* ids between these two; 0 = no bound */
	uint32_t kinds;		/* a bit (1 << kind) each; 0 = all */
	enum event_severity at_least;
	struct sv target; /* also what happened in "region/y"; empty = all */
};

/* event_passes - whether @event is one of them. */
bool event_passes(const struct event_filter *filter, const struct event *event);

/* event_kind_str - "node.down"; event_kind_parse - the reverse: 0 or
 * ERR_UNKNOWN_FIELD. The same for severities, where "" has no meaning. */
const char *event_kind_str(enum event_kind kind);
MUST_CHECK int event_kind_parse(struct sv text, enum event_kind *kind_r);
const char *event_severity_str(enum event_severity severity);
MUST_CHECK int event_severity_parse(struct sv text,
				    enum event_severity *severity_r);

/* event_kind_severity - what an event of @kind is, usually. */
enum event_severity event_kind_severity(enum event_kind kind);

/* event_put - an event's members into @w's open object. */
void event_put(struct jsonw *w, const struct event *event);

#endif
