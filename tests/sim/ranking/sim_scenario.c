/*
 * sim_scenario.c - see the header.
 */
#include "tests/sim/ranking/sim_scenario.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "tests/sim/ranking/sim_json.h"

#define FIELD(owner, key, kind_, member)                                       \
	.name = key, .kind = kind_, .offset = offsetof(struct owner, member),  \
	.size = sizeof(((struct owner *)0)->member)
#define REAL(owner, key, member, least, most)                                  \
	FIELD(owner, key, JSON_REAL, member), .min = least, .max = most

static int decode_kind(const struct json *v, void *member,
		       struct json_problem *p)
{
	static const char *const names[] = {
		[SIM_KILL] = "kill",	 [SIM_REVIVE] = "revive",
		[SIM_HOLE] = "hole",	 [SIM_ADD] = "add",
		[SIM_WEIGHT] = "weight", [SIM_FREEZE] = "freeze",
		[SIM_RATE] = "rate",
	};
	struct sv text;

	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (sv_eq(text, sv_str(names[i]))) {
			*(enum sim_event_kind *)member = (enum sim_event_kind)i;
			return 0;
		}
	return json_problem_set(p, ERR_RANGE, "",
				"must be kill, revive, hole, add, weight, "
				"freeze or rate");
}

static const struct json_field event_fields[] = {
	{REAL(sim_event, "at_s", at_s, 0, 1e6), .required = true},
	{FIELD(sim_event, "kind", JSON_CUSTOM, kind), .required = true,
	 .decode = decode_kind},
	{FIELD(sim_event, "node", JSON_TEXT, node)},
	{FIELD(sim_event, "site", JSON_TEXT, site)},
	{REAL(sim_event, "for_s", for_s, 0, 1e6)},
	{REAL(sim_event, "value", value, 0, 1e9)},
	{FIELD(sim_event, "replica", JSON_U32, replica), .min = 0,
	 .max = SIM_REPLICAS_MAX - 1},
};
static const struct json_table event_table = {event_fields,
					      ARRAY_LEN(event_fields), false};

static const struct json_field hot_fields[] = {
	{FIELD(sim_hot, "site", JSON_TEXT, site), .required = true},
	{REAL(sim_hot, "factor", factor, 0, 1000), .required = true},
};
static const struct json_table hot_table = {hot_fields, ARRAY_LEN(hot_fields),
					    false};

static struct sim_scenario *owner_of(void *member, size_t offset)
{
	return (struct sim_scenario *)(void *)((char *)member - offset);
}

static int decode_events(const struct json *list, void *member,
			 struct json_problem *p)
{
	struct sim_scenario *s =
		owner_of(member, offsetof(struct sim_scenario, events));

	return sim_json_list(list, &event_table, s->events,
			     sizeof(s->events[0]), SIM_EVENTS_MAX,
			     &s->event_count, p);
}

static int decode_hot(const struct json *list, void *member,
		      struct json_problem *p)
{
	struct sim_scenario *s =
		owner_of(member, offsetof(struct sim_scenario, hot));

	return sim_json_list(list, &hot_table, s->hot, sizeof(s->hot[0]),
			     SIM_HOT_MAX, &s->hot_count, p);
}

/* A list of 1 to @max numbers, each at most @most. */
static int decode_numbers(const struct json *list, double *numbers,
			  unsigned max, double most, unsigned *count_r,
			  struct json_problem *p)
{
	size_t count = json_array_len(list);

	if (count < 1 || count > max)
		return json_problem_set(p, ERR_RANGE, "",
					"must be a list of 1..%u numbers", max);
	for (size_t i = 0; i < count; i++)
		if (json_get_real(json_array_at(list, i), &numbers[i]) != 0 ||
		    !(numbers[i] > 0 && numbers[i] <= most)) {
			json_problem_set(p, ERR_RANGE, "",
					 "must be above 0, at most %g", most);
			return sim_json_at(p, i);
		}
	*count_r = (unsigned)count;
	return 0;
}

static int decode_shares(const struct json *list, void *member,
			 struct json_problem *p)
{
	struct sim_scenario *s =
		owner_of(member, offsetof(struct sim_scenario, replica_shares));

	return decode_numbers(list, s->replica_shares, SIM_REPLICAS_MAX, 1e6,
			      &s->replica_count, p);
}

static int decode_weights(const struct json *list, void *member,
			  struct json_problem *p)
{
	struct sim_scenario *s =
		owner_of(member, offsetof(struct sim_scenario, node_weights));

