/*
 * history_source.c - see the header. Invariant: leases[slot] is the lease that
 * stands for the slot's node while it is registered, else NULL; such a slot is
 * held, so that it cannot become another's. Loop thread.
 */
#include "registry/history_source.h"

#include <math.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "registry/lease_sums.h"
#include "registry/picture.h"
#include "registry/registry.h"
#include "registry/report_share.h"

#define SLOTS_FLEET 2

struct history_source {
	struct registry *r; /* borrowed */
	struct history *history;
	const struct lease **leases; /* by slot; borrowed from the table */
	float *first_per_s; /* by slot; NaN = nobody said; while looking */
	uint32_t slots_max, nodes_max;
	uint32_t nodes; /* that have a slot now */
	bool begun;
};

struct history_source *history_source_new(struct registry *r,
					  uint32_t nodes_max)
{
	struct history_source *source = mem_alloc(sizeof(*source));

	source->r = r;
	source->nodes_max = nodes_max;
	source->slots_max = nodes_max + REGION_TABLE_MAX + SLOTS_FLEET;
	source->history = history_new(source->slots_max);
	source->leases =
		mem_array(source->slots_max, sizeof(source->leases[0]));
	source->first_per_s =
		mem_array(source->slots_max, sizeof(source->first_per_s[0]));
	return source;
}

void history_source_free(struct history_source **source)
{
	if (!*source)
		return;
	history_free(&(*source)->history);
	mem_free((*source)->leases);
	mem_free((*source)->first_per_s);
	mem_free(*source);
	*source = NULL;
}

struct history *history_source_history(struct history_source *source)
{
	return source->history;
}

/* A target's name on the stack. */
struct name {
	struct buf text;
	char storage[HISTORY_NAME_BYTES];
};

static struct sv name_of(struct name *name, const char *scope, const char *id)
{
	buf_init_fixed(&name->text, name->storage, sizeof(name->storage));
	buf_str(&name->text, scope);
	buf_str(&name->text, id);
	return buf_view(&name->text);
}

static void join(struct history_source *source, const struct lease *lease)
{
	struct name name;
	uint32_t slot;

	history_slot(source->history,
		     name_of(&name, "region/", lease->record.region),
		     clk_wall_s());
	if (source->nodes >= source->nodes_max)
		return;
	slot = history_slot(source->history,
			    name_of(&name, "node/", lease->record.id),
			    clk_wall_s());
	if (slot == HISTORY_NONE || source->leases[slot])
		return;
	source->leases[slot] = lease;
	history_hold(source->history, slot);
	source->nodes++;
}

static void leave(struct history_source *source, const struct lease *lease)
{
	struct name name;
	uint32_t slot = history_find(source->history,
				     name_of(&name, "node/", lease->record.id));

	if (slot == HISTORY_NONE || !source->leases[slot])
		return;
	source->leases[slot] = NULL;
	history_let_go(source->history, slot);
	source->nodes--;
}

/* The fleet is always there. */
static void hold(struct history_source *source, struct sv name)
{
	uint32_t slot = history_slot(source->history, name, clk_wall_s());

	if (slot != HISTORY_NONE)
		history_hold(source->history, slot);
}

void history_source_begin(struct history_source *source)
{
	const struct lease *lease;

	source->begun = true;
	hold(source, SV(HISTORY_SOURCE_FLEET));
	hold(source, SV(HISTORY_SOURCE_QUERIES));
	for (size_t i = 0; (lease = lease_at(source->r->leases, i)); i++)
		join(source, lease);
}

void history_source_lease(struct history_source *source,
			  const struct lease *lease, enum lease_event event)
{
	if (!source->begun)
		return;
	if (event == LEASE_ADDED)
		join(source, lease);
	else if (event == LEASE_LEFT || event == LEASE_FORGOTTEN)
		leave(source, lease);
}

/* What the fleet and its regions have, while looking. */
struct look {
	struct history_source *source;
	int64_t wall_s;
	double conns, capacity, weight;
};

static void note_first(struct history_source *source, const char *scope,
		       const char *id, double per_s)
{
	struct name name;
	uint32_t slot =
		history_find(source->history, name_of(&name, scope, id));

	if (slot != HISTORY_NONE)
		source->first_per_s[slot] = (float)per_s;
}

