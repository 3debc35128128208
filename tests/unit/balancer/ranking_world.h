/*
 * ranking_world.h - small worlds for the ranking's tests: nodes and cells by
 * hand, one builder. Header only: each test is one program. Worlds at random:
 * random_world.h.
 */
#ifndef PERI_TESTS_RANKING_WORLD_H
#define PERI_TESTS_RANKING_WORLD_H

#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "balancer/demand.h"
#include "balancer/draw.h"
#include "balancer/fleet.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/buf.h"
#include "lib/base/def.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define WORLD_CELLS_MAX 64
#define WORLD_NOW_MS	1000000

struct world {
	struct fleet *fleet;
	struct snapshot_builder *builder;
	struct demand *demand;
	struct cellmap_cell cells[WORLD_CELLS_MAX];
	unsigned cell_count;
	struct snapshot_policy policy;
	int64_t now_ms;
};

/* A node in words; 0 or NULL takes what is usual. */
struct world_node {
	const char *id, *region, *zone, *service, *carrier;
	double lat, lon;
	uint32_t capacity;
	int weight; /* -1 = drained, 0 = 100 */
	uint32_t conns;
	enum node_state state;
	int64_t age_ms;	     /* since registration; 0 = an hour */
	int64_t load_age_ms; /* -1 = no report */
	unsigned families;   /* CARD_HAS_*; 0 = both */
};

static inline const char *world_or(const char *text, const char *usual)
{
	return text ? text : usual;
}

static inline void world_text(char *to, size_t to_bytes, const char *text)
{
	assert_int_equal(sv_copy(sv_str(text), to, to_bytes), 0);
}

static inline void world_addrs(struct node_record *record, unsigned families)
{
	uint64_t h = hash_text(sv_str(record->id));

	if (families & CARD_HAS_IPV4) {
		record->ipv4_count = 1;
		record->ipv4[0].family = ADDR_V4;
		memcpy(record->ipv4[0].bytes, &h, 4);
	}
	if (families & CARD_HAS_IPV6) {
		record->ipv6_count = 1;
		record->ipv6[0].family = ADDR_V6;
		memcpy(record->ipv6[0].bytes, &h, 8);
	}
}

static inline struct feed_node world_feed_node(const struct world_node *n)
{
	struct feed_node node;
	struct node_record *r = &node.record;

	memset(&node, 0, sizeof(node));
	world_text(r->id, sizeof(r->id), n->id);
	world_text(r->service, sizeof(r->service), world_or(n->service, "im"));
	world_text(r->region, sizeof(r->region), world_or(n->region, "r1"));
	world_text(r->zone, sizeof(r->zone), world_or(n->zone, ""));
	world_text(r->carrier, sizeof(r->carrier), world_or(n->carrier, ""));
	world_text(r->host, sizeof(r->host), "edge.example.com");
	r->has_position = true;
	r->lat_deg = n->lat;
	r->lon_deg = n->lon;
	r->ports.tcp = 3101;
	r->weight = n->weight < 0    ? 0
		    : n->weight == 0 ? 100
				     : (uint32_t)n->weight;
	r->capacity = n->capacity ? n->capacity : 1000;
	r->boot_epoch = 1;
	r->ttl_ms = NODE_TTL_DEFAULT_MS;
	world_addrs(r,
		    n->families ? n->families : CARD_HAS_IPV4 | CARD_HAS_IPV6);
	node.state = n->state;
	node.conns = n->conns;
	node.load_age_ms = n->load_age_ms;
	node.registered_age_ms = n->age_ms ? n->age_ms : 3600000;
	return node;
}

static inline void world_put(struct world *w, const struct world_node *n)
{
	struct feed_node node = world_feed_node(n);

	fleet_put(w->fleet, &node, w->now_ms);
}

/* What an operator wants; weight -1 = nothing of it, bias NAN too. */
static inline void world_intend(struct world *w, enum intent_scope scope,
				const char *id, enum intent_state state,
				int weight, double bias_km)
{
	struct intent intent = {
		.scope = scope,
		.state = state,
		.has_weight = weight >= 0,
		.weight = weight >= 0 ? (uint32_t)weight : 0,
		.has_bias = !isnan(bias_km),
		.bias_km = isnan(bias_km) ? 0 : bias_km,
	};

	world_text(intent.id, sizeof(intent.id), id);
	fleet_put_intent(w->fleet, &intent);
}

static inline void world_release(struct world *w, enum intent_scope scope,
				 const char *id)
{
	struct intent intent = {.scope = scope, .gone = true};

	world_text(intent.id, sizeof(intent.id), id);
	fleet_put_intent(w->fleet, &intent);
}

static inline void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->fleet = fleet_new();
	w->builder = snapshot_builder_new(1);
	w->demand = demand_new(1);
	w->policy = snapshot_default_policy();
	w->now_ms = WORLD_NOW_MS;
	w->cell_count = 1; /* cell 0: nowhere */
}

static inline void world_fini(struct world *w)
{
	fleet_free(&w->fleet);
	snapshot_builder_free(&w->builder);
	demand_free(&w->demand);
}

static inline uint16_t world_cell(struct world *w, double lat, double lon)
{
	struct cellmap_cell *cell = &w->cells[w->cell_count];

	cell->lat_deg = (float)lat;
	cell->lon_deg = (float)lon;
	cell->country[0] = 'D';
	cell->country[1] = 'E';
	return (uint16_t)w->cell_count++;
}

static inline void world_demand(struct world *w, const char *service,
				uint16_t cell, double rate_per_s)
{
	demand_set_rate(w->demand, demand_slot(w->demand, sv_str(service)),
			cell, rate_per_s);
}

static inline struct snapshot *world_build(struct world *w)
{
	struct snapshot_input input = {
		.fleet = w->fleet,
		.cells = w->cells,
		.cell_count = w->cell_count,
		.demand = w->demand,
		.policy = w->policy,
		.revision = 7,
		.now_ms = w->now_ms,
		.synced_at_ms = w->now_ms,
	};

	return snapshot_builder_build(w->builder, &input);
}

static inline const char *world_id(const struct snapshot_service *service,
				   uint32_t node)
{
	return service->nodes[node].card->record.id;
}

static inline const struct snapshot_node *
world_find(const struct snapshot_service *service, const char *id)
{
	for (uint32_t i = 0; i < service->node_count; i++)
		if (strcmp(world_id(service, i), id) == 0)
			return &service->nodes[i];
	return NULL;
}

static inline struct draw_list
world_draw(const struct snapshot_service *service, uint16_t cell, uint64_t key,
	   unsigned want, enum snapshot_family family)
{
	struct draw_query query = {
		.service = service,
		.key = key,
		.cell = cell,
		.want = (uint8_t)want,
		.family = family,
	};
	struct draw_list list;

	memset(&list, 0xee, sizeof(list)); /* draw_nodes() fills it */
	draw_nodes(&query, &list);
	return list;
}

static inline uint32_t world_below(struct rng *rng, uint32_t bound)
{
	return (uint32_t)rng_below(rng, bound);
}

#endif
