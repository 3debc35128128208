/*
 * explain.c - runs draw_nodes() and writes down what it saw. Positions come
 * from that list alone; nothing here decides.
 */
#include "balancer/explain.h"

#include <stdlib.h>

#include "balancer/explain_ranks.h"
#include "lib/base/mem.h"
#include "lib/proto/jsonw.h"

#define NODES_MAX 256 /* shown of each kind; more sets a flag */
#define SITES_MAX 64  /* ranks shown */

struct explain {
	struct jsonw w;
	const struct snapshot *snap;
	const struct draw_query *query;
	const struct snapshot_service *service;
	struct draw_list list;
	struct explain_ranks ranks;
	int64_t now_ms;
	bool truncated;
};

/* A node that is shown, with its place in the answer; 0 = not in it. */
struct shown {
	uint32_t node;
	unsigned position;
	double score;
};

/* -- the ranked sites ---------------------------------------------------- */

static int rank_km(const struct explain *e, uint32_t rank)
{
	uint16_t km =
		e->ranks.cell ? e->ranks.cell->km[rank] : SNAPSHOT_KM_UNKNOWN;

	return km == SNAPSHOT_KM_UNKNOWN ? -1 : km;
}

static const struct snapshot_site *site_at(const struct explain *e,
					   uint32_t rank)
{
	return &e->service->sites[explain_ranks_site(&e->ranks, rank)];
}

static void put_site(struct explain *e, uint32_t rank)
{
	const struct snapshot_site *site = site_at(e, rank);
	int km = rank_km(e, rank);
	struct jsonw *w = &e->w;

	jsonw_object(w, NULL);
	explain_ranks_put_name(w, "site", site);
	jsonw_str(w, "region", site->region);
	jsonw_str(w, "zone", site->zone);
	jsonw_u64(w, "rank", rank);
	if (km < 0)
		jsonw_null(w, "km");
	else
		jsonw_i64(w, "km", km);
	jsonw_str(w, "carrier", site->carrier);
	if (e->ranks.cell)
		jsonw_i64(w, "cost", e->ranks.cell->cost_km[rank]);
	else
		jsonw_null(w, "cost");
	jsonw_fixed(w, "share", explain_ranks_share(&e->ranks, rank), 4);
	jsonw_fixed(w, "headroom_per_s", site->headroom_per_s, 2);
	jsonw_fixed(w, "admitted_per_s", site->admitted_per_s, 2);
	jsonw_fixed(w, "est", site->est, 1);
	jsonw_fixed(w, "steady_est", site->steady_est, 1);
	jsonw_fixed(w, "limit", site->limit, 1);
	jsonw_real(w, "bias_km", site->bias_km);
	jsonw_bool(w, "bias_by_intent", site->bias_by_intent != 0);
	jsonw_object_end(w);
}

static void put_sites(struct explain *e)
{
	uint32_t count = e->ranks.count;

	jsonw_array(&e->w, "sites");
	for (uint32_t rank = 0; rank < count && rank < SITES_MAX; rank++)
		put_site(e, rank);
	jsonw_array_end(&e->w);
	e->truncated |= count > SITES_MAX;
	if (e->list.count == 0) {
		jsonw_null(&e->w, "chosen");
		return;
	}
	jsonw_object(&e->w, "chosen");
	explain_ranks_put_name(&e->w, "site", site_at(e, e->list.rank));
	jsonw_u64(&e->w, "rank", e->list.rank);
	jsonw_fixed(&e->w, "u", e->list.u, 6);
	jsonw_object_end(&e->w);
}

/* -- nodes --------------------------------------------------------------- */

static unsigned position_of(const struct explain *e, uint32_t node)
{
	for (unsigned i = 0; i < e->list.count; i++)
		if (e->list.entries[i].node == node)
			return i + 1;
	return 0;
}

