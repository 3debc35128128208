/*
 * event_source.c - the texts of the event log. Invariant: a condition that
 * lasts is told when it begins and when it ends, once each. Loop thread.
 */
#include "registry/event_source.h"

#include "lib/base/clk.h"
#include "registry/lease_sums.h"
#include "registry/registry.h"

#define SHARE_BAD	  0.10
#define SHARE_GOOD	  0.05
#define QUERIES_PER_S_MIN 1.0

static struct event event_of(enum event_kind kind, const char *text)
{
	struct event event = {.kind = kind, .wall_ms = clk_wall_ms()};
	int rc = sv_copy(sv_str(text), event.text, sizeof(event.text));

	(void)rc; /* ours, and short */
	return event;
}

/* "node/x", or "fleet" when there is one only; ids were checked when they came
 * in, so it fits. */
static void set_target(struct event *event, const char *scope, const char *id)
{
	struct buf b;

	buf_init_fixed(&b, event->target, sizeof(event->target) - 1);
	buf_str(&b, scope);
	if (id[0])
		buf_printf(&b, "/%s", id);
}

static void set_region(struct event *event, const char *region)
{
	int rc = sv_copy(sv_str(region), event->region, sizeof(event->region));

	(void)rc; /* an id as well */
}

/* The kind of what happened to a lease and its text. */
static struct event lease_event_of(const struct lease *lease,
				   enum lease_event event,
				   enum node_state before)
{
	switch (event) {
	case LEASE_ADDED:
		return event_of(EVENT_NODE_JOIN, "registered");
	case LEASE_CHANGED:
		return event_of(EVENT_NODE_CHANGED,
				before == NODE_DOWN
					? "registered again after it was down"
					: "registered with another record");
	case LEASE_LEFT:
		return event_of(EVENT_NODE_LEAVE, "deregistered");
	case LEASE_FORGOTTEN:
		return event_of(EVENT_NODE_FORGET,
				"down for too long: forgotten");
	case LEASE_STATE:
		break;
	}
	if (lease->state == NODE_SUSPECT)
		return event_of(EVENT_NODE_SUSPECT, "missed its renewals");
	if (lease->state == NODE_DOWN)
		return event_of(EVENT_NODE_DOWN, "its lease ran out");
	return event_of(EVENT_NODE_UP, before == NODE_DOWN
					       ? "is back"
					       : "was heard again in time");
}

/* That a node in maintenance is away is no alarm. */
static void excuse(const struct registry *r, const struct lease *lease,
		   struct event *event)
{
	struct intent_effect effect = {0};

	override_effective(r->overrides, &lease->record, &effect);
	if (effect.state == INTENT_MAINTENANCE)
		event->severity = EVENT_INFO;
}

void event_source_lease(struct registry *r, const struct lease *lease,
			enum lease_event what, enum node_state before)
{
	struct event event = lease_event_of(lease, what, before);

	if (lease->state != NODE_UP)
		excuse(r, lease, &event);
	set_target(&event, "node", lease->record.id);
	set_region(&event, lease->record.region);
	event_log_add(r->events, &event);
}

void event_source_intent(struct registry *r, const struct intent *intent,
			 enum override_event what)
{
	static const enum event_kind kinds[] = {
		[OVERRIDE_PUT] = EVENT_INTENT_PUT,
		[OVERRIDE_RELEASED] = EVENT_INTENT_RELEASE,
		[OVERRIDE_EXPIRED] = EVENT_INTENT_EXPIRE,
	};
	const struct lease *lease =
		intent->scope == INTENT_NODE
			? lease_find(r->leases, sv_str(intent->id))
			: NULL;
	struct event event = event_of(kinds[what], "");
	struct buf text;

	/* Name and reason at their longest fit. */
	buf_init_fixed(&text, event.text, sizeof(event.text) - 1);
	buf_printf(&text, "%s by %s: %s", intent_state_str(intent->state),
		   intent->by, intent->reason);
	set_target(&event, intent_scope_str(intent->scope), intent->id);
	if (intent->scope == INTENT_REGION)
		set_region(&event, intent->id);
	else if (lease)
		set_region(&event, lease->record.region);
	event_log_add(r->events, &event);
}

void event_source_balancer(const struct balancer_entry *entry,
			   enum balancer_event what, void *arg)
{
	struct registry *r = arg;
	struct event event =
		what == BALANCER_JOINED
			? event_of(EVENT_BALANCER_JOIN, "began to report")
			: event_of(EVENT_BALANCER_LEAVE, "has fallen silent");

