/*
 * fleet_metrics.c - see the header. Which nodes have series is decided by the
 * order of ids, so a scrape and the next one show the same ones. Loop thread.
 */
#include "registry/fleet_metrics.h"

#include "registry/lease_sums.h"
#include "registry/picture.h"
#include "registry/registry.h"

#define LABELS_BYTES 192 /* two ids of 64 characters and their names */

/* One row's samples while it is written. */
struct row {
	struct metrics_writer *w;
	double (*of_sum)(const struct lease_sum *sum);
};

static double part(uint64_t conns, uint64_t capacity)
{
	return capacity > 0 ? (double)conns / (double)capacity : 0;
}

static void put(struct metrics_writer *w, double value, const char *region,
		const char *name, const char *id)
{
	char storage[LABELS_BYTES];
	struct buf labels;

	buf_init_fixed(&labels, storage, sizeof(storage));
	buf_printf(&labels, "region=\"%s\"", region);
	if (name)
		buf_printf(&labels, ",%s=\"%s\"", name, id);
	metrics_sample_real(w, buf_cstr(&labels), value);
}

/* ---- regions ---- */

static double sum_conns(const struct lease_sum *sum)
{
	return (double)sum->conns;
}

static double sum_capacity(const struct lease_sum *sum)
{
	return (double)sum->capacity;
}

static double sum_utilisation(const struct lease_sum *sum)
{
	return part(sum->conns, sum->capacity);
}

static double sum_weight(const struct lease_sum *sum)
{
	return (double)sum->weight;
}

static void put_sum(const struct lease_sum *sum, void *arg)
{
	const struct row *row = arg;

	put(row->w, row->of_sum(sum), sum->name, NULL, NULL);
}

static void each_region(struct metrics_writer *w, void *arg,
			double (*of_sum)(const struct lease_sum *sum))
{
	const struct registry *r = arg;
	struct row row = {w, of_sum};

	lease_sums_each(lease_regions(r->leases), put_sum, &row);
}

static void put_nodes(const struct lease_sum *sum, void *arg)
{
	static const enum node_state states[] = {NODE_UP, NODE_SUSPECT,
						 NODE_DOWN};

	for (unsigned i = 0; i < ARRAY_LEN(states); i++)
		put(arg, sum->nodes[states[i]], sum->name, "state",
		    node_state_str(states[i]));
}

void fleet_metrics_region_nodes(struct metrics_writer *w, void *arg)
{
	const struct registry *r = arg;

	lease_sums_each(lease_regions(r->leases), put_nodes, w);
}

static bool has_maintenance(const struct registry *r)
{
	return override_count_in(r->overrides, INTENT_NODE,
				 INTENT_MAINTENANCE) > 0 ||
	       override_count_in(r->overrides, INTENT_REGION,
				 INTENT_MAINTENANCE) > 0;
}

/* A walk over all nodes, but only while something is in maintenance. */
void fleet_metrics_region_excused(struct metrics_writer *w, void *arg)
{
	const struct registry *r = arg;
	const struct picture_source source = {
		.leases = r->leases,
		.regions = r->regions,
		.overrides = r->overrides,
	};
	struct picture picture;

	if (!has_maintenance(r))
		return;
	picture_take(&picture, &source, 0);
	for (size_t i = 0; i < picture.region_count; i++)
		put(w, picture.regions[i].sum.excused, picture.regions[i].id,
		    NULL, NULL);
	picture_fini(&picture);
}

void fleet_metrics_region_conns(struct metrics_writer *w, void *arg)
{
	each_region(w, arg, sum_conns);
}

void fleet_metrics_region_capacity(struct metrics_writer *w, void *arg)
{
	each_region(w, arg, sum_capacity);
}

void fleet_metrics_region_utilisation(struct metrics_writer *w, void *arg)
{
	each_region(w, arg, sum_utilisation);
}

void fleet_metrics_region_weight(struct metrics_writer *w, void *arg)
{
	each_region(w, arg, sum_weight);
}

/* ---- nodes ---- */

static double node_up(const struct picture_node *node)
{
	return node->lease->state != NODE_DOWN;
}

static double node_conns(const struct picture_node *node)
{
	return node->conns;
}

static double node_capacity(const struct picture_node *node)
{
	return node->lease->record.capacity;
}

static double node_utilisation(const struct picture_node *node)
{
	return part(node->conns, node->lease->record.capacity);
}

static double node_weight(const struct picture_node *node)
{
	return node->weight;
}

static void each_node(struct metrics_writer *w, void *arg,
		      double (*of_node)(const struct picture_node *node))
{
	const struct registry *r = arg;
	const struct picture_source source = {
		.leases = r->leases,
		.overrides = r->overrides,
	};
	const struct lease *lease;

	for (size_t i = 0; i < registry_settings_of(r)->metrics_nodes; i++) {
		struct picture_node node;

		lease = lease_at(r->leases, i);
		if (!lease)
			return;
		node = picture_node(&source, lease);
		put(w, of_node(&node), lease->record.region, "node",
		    lease->record.id);
	}
}

void fleet_metrics_node_up(struct metrics_writer *w, void *arg)
{
	each_node(w, arg, node_up);
}

void fleet_metrics_node_conns(struct metrics_writer *w, void *arg)
{
	each_node(w, arg, node_conns);
}

void fleet_metrics_node_capacity(struct metrics_writer *w, void *arg)
{
	each_node(w, arg, node_capacity);
}

void fleet_metrics_node_utilisation(struct metrics_writer *w, void *arg)
{
	each_node(w, arg, node_utilisation);
}

void fleet_metrics_node_weight(struct metrics_writer *w, void *arg)
{
	each_node(w, arg, node_weight);
}

void fleet_metrics_nodes_left_out(struct metrics_writer *w, void *arg)
{
	const struct registry *r = arg;
	size_t count = lease_count(r->leases);
	size_t max = registry_settings_of(r)->metrics_nodes;

	metrics_sample_u64(w, "", count > max ? count - max : 0);
}