static int compare_shown(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	/* Position 0 wraps round to the end. */
	if (x->position != y->position)
		return x->position - 1 < y->position - 1 ? -1 : 1;
	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static void show(const struct explain *e, struct shown *shown, uint32_t *count,
		 uint32_t node)
{
	shown[(*count)++] = (struct shown){
		.node = node,
		.position = position_of(e, node),
		.score = draw_score(e->query, node),
	};
}

static bool is_drawable(const struct explain *e,
			const struct snapshot_node *node)
{
	return node->tier == TIER_OPEN &&
	       snapshot_serves(node->card->families, e->query->family);
}

static void put_intent_of(struct jsonw *w, const char *key,
			  const struct snapshot_node *node, unsigned by_region)
{
	jsonw_str(w, key, node->intent & by_region ? "region" : "node");
}

/* What operators want of it, by an intent for whom. */
static void put_intent(struct jsonw *w, const struct snapshot_node *node)
{
	enum intent_state state = node->intent & INTENT_BITS_STATE;

	if (node->intent == 0)
		return;
	jsonw_object(w, "intent");
	if (state != INTENT_UP) {
		jsonw_str(w, "state", intent_state_str(state));
		put_intent_of(w, "state_of", node, INTENT_BITS_STATE_REGION);
	}
	if (node->intent & INTENT_BITS_WEIGHT) {
		jsonw_u64(w, "weight", node->operator_weight);
		put_intent_of(w, "weight_of", node, INTENT_BITS_WEIGHT_REGION);
	}
	jsonw_object_end(w);
}

static void put_why(struct jsonw *w, const struct snapshot_node *node,
		    enum snapshot_why why)
{
	jsonw_str(w, "why", snapshot_why_str(why));
	if (node->by_clients)
		jsonw_str(w, "by", "clients");
}

static void put_node(struct explain *e, const struct shown *shown)
{
	const struct snapshot_node *node = &e->service->nodes[shown->node];
	const struct snapshot_site *site = &e->service->sites[node->site];
	struct jsonw *w = &e->w;

	jsonw_object(w, NULL);
	jsonw_str(w, "id", node->card->record.id);
	explain_ranks_put_name(w, "site", site);
	jsonw_fixed(w, "limit", node->limit, 1);
	jsonw_u64(w, "reported", node->reported_conns);
	if (node->load_at_ms < 0)
		jsonw_null(w, "load_age_ms");
	else
		jsonw_i64(w, "load_age_ms", e->now_ms - node->load_at_ms);
	jsonw_fixed(w, "est", node->est, 1);
	jsonw_fixed(w, "level", site->level, 4);
	jsonw_fixed(w, "p", node->weight, 6);
	jsonw_fixed(w, "cap", node->cap, 6);
	jsonw_fixed(w, "floor", node->floor, 6);
	jsonw_fixed(w, "ramp", node->ramp, 3);
	jsonw_fixed(w, "score", shown->score, 4);
	if (shown->position > 0)
		jsonw_u64(w, "position", shown->position);
	else
		jsonw_null(w, "position");
	if (node->why != WHY_NONE)
		put_why(w, node, (enum snapshot_why)node->why);
	put_intent(w, node);
	jsonw_object_end(w);
}

/* The answer's nodes, then the others that took part in the first site's draw,
 * in order of score. */
static void put_nodes(struct explain *e)
{
	const struct snapshot_site *site = NULL;
	struct shown *shown;
	uint32_t count = 0;

	if (e->list.count > 0)
		site = site_at(e, e->list.rank);
	shown = mem_array((site ? site->node_count : 0) + DRAW_MAX,
			  sizeof(*shown));
	for (unsigned i = 0; i < e->list.count; i++)
		show(e, shown, &count, e->list.entries[i].node);
	for (uint32_t i = 0; site && i < site->node_count; i++) {
		uint32_t node = site->first_node + i;

		if (position_of(e, node) == 0 &&
		    is_drawable(e, &e->service->nodes[node]))
			show(e, shown, &count, node);
	}
	qsort(shown, count, sizeof(*shown), compare_shown);
	jsonw_array(&e->w, "nodes");
	for (uint32_t i = 0; i < count && i < NODES_MAX; i++)
		put_node(e, &shown[i]);
	jsonw_array_end(&e->w);
	e->truncated |= count > NODES_MAX;
	mem_free(shown);
}

static void put_excluded_of(struct explain *e, const struct snapshot_site *site,
			    unsigned *room)
{
	for (uint32_t i = 0; i < site->node_count; i++) {
		uint32_t index = site->first_node + i;
		const struct snapshot_node *node = &e->service->nodes[index];
		enum snapshot_why why = (enum snapshot_why)node->why;

		if (is_drawable(e, node) || position_of(e, index) > 0)
			continue;
		if (*room == 0) {
			e->truncated = true;
			return;
		}
		(*room)--;
		if (node->tier == TIER_OPEN)
			why = WHY_FAMILY;
		jsonw_object(&e->w, NULL);
		jsonw_str(&e->w, "id", node->card->record.id);
		explain_ranks_put_name(&e->w, "site", site);
		put_why(&e->w, node, why);
		put_intent(&e->w, node);
		jsonw_object_end(&e->w);
	}
}

/* Nodes of the ranked sites that could not be drawn. */
static void put_excluded(struct explain *e)
{
	unsigned room = NODES_MAX;

	jsonw_array(&e->w, "excluded");
	for (uint32_t rank = 0; rank < e->ranks.count && rank < SITES_MAX;
	     rank++)
		put_excluded_of(e, site_at(e, rank), &room);
	jsonw_array_end(&e->w);
}

/* -- the rest ------------------------------------------------------------ */

static void put_snapshot(struct explain *e)
{
	jsonw_object(&e->w, "snapshot");
	jsonw_u64(&e->w, "number", e->snap->number);
	jsonw_u64(&e->w, "revision", e->snap->revision);
	jsonw_i64(&e->w, "age_ms", e->now_ms - e->snap->built_at_ms);
	jsonw_str(&e->w, "service", e->service->name);
	jsonw_object_end(&e->w);
}

void explain_put_client(struct jsonw *w, const struct draw_query *query,
			const struct explain_client *client)
{
	static const char *const families[SNAPSHOT_FAMILIES] = {"46", "4", "6"};
	const struct cellmap_place *place = &client->place;
	char text[ADDR_TEXT_MAX];
	struct buf key;

	jsonw_object(w, "client");
	if (client->address.family != ADDR_NONE)
		jsonw_str(w, "ip", addr_text(&client->address, text));
	else
		jsonw_null(w, "ip");
	jsonw_str(w, "country", place->country);
	jsonw_text(w, "area", place->area);
	jsonw_text(w, "city", place->city);
	jsonw_text(w, "carrier", place->carrier);
	if (place->source == CELLMAP_NOWHERE && !client->by_cell) {
		jsonw_null(w, "lat");
		jsonw_null(w, "lon");
	} else {
		jsonw_fixed(w, "lat", place->lat_deg, 4);
		jsonw_fixed(w, "lon", place->lon_deg, 4);
	}
	jsonw_str(w, "source",
		  client->by_cell ? "cell" : cellmap_source_str(place->source));
	jsonw_u64(w, "cell", query->cell);
	buf_init_fixed(&key, text, sizeof(text));
	buf_hex(&key, query->key, 16);
	jsonw_text(w, "key", buf_view(&key));
	jsonw_str(w, "family", families[query->family]);
	jsonw_object_end(w);
}

static void put_policy(struct explain *e, const struct snapshot_policy *policy)
{
	struct jsonw *w = &e->w;

	jsonw_object(w, "policy");
	jsonw_real(w, "free_km", policy->free_km);
	jsonw_real(w, "carrier_penalty_km", policy->carrier_penalty_km);
	jsonw_real(w, "border_km", policy->border_km);
	jsonw_real(w, "headroom", policy->headroom);
	jsonw_real(w, "beta", policy->beta);
	jsonw_real(w, "floor_share", policy->floor_share);
	jsonw_i64(w, "ramp_ms", policy->ramp_ms);
	jsonw_fixed(w, "session_tau_s", e->snap->session_tau_s, 1);
	jsonw_u64(w, "replicas", e->snap->replica_count);
	jsonw_fixed(w, "kappa", e->query->service->kappa, 3);
	jsonw_object_end(w);
}

static void put_flags(struct explain *e)
{
	jsonw_array(&e->w, "flags");
	if (e->list.panic)
		jsonw_str(&e->w, NULL, "panic");
	if (e->list.anywhere)
		jsonw_str(&e->w, NULL, "anywhere");
	if (e->list.count == 0)
		jsonw_str(&e->w, NULL, "empty");
	if (e->truncated)
		jsonw_str(&e->w, NULL, "truncated");
	jsonw_array_end(&e->w);
}

void explain_put(struct buf *out, const struct snapshot *snap,
		 const struct draw_query *query,
		 const struct explain_client *client,
		 const struct snapshot_policy *policy, int64_t now_ms)
{
	struct explain e = {
		.snap = snap,
		.query = query,
		.service = query->service,
		.now_ms = now_ms,
	};

	draw_nodes(query, &e.list);
	e.ranks = explain_ranks_of(query, &e.list);
	jsonw_init(&e.w, out);
	jsonw_object(&e.w, NULL);
	put_snapshot(&e);
	explain_put_client(&e.w, query, client);
	put_policy(&e, policy);
	put_sites(&e);
	put_nodes(&e);
	put_excluded(&e);
	put_flags(&e);
	jsonw_object_end(&e.w);
}