	set_target(&event, "balancer", entry->id);
	event_log_add(r->events, &event);
}

static bool is_up(const struct registry *r, const struct region *region)
{
	const struct lease_sum *sum =
		lease_sums_find(lease_regions(r->leases), region->feed.id);

	return sum && sum->nodes[NODE_UP] + sum->nodes[NODE_SUSPECT] > 0;
}

static void tell_region(struct registry *r, const struct region *region)
{
	struct event event =
		region->is_up ? event_of(EVENT_REGION_UP, "has a node")
			      : event_of(EVENT_REGION_DOWN, "has no node left");

	const struct override *entry = override_find(
		r->overrides, INTENT_REGION, sv_str(region->feed.id));

	if (entry && entry->intent.state == INTENT_MAINTENANCE)
		event.severity = EVENT_INFO;
	set_target(&event, "region", region->feed.id);
	set_region(&event, region->feed.id);
	event_log_add(r->events, &event);
}

/* Note which regions have a node; tell the changes unless @told is NULL. */
static void look_at_regions(struct registry *r,
			    void (*told)(struct registry *r,
					 const struct region *region))
{
	struct region *region = NULL;

	while ((region = region_table_next(r->regions, region)) != NULL) {
		bool was_up = region->is_up;

		region->is_up = is_up(r, region);
		if (told && region->is_up != was_up)
			told(r, region);
	}
}

static void look_at_store(struct registry *r)
{
	bool is_down = !store_counters(r->store)->up;
	struct event event;

	if (is_down == r->event_source.store_is_down)
		return;
	r->event_source.store_is_down = is_down;
	event = is_down ? event_of(EVENT_STORE_DOWN,
				   "the store does not take changes: nodes "
				   "cannot register")
			: event_of(EVENT_STORE_UP, "the store is back");
	set_target(&event, "store", "");
	event_log_add(r->events, &event);
}

bool event_source_share_crosses(double hits_per_s, double queries_per_s,
				bool is_bad)
{
	if (queries_per_s < QUERIES_PER_S_MIN)
		return false;
	return is_bad ? hits_per_s < SHARE_GOOD * queries_per_s
		      : hits_per_s >= SHARE_BAD * queries_per_s;
}

static void tell_share(struct registry *r, enum event_kind kind,
		       const char *what, double share)
{
	struct event event = event_of(kind, "");
	struct buf text;

	buf_init_fixed(&text, event.text, sizeof(event.text) - 1);
	buf_fixed(&text, share * 100, 1);
	buf_str(&text, what);
	set_target(&event, "fleet", "");
	event_log_add(r->events, &event);
}

static void look_at_queries(struct registry *r)
{
	struct event_source *state = &r->event_source;
	struct balancer_rates rates;
	double p99_us;

	balancer_table_rates(r->balancers, &rates, &p99_us);
	if (event_source_share_crosses(rates.spill_per_s, rates.queries_per_s,
				       state->is_spilling)) {
		state->is_spilling = !state->is_spilling;
		tell_share(r,
			   state->is_spilling ? EVENT_SPILL_BEGIN
					      : EVENT_SPILL_END,
			   " % of first choices are not in the nearest site",
			   rates.spill_per_s / rates.queries_per_s);
	}
	if (event_source_share_crosses(rates.misses_per_s, rates.queries_per_s,
				       state->misses_places)) {
		state->misses_places = !state->misses_places;
		if (state->misses_places)
			tell_share(r, EVENT_GEO_MISSING,
				   " % of queries come from no known place",
				   rates.misses_per_s / rates.queries_per_s);
	}
}

void event_source_begin(struct registry *r)
{
	struct event event = event_of(EVENT_REGISTRY_START, "");
	struct buf text;

	look_at_regions(r, NULL);
	buf_init_fixed(&text, event.text, sizeof(event.text) - 1);
	buf_printf(&text,
		   "peri-registry " SERVICE_VERSION
		   " started with %zu nodes and %zu regions",
		   lease_count(r->leases), region_table_count(r->regions));
	set_target(&event, "registry", "");
	event_log_add(r->events, &event);
}

void event_source_look(struct registry *r)
{
	look_at_regions(r, tell_region);
	look_at_store(r);
	look_at_queries(r);
}
