/*
 * what_if.c - builds twice and compares what one cell gets. The second build is
 * of the same moment as the first: what differs is what was asked.
 */
#include "balancer/what_if.h"

#include "balancer/what_if_all.h"
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
		[WHAT_IF_WITHOUT] = "without", [WHAT_IF_DRAINED] = "drained",
		[WHAT_IF_RELEASE] = "release", [WHAT_IF_WEIGHT] = "weight",
		[WHAT_IF_BIAS] = "bias",
	};

	return names[kind];
}

enum intent_scope what_if_scope(enum what_if_kind kind)
{
	return kind == WHAT_IF_DRAINED || kind == WHAT_IF_BIAS ? INTENT_REGION
							       : INTENT_NODE;
}

/* -- changes ------------------------------------------------------------- */

static bool has_region(struct fleet *fleet, const char *region)
{
	struct fleet_node *const *nodes;
	unsigned count;

	nodes = fleet_nodes(fleet, &count);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(nodes[i]->card->record.region, region) == 0)
			return true;
	return false;
}

/* As if an operator said so, beside what operators say already. */
static void intend(struct fleet *fleet, const struct what_if_change *change)
{
	enum intent_scope scope = change->scope;
	const struct intent *known =
		fleet_intents_find(fleet_intents(fleet), scope, change->name);
	struct intent intent = {.scope = scope};

	if (known)
		intent = *known;
	memcpy(intent.id, change->name, sizeof(intent.id));
	if (change->kind == WHAT_IF_RELEASE) {
		intent.gone = true;
	} else if (change->kind == WHAT_IF_DRAINED) {
		intent.state = INTENT_DRAIN;
	} else if (change->kind == WHAT_IF_WEIGHT) {
		intent.has_weight = true;
		intent.weight = change->weight;
	} else {
		intent.has_bias = true;
		intent.bias_km = change->bias_km;
	}
	fleet_put_intent(fleet, &intent);
}

static bool is_known(struct fleet *fleet, const struct what_if_change *change,
		     enum intent_scope scope)
{
	const char *name = change->name;

	/* An intent may wait for whom it is about. */
	if (change->kind == WHAT_IF_RELEASE &&
	    fleet_intents_find(fleet_intents(fleet), scope, name))
		return true;
	return scope == INTENT_REGION ? has_region(fleet, name)
				      : fleet_find(fleet, name) != NULL;
}

/* Returns false when nobody has the name. */
static bool apply(struct fleet *fleet, struct what_if_change *change)
{
	enum intent_scope other =
		change->scope == INTENT_NODE ? INTENT_REGION : INTENT_NODE;

	if (!is_known(fleet, change, change->scope)) {
		if (change->scope_is_said || change->kind == WHAT_IF_WITHOUT ||
		    !is_known(fleet, change, other))
			return false;
		change->scope = other;
	}
	if (change->kind == WHAT_IF_WITHOUT)
		fleet_del(fleet, change->name);
	else
		intend(fleet, change);
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
	struct snapshot_builder *builder = snapshot_builder_new(1);
	struct snapshot *before = build(what_if, builder), *after = NULL;

	for (unsigned i = 0; i < what_if->change_count && !what_if->missing;
	     i++)
		if (!apply(what_if->fleet, &what_if->changes[i]))
			what_if->missing = &what_if->changes[i];
	if (!what_if->missing) {
		after = build(what_if, builder);
		if (what_if->asked == WHAT_IF_ALL)
			what_if_all_put(&what_if->body, what_if, before, after);
		else
			what_if_put(&what_if->body, what_if, before, after);
	}
	snapshot_free(before);
	snapshot_free(after);
	snapshot_builder_free(&builder);
}
