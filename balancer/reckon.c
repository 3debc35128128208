/*
 * reckon.c - see the header.
 */
#include "balancer/reckon.h"

#include <math.h>

#include "balancer/suspects.h"

#define RAMP_START  0.1
#define NOBODY_SAID 0.5 /* how full a site without any report is */
#define SMALL_STEP  0.1 /* of a session: a straight line is good enough */

double reckon_conns(const struct fleet_node *node, double tau_s, int64_t now_ms)
{
	double dt_s, step, gone;

	/* Before any subtraction: "never heard" is the least number there is.
	 */
	if (now_ms <= node->est_at_ms)
		return node->est_conns;
	dt_s = (double)(now_ms - node->est_at_ms) / 1000;
	step = dt_s / tau_s;
	if (step <= SMALL_STEP)
		return node->est_conns * (1 - step) +
		       node->assigned_rate_per_s * dt_s;
	gone = 1 - exp(-step);
	return node->est_conns * (1 - gone) +
	       node->assigned_rate_per_s * tau_s * gone;
}

int64_t reckon_until_ms(const struct reckon *r)
{
	int64_t until_ms;

	if (r->heard_at_ms < 0)
		return INT64_MIN;
	until_ms = r->heard_at_ms + (int64_t)(r->horizon_s * 1000);
	return until_ms < r->now_ms ? until_ms : r->now_ms;
}

double reckon_ramp(int64_t age_ms, int64_t ramp_ms)
{
	if (age_ms >= ramp_ms)
		return 1;
	if (age_ms <= 0)
		return RAMP_START;
	return RAMP_START + (1 - RAMP_START) * (double)age_ms / (double)ramp_ms;
}

static enum snapshot_tier tier_of(const struct fleet_node *live, double weight)
{
	if (live->state == NODE_DOWN)
		return TIER_DOWN;
	if (weight <= 0)
		return TIER_DRAINED;
	return live->state == NODE_SUSPECT ? TIER_SUSPECT : TIER_OPEN;
}

static uint8_t why_of(const struct snapshot_node *node)
{
	switch ((enum snapshot_tier)node->tier) {
	case TIER_DOWN:
		return WHY_EXPIRED;
	case TIER_DRAINED:
		return (node->intent & INTENT_BITS_STATE) == INTENT_MAINTENANCE
			       ? WHY_MAINTENANCE
			       : WHY_DRAINED;
	case TIER_SUSPECT:
		return WHY_SUSPECT;
	case TIER_FULL:
		return WHY_AT_CAPACITY;
	case TIER_OPEN:
		break;
	}
	if (node->load_at_ms < 0)
		return WHY_LOAD_UNKNOWN;
	return node->ramp < 1 ? WHY_WARMING : WHY_NONE;
}

/* Its limit counts only while it is up; what it could do in need is its
 * reserve. */
static void reckon_node(const struct reckon *r, const struct catalog_node *from,
			struct snapshot_node *node, uint32_t site,
			int64_t until_ms)
{
	struct fleet_node *live = from->live;
	enum snapshot_tier tier = tier_of(live, from->limit);

	live->predicted_adds += live->assigned_rate_per_s * r->kappa_step_s;
	live->est_conns =
		reckon_conns(live, r->policy->session_tau_s, until_ms);
	if (r->now_ms > live->est_at_ms)
		live->est_at_ms = r->now_ms;
	*node = (struct snapshot_node){
		.card = from->card,
		.limit = tier == TIER_OPEN ? from->limit : 0,
		.est = live->est_conns,
		.reserve =
			(float)(from->limit > 0 ? from->limit
						: from->card->record.capacity),
		.ramp = (float)reckon_ramp(r->now_ms - live->registered_at_ms,
					   r->policy->ramp_ms),
		.load_at_ms = live->load_at_ms,
		.reported_conns = live->conns,
		.site = site,
		.tier = (uint8_t)tier,
		.intent = from->intent,
		.operator_weight = from->weight,
		.by_clients =
			tier == TIER_OPEN && live->doubted_until_ms > r->now_ms,
	};
}

/*
 * Marked are all healthy nodes that clients doubt; as many of them as may be
 * suspect at once, in order of id, become so, the others lose the mark.
 */