	return decode_numbers(list, s->node_weights, SIM_SITE_NODES_MAX, 1000,
			      &s->node_weight_count, p);
}

static const struct json_field fields[] = {
	{.name = "description", .kind = JSON_IGNORE},
	{REAL(sim_scenario, "duration_s", duration_s, 1, 1e6),
	 .required = true},
	{REAL(sim_scenario, "warmup_s", warmup_s, 0, 1e6)},
	{FIELD(sim_scenario, "step_ms", JSON_I64, step_ms), .min = 10,
	 .max = 1000},
	{REAL(sim_scenario, "renew_s", renew_s, 0.5, 600)},
	{REAL(sim_scenario, "rate_per_s", rate_per_s, 0, 1e7),
	 .required = true},
	{REAL(sim_scenario, "session_s", session_s, 5, 1e6)},
	{FIELD(sim_scenario, "replica_shares", JSON_CUSTOM, replica_shares),
	 .decode = decode_shares},
	{REAL(sim_scenario, "fill", fill, 0, 1)},
	{REAL(sim_scenario, "fill_low", fill_low, 0, 10)},
	{REAL(sim_scenario, "fill_high", fill_high, 0, 10)},
	{REAL(sim_scenario, "demand_sigma", demand_sigma, 0, 3)},
	{FIELD(sim_scenario, "hot", JSON_CUSTOM, hot), .decode = decode_hot},
	{REAL(sim_scenario, "asked_per_client", asked_per_client, 0.01, 100)},
	{REAL(sim_scenario, "lost_renewals", lost_renewals, 0, 1)},
	{FIELD(sim_scenario, "no_retries", JSON_BOOL, no_retries)},
	{REAL(sim_scenario, "reconnect_s", reconnect_s, 0.1, 1e6)},
	{FIELD(sim_scenario, "node_weights", JSON_CUSTOM, node_weights),
	 .decode = decode_weights},
	{FIELD(sim_scenario, "tries", JSON_U32, tries), .min = 1, .max = 16},
	{FIELD(sim_scenario, "feedback", JSON_BOOL, feedback)},
	{FIELD(sim_scenario, "share_draws", JSON_BOOL, share_draws)},
	{FIELD(sim_scenario, "always_lists", JSON_BOOL, always_lists)},
	{FIELD(sim_scenario, "events", JSON_CUSTOM, events),
	 .decode = decode_events},
};
static const struct json_table table = {fields, ARRAY_LEN(fields), false};

void sim_scenario_replicas(struct sim_scenario *scenario, unsigned count)
{
	scenario->replica_count = count;
	for (unsigned i = 0; i < count; i++)
		scenario->replica_shares[i] = 1;
}

static int refuse_name(const char *path, const char *name)
{
	fprintf(stderr, "%s: the world has no \"%s\"\n", path, name);
	return ERR_NOTFOUND;
}

static int resolve_event(const char *path, const struct sim_world *world,
			 const struct sim_scenario *s, struct sim_event *event)
{
	event->node_index = sim_world_find_node(world, event->node);
	event->site_index = sim_world_find_site(world, event->site);
	if (event->node[0] && event->node_index < 0)
		return refuse_name(path, event->node);
	if (event->site[0] && event->site_index < 0)
		return refuse_name(path, event->site);
	if (event->kind == SIM_FREEZE)
		return event->replica < s->replica_count
			       ? 0
			       : refuse_name(path, "replica");
	if (event->kind == SIM_RATE || event->node[0] || event->site[0])
		return 0;
	return refuse_name(path, "(an event without node and site)");
}

int sim_scenario_load(const char *path, const struct sim_world *world,
		      struct sim_scenario *scenario_r)
{
	int rc;

	*scenario_r = (struct sim_scenario){
		.step_ms = 250,
		.warmup_s = 10,
		.renew_s = 5,
		.session_s = 7200,
		.fill = 0.25,
		.fill_low = 1,
		.fill_high = 1,
		.asked_per_client = 1,
		.reconnect_s = 5,
		.node_weights = {100},
		.node_weight_count = 1,
		.tries = 5,
	};
	sim_scenario_replicas(scenario_r, 1);
	rc = sim_json_load(path, &table, scenario_r);
	for (unsigned i = 0; rc == 0 && i < scenario_r->event_count; i++)
		rc = resolve_event(path, world, scenario_r,
				   &scenario_r->events[i]);
	for (unsigned i = 0; rc == 0 && i < scenario_r->hot_count; i++)
		if (sim_world_find_site(world, scenario_r->hot[i].site) < 0)
			rc = refuse_name(path, scenario_r->hot[i].site);
	return rc;
}
