/*
 * what_if.c - builds twice and compares what one cell gets. The second build is
 * of the same moment as the first: what differs is what was asked.
 */
#include "balancer/what_if.h"

#include "balancer/snapshot_builder.h"
#include "balancer/what_if_put.h"
#include "lib/base/mem.h"

void what_if_free(struct what_if **what_if)
{
	struct what_if *w = *what_if;

	*what_if = NULL;
	if (!w)
		return;
	view_unref(&w->view);
	fleet_free(&w->fleet);
	demand_free(&w->demand);
	buf_fini(&w->body);
	mem_free(w);
}

const char *what_if_kind_str(enum what_if_kind kind)
{
	static const char *const names[WHAT_IF_KINDS] = {
		[WHAT_IF_WITHOUT] = "without",
		[WHAT_IF_DRAINED] = "drained",
		[WHAT_IF_WEIGHT] = "weight",
	};

	return names[kind];
}

/* -- changes ------------------------------------------------------------- */

static bool drain_region(struct fleet *fleet, const char *region)
{
	struct fleet_node *const *nodes;
	bool found = false;
	unsigned count;

	nodes = fleet_nodes(fleet, &count);
	for (unsigned i = 0; i < count; i++) {
		const struct card_record *record = &nodes[i]->card->record;

		if (strcmp(record->region, region) != 0)
			continue;
		found = true;
		fleet_reweigh(fleet, record->id, 0);
	}
	return found;
}

/* Returns false when nobody has the name. */
static bool apply(struct fleet *fleet, const struct what_if_change *change)
{
	if (change->kind == WHAT_IF_DRAINED)
		return drain_region(fleet, change->name);
	if (!fleet_find(fleet, change->name))
		return false;
	if (change->kind == WHAT_IF_WITHOUT)
		fleet_del(fleet, change->name);
	else
		fleet_reweigh(fleet, change->name, change->weight);
	return true;
}

/* -- the two builds ------------------------------------------------------ */

static struct snapshot *build(const struct what_if *w,
			      struct snapshot_builder *builder)
{
	struct snapshot_input input = {
		.fleet = w->fleet,
		.demand = w->demand,
		.policy = w->view->policy->ranking,
		.revision = w->revision,
		.now_ms = w->now_ms,
		.synced_at_ms = w->synced_at_ms,
	};

	input.cells = cellmap_cells(w->view->map->map, &input.cell_count);
	input.policy.replica_count = w->replica_count;
	return snapshot_builder_build(builder, &input);
}

void what_if_run(struct what_if *what_if)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	struct snapshot *before = build(what_if, builder), *after = NULL;

	for (unsigned i = 0; i < what_if->change_count && !what_if->missing;
	     i++)
		if (!apply(what_if->fleet, &what_if->changes[i]))
			what_if->missing = &what_if->changes[i];
	if (!what_if->missing) {
		after = build(what_if, builder);
		what_if_put(&what_if->body, what_if, before, after);
	}
	snapshot_free(before);
	snapshot_free(after);
	snapshot_builder_free(&builder);
}
