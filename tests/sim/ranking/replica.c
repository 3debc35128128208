/*
 * replica.c - see the header.
 */
#include "tests/sim/ranking/replica.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define BUILD_EVERY_MS 1000
#define BUILD_GAP_MS   50
#define SERVICE	       "im"

void replica_init(struct replica *r, const struct sim_world *world,
		  enum rival_kind kind, int64_t now_ms, int64_t phase_ms)
{
	memset(r, 0, sizeof(*r));
	r->node_of = mem_array(world->node_count, sizeof(*r->node_of));
	r->first_per_s = mem_array(world->node_count, sizeof(double));
	r->next_build_ms = now_ms + phase_ms;
	r->built_at_ms = INT64_MIN / 2;
	if (kind != RIVAL_NONE) {
		r->rival = rival_new(world, kind);
		return;
	}
	r->fleet = fleet_new();
	r->demand = demand_new(1);
	r->counter = demand_counter(r->demand, 0);
	r->builder = snapshot_builder_new(1);
	r->share = mem_alloc(sizeof(*r->share));
	r->suspects = suspects_new();
}

void replica_fini(struct replica *r)
{
	for (unsigned i = 0; i < r->kept_count; i++)
		snapshot_free(r->kept[i]);
	mem_free(r->kept);
	snapshot_free(r->snapshot);
	snapshot_builder_free(&r->builder);
	demand_free(&r->demand);
	fleet_free(&r->fleet);
	rival_free(&r->rival);
	mem_free(r->share);
	suspects_free(&r->suspects);
	mem_free(r->node_of);
	mem_free(r->first_per_s);
}

/* -- what it hears ------------------------------------------------------- */

static void print_into(char *to, size_t to_bytes, const char *format,
		       const char *text, unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, to, to_bytes - 1);
	buf_printf(&b, format, text, number);
	to[b.len] = '\0';
}

/* The node's number in the world is its address: that is how a list's entries
 * are found again. */
static void fill_record(struct node_record *record,
			const struct sim_world *world,
			const struct replica_news *news)
{
	const struct sim_site *site =
		&world->sites[world->node_site[news->node]];

	memset(record, 0, sizeof(*record));
	print_into(record->id, sizeof(record->id), "%s-%03u", site->id,
		   news->node - site->first_node + 1);
	print_into(record->service, sizeof(record->service), "%s", SERVICE, 0);
	print_into(record->region, sizeof(record->region), "%s", site->id, 0);
	print_into(record->host, sizeof(record->host), "%s", record->id, 0);
	record->has_position = true;
	record->lat_deg = site->lat_deg;
	record->lon_deg = site->lon_deg;
	record->ipv4_count = 1;
	record->ipv4[0].family = ADDR_V4;
	memcpy(record->ipv4[0].bytes, &news->node, 4);
	record->ports.tcp = 3101;
	record->weight = news->weight;
	record->capacity = news->capacity;
	record->boot_epoch = news->boot;
	record->ttl_ms = NODE_TTL_DEFAULT_MS;
}

void replica_put(struct replica *r, const struct sim_world *world,
		 const struct replica_news *news, int64_t now_ms)
{
	struct feed_node node;

	if (r->rival) {
		rival_put(r->rival, news->node, news->state != NODE_UP,
			  news->conns);
		return;
	}
	memset(&node, 0, sizeof(node));
	fill_record(&node.record, world, news);
	node.state = news->state;
	node.conns = news->conns;
	node.accepts_total = news->accepts;
	node.refused_total = news->refused;
	node.load_age_ms =
		news->reported_at_ms < 0 ? -1 : now_ms - news->reported_at_ms;
	node.registered_age_ms = now_ms - news->registered_at_ms;
	fleet_put(r->fleet, &node, now_ms);
	r->dirty = true;
}

void replica_load(struct replica *r, const struct sim_world *world,
		  const struct replica_news *news, int64_t now_ms)
{
	struct node_record record;
	struct feed_load load;

	if (r->rival) {
		rival_load(r->rival, news->node, news->conns);
		return;
	}
	fill_record(&record, world, news);
	memset(&load, 0, sizeof(load));
	memcpy(load.id, record.id, sizeof(load.id));
	load.conns = news->conns;
	load.accepts_total = news->accepts;
	load.refused_total = news->refused;
	load.age_ms = now_ms - news->reported_at_ms;
	fleet_load(r->fleet, &load, now_ms);
}

void replica_report(struct replica *r, unsigned node, struct rng *rng,
		    int64_t now_ms)
{
	struct suspects_report report = {
		.node = {.family = ADDR_V4},
		.reporter = {.family = ADDR_V4},
		.service_hash = hash_text(SV(SERVICE)),
	};
	uint64_t network = rng_u64(rng);

	if (r->rival || now_ms < r->frozen_until_ms)
		return;
	memcpy(report.node.bytes, &node, 4);
	memcpy(report.reporter.bytes, &network, 3);
	if (suspects_report(r->suspects, r->fleet, &report, now_ms))
		r->dirty = true;
}

/* -- builds -------------------------------------------------------------- */

bool replica_is_due(const struct replica *r, int64_t now_ms)
{
	if (r->rival || now_ms < r->frozen_until_ms)
		return false;
	return now_ms >= r->next_build_ms ||
	       (r->dirty && now_ms - r->built_at_ms >= BUILD_GAP_MS);
}

static void map_nodes(struct replica *r)
{
	for (uint32_t i = 0; i < r->service->node_count; i++)
		memcpy(&r->node_of[i],
		       r->service->nodes[i].card->record.ipv4[0].bytes, 4);
}

static void retire(struct replica *r)
{
	if (!r->keeps || !r->snapshot) {
		snapshot_free(r->snapshot);
		return;
	}
	r->kept =
		mem_grow(r->kept, r->kept_count + 1, sizeof(struct snapshot *));
	r->kept[r->kept_count++] = r->snapshot;
}

void replica_build(struct replica *r, const struct sim_world *world,
		   const struct sim_scenario *scenario, int64_t now_ms)
{
	struct snapshot_input input = {
		.fleet = r->fleet,
		.cells = world->cells,
		.cell_count = world->cell_count,
		.demand = r->demand,
		.policy = snapshot_default_policy(),
		.now_ms = now_ms,
		.synced_at_ms = now_ms,
	};

	input.policy.renew_ms = (int64_t)(scenario->renew_s * 1000);
	input.policy.replica_count = scenario->replica_count;
	retire(r);
	r->snapshot = snapshot_builder_build(r->builder, &input);
	r->service = &r->snapshot->services[0];
	map_nodes(r);
	r->built_at_ms = now_ms;
	r->dirty = false;
	while (r->next_build_ms <= now_ms)
		r->next_build_ms += BUILD_EVERY_MS;
}

/* -- queries ------------------------------------------------------------- */

unsigned replica_ask(struct replica *r, const struct sim_world *world,
		     const struct sim_scenario *scenario, uint16_t cell,
		     struct rng *rng, int64_t now_ms, uint32_t *list_r)
{
	struct draw_query query = {
		.service = r->service,
		.key = rng_u64(rng),
		.cell = cell,
		.want = (uint8_t)scenario->tries,
	};
	struct draw_list list;

	if (r->rival)
		return rival_ask(r->rival, world, cell, scenario->tries, rng,
				 list_r);
	if (scenario->share_draws)
		draw_share_nodes(r->share, &query, r->snapshot->number, now_ms,
				 &list);
	else
		draw_nodes(&query, &list);
	for (unsigned i = 0; i < list.count; i++)
		list_r[i] = r->node_of[list.entries[i].node];
	return list.count;
}