static uint32_t demote_doubted(struct snapshot_node *nodes, uint32_t count)
{
	uint32_t up = 0, demoted = 0, allowed;

	for (uint32_t i = 0; i < count; i++)
		up += nodes[i].tier == TIER_OPEN;
	allowed = suspects_allowed(up);
	for (uint32_t i = 0; i < count; i++) {
		if (!nodes[i].by_clients)
			continue;
		if (demoted == allowed) {
			nodes[i].by_clients = 0;
			continue;
		}
		nodes[i].tier = TIER_SUSPECT;
		nodes[i].limit = 0;
		demoted++;
	}
	return demoted;
}

/* How full the site's nodes that reported are, of what they can hold: K of a
 * weight above 100 is more than that. */
static double mean_level(const struct catalog_node *from,
			 const struct snapshot_node *nodes, uint32_t count)
{
	double est = 0, hard = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (nodes[i].load_at_ms < 0 || nodes[i].limit <= 0)
			continue;
		est += nodes[i].est;
		hard += from[i].hard;
	}
	return hard > 0 ? est / hard : NOBODY_SAID;
}

static void assume_unknown(const struct catalog_node *from,
			   struct snapshot_node *nodes, uint32_t count)
{
	double level = -1;

	for (uint32_t i = 0; i < count; i++) {
		if (nodes[i].load_at_ms >= 0 || nodes[i].limit <= 0)
			continue;
		if (level < 0)
			level = fmin(1, mean_level(from, nodes, count));
		nodes[i].est = fmax(nodes[i].est, level * from[i].hard);
	}
}

static double positive(double x)
{
	return x > 0 ? x : 0;
}

static void sum_node(const struct reckon *r, const struct catalog_node *from,
		     struct snapshot_node *node)
{
	struct snapshot_site *site = &r->sites[node->site];
	struct waterfall_site *room = &r->rooms[node->site];
	double top = r->policy->headroom * from->hard;

	if (node->tier == TIER_OPEN) {
		if (node->est >= from->hard)
			node->tier = TIER_FULL;
		site->limit += node->limit;
		site->est += node->est;
		room->room_per_s[0] += positive(top - node->est) / r->horizon_s;
		room->room_per_s[1] +=
			positive(from->hard - node->est) / r->horizon_s;
	}
	node->why = why_of(node);
}

/* The best class that any of its nodes reaches, and what overflow goes by. */
static void classify(const struct snapshot_node *nodes, uint32_t count,
		     struct waterfall_site *room)
{
	static const uint8_t class_of[TIER_COUNT + 1] = {
		[TIER_OPEN] = CANDIDATES_HEALTHY,
		[TIER_FULL] = CANDIDATES_HEALTHY,
		[TIER_SUSPECT] = CANDIDATES_SUSPECT,
		[TIER_DRAINED] = CANDIDATES_DRAINED,
		[TIER_DOWN] = CANDIDATES_NEVER,
	};

	room->class = CANDIDATES_NEVER;
	room->weight = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t class = class_of[nodes[i].tier];

		if (class < room->class) {
			room->class = class;
			room->weight = 0;
		}
		if (class == room->class && class != CANDIDATES_NEVER)
			room->weight += nodes[i].reserve;
	}
}

void reckon_site(const struct reckon *r, uint32_t site)
{
	const struct catalog_site *from =
		&r->catalog->sites[r->service->first_site + site];
	const struct catalog_node *sources =
		&r->catalog->nodes[from->first_node];
	struct snapshot_node *nodes = &r->nodes[r->sites[site].first_node];
	int64_t until_ms = reckon_until_ms(r);
	unsigned doubted = 0;

	r->rooms[site] = (struct waterfall_site){0};
	for (uint32_t i = 0; i < from->node_count; i++) {
		reckon_node(r, &sources[i], &nodes[i], site, until_ms);
		doubted |= nodes[i].by_clients;
	}
	if (doubted)
		r->sites[site].by_clients_count =
			demote_doubted(nodes, from->node_count);
	assume_unknown(sources, nodes, from->node_count);
	for (uint32_t i = 0; i < from->node_count; i++)
		sum_node(r, &sources[i], &nodes[i]);
	classify(nodes, from->node_count, &r->rooms[site]);
	r->sites[site].headroom_per_s = r->rooms[site].room_per_s[0];
}