/* What balancers chose, by slot. */
static void note_reports(struct history_source *source,
			 const struct report_sum *sum)
{
	for (uint32_t i = 0; i < source->slots_max; i++)
		source->first_per_s[i] = NAN;
	if (sum->balancers == 0)
		return;
	note_first(source, HISTORY_SOURCE_FLEET, "", sum->first_per_s);
	for (unsigned i = 0; i < sum->region_count; i++)
		note_first(source, "region/", sum->regions[i].id,
			   sum->regions[i].per_s);
	for (unsigned i = 0; i < sum->node_count; i++)
		note_first(source, "node/", sum->nodes[i].id,
			   sum->nodes[i].per_s);
}

static void set_sums(struct history_source *source, uint32_t slot, double conns,
		     double capacity, double weight)
{
	const struct history_point point = {
		.value = {
			[HISTORY_SOURCE_CONNS] = (float)conns,
			[HISTORY_SOURCE_CAPACITY] = (float)capacity,
			[HISTORY_SOURCE_FIRST_PER_S] =
				source->first_per_s[slot],
			[HISTORY_SOURCE_WEIGHT] = (float)weight,
		}};

	history_set(source->history, slot, &point);
}

static void look_at_region(const struct lease_sum *sum, void *arg)
{
	struct look *look = arg;
	struct name name;
	uint32_t slot = history_slot(look->source->history,
				     name_of(&name, "region/", sum->name),
				     look->wall_s);

	look->conns += (double)sum->conns;
	look->capacity += (double)sum->capacity;
	look->weight += (double)sum->weight;
	if (slot != HISTORY_NONE)
		set_sums(look->source, slot, (double)sum->conns,
			 (double)sum->capacity, (double)sum->weight);
}

/* A node that is down has no numbers. */
static void look_at_nodes(struct history_source *source)
{
	const struct picture_source picture = {
		.leases = source->r->leases,
		.overrides = source->r->overrides,
	};
	uint32_t count = history_slot_count(source->history);

	for (uint32_t slot = 0; slot < count; slot++) {
		const struct lease *lease = source->leases[slot];

		if (!lease || lease->state == NODE_DOWN)
			continue;
		set_sums(source, slot,
			 lease->load_at_ms >= 0 ? lease->load.conns : NAN,
			 lease->record.capacity,
			 picture_node(&picture, lease).weight);
	}
}

static void look_at_queries(struct history_source *source, uint32_t slot,
			    const struct report_sum *sum)
{
	struct history_point point = {{NAN, NAN, NAN, NAN}};

	point.value[HISTORY_SOURCE_RESOLVES_PER_S] = (float)sum->queries_per_s;
	if (sum->p99_us >= 0)
		point.value[HISTORY_SOURCE_P99_US] = (float)sum->p99_us;
	if (sum->placed_per_s > 0)
		point.value[HISTORY_SOURCE_NEAREST_SHARE] =
			(float)(sum->nearest_per_s / sum->placed_per_s);
	history_set(source->history, slot, &point);
}

static void look_at_fleet(const struct look *look, const struct report_sum *sum)
{
	struct history_source *source = look->source;
	uint32_t slot = history_find(source->history, SV(HISTORY_SOURCE_FLEET));

	if (slot != HISTORY_NONE)
		set_sums(source, slot, look->conns, look->capacity,
			 look->weight);
	slot = history_find(source->history, SV(HISTORY_SOURCE_QUERIES));
	if (slot != HISTORY_NONE && sum->balancers > 0)
		look_at_queries(source, slot, sum);
}

bool history_source_look(struct history_source *source, int64_t wall_s,
			 const struct history_frame **hour_r,
			 const struct history_frame **day_r)
{
	struct look look = {.source = source, .wall_s = wall_s};
	struct report_sum *sum;

	if (!source->begun || !history_open(source->history, wall_s))
		return false;
	sum = report_share_take(source->r->reports, clk_mono_ms());
	note_reports(source, sum);
	lease_sums_each(lease_regions(source->r->leases), look_at_region,
			&look);
	look_at_nodes(source);
	look_at_fleet(&look, sum);
	report_sum_free(&sum);
	history_close(source->history, hour_r, day_r);
	return true;
}

size_t history_source_left_out(const struct history_source *source)
{
	return source->begun ? lease_count(source->r->leases) - source->nodes
			     : 0;
}
