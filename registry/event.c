/*
 * event.c - the table of kinds and what a filter lets through. The names are
 * stable: programs compare them, docs/PROTOCOL.md lists them. Pure.
 */
#include "registry/event.h"

#include "lib/base/err.h"

static const struct {
	const char *name;
	enum event_severity severity;
} kinds[EVENT_KIND_COUNT] = {
	[EVENT_NODE_JOIN] = {"node.join", EVENT_INFO},
	[EVENT_NODE_LEAVE] = {"node.leave", EVENT_INFO},
	[EVENT_NODE_SUSPECT] = {"node.suspect", EVENT_WARN},
	[EVENT_NODE_DOWN] = {"node.down", EVENT_ERROR},
	[EVENT_NODE_UP] = {"node.up", EVENT_INFO},
	[EVENT_NODE_FORGET] = {"node.forget", EVENT_INFO},
	[EVENT_NODE_CHANGED] = {"node.changed", EVENT_INFO},
	[EVENT_INTENT_PUT] = {"intent.put", EVENT_INFO},
	[EVENT_INTENT_RELEASE] = {"intent.release", EVENT_INFO},
	[EVENT_INTENT_EXPIRE] = {"intent.expire", EVENT_INFO},
	[EVENT_REGION_DOWN] = {"region.down", EVENT_ERROR},
	[EVENT_REGION_UP] = {"region.up", EVENT_INFO},
	[EVENT_STORE_DOWN] = {"store.down", EVENT_ERROR},
	[EVENT_STORE_UP] = {"store.up", EVENT_INFO},
	[EVENT_BALANCER_JOIN] = {"balancer.join", EVENT_INFO},
	[EVENT_BALANCER_LEAVE] = {"balancer.leave", EVENT_WARN},
	[EVENT_REGISTRY_START] = {"registry.start", EVENT_INFO},
	[EVENT_GEO_MISSING] = {"geo.missing", EVENT_WARN},
	[EVENT_SPILL_BEGIN] = {"spill.begin", EVENT_WARN},
	[EVENT_SPILL_END] = {"spill.end", EVENT_INFO},
};

static const char *const severities[] = {
	[EVENT_USUAL] = "",
	[EVENT_INFO] = "info",
	[EVENT_WARN] = "warn",
	[EVENT_ERROR] = "error",
};

const char *event_kind_str(enum event_kind kind)
{
	return kinds[kind].name;
}

enum event_severity event_kind_severity(enum event_kind kind)
{
	return kinds[kind].severity;
}

int event_kind_parse(struct sv text, enum event_kind *kind_r)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (!sv_eq(text, sv_str(kinds[i].name)))
			continue;
		*kind_r = (enum event_kind)i;
		return 0;
	}
	return ERR_UNKNOWN_FIELD;
}

const char *event_severity_str(enum event_severity severity)
{
	return severities[severity];
}

int event_severity_parse(struct sv text, enum event_severity *severity_r)
{
	for (unsigned i = EVENT_INFO; i < ARRAY_LEN(severities); i++) {
		if (!sv_eq(text, sv_str(severities[i])))
			continue;
		*severity_r = (enum event_severity)i;
		return 0;
	}
	return ERR_UNKNOWN_FIELD;
}

/* What happened in a region is asked for by "region/" and its id. */
static bool is_about(const struct event *event, struct sv target)
{
	struct sv front = SV("region/");

	if (sv_eq(target, sv_str(event->target)))
		return true;
	return sv_starts(target, front) &&
	       sv_eq(sv_of(target.ptr + front.len, target.len - front.len),
		     sv_str(event->region));
}

bool event_passes(const struct event_filter *filter, const struct event *event)
{
	return event->id > filter->after &&
	       (filter->before == 0 || event->id < filter->before) &&
	       (filter->kinds == 0 || (filter->kinds & 1u << event->kind)) &&
	       event->severity >= filter->at_least &&
	       (filter->target.len == 0 || is_about(event, filter->target));
}

void event_put(struct jsonw *w, const struct event *event)
{
	jsonw_u64(w, "id", event->id);
	jsonw_i64(w, "wall_ms", event->wall_ms);
	jsonw_str(w, "kind", event_kind_str(event->kind));
	jsonw_str(w, "severity", event_severity_str(event->severity));
	jsonw_str(w, "target", event->target);
	jsonw_str(w, "region", event->region);
	jsonw_str(w, "text", event->text);
}
