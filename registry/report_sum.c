/*
 * report_sum.c - lists of all balancers are joined, sorted by what they are
 * about, and neighbours that are about the same are added up. Pure.
 */
#include "registry/report_sum.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

/* ---- orders ---- */

static int compare_reals(double a, double b)
{
	return (a > b) - (a < b);
}

static int by_node_id(const void *a, const void *b)
{
	const struct report_node *left = a, *right = b;

	return strcmp(left->id, right->id);
}

static int by_region_id(const void *a, const void *b)
{
	const struct report_sum_region *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* Cells are a balancer's own numbers; places are not. */
static int compare_places(const struct report_area *a,
			  const struct report_area *b)
{
	int order = strcmp(a->country, b->country);

	if (order == 0)
		order = compare_reals(a->lat_deg, b->lat_deg);
	return order ? order : compare_reals(a->lon_deg, b->lon_deg);
}

static int by_place(const void *a, const void *b)
{
	const struct report_sum_area *left = a, *right = b;

	return compare_places(&left->area, &right->area);
}

static struct report_area place_of(const struct report_flow *flow)
{
	struct report_area place = {.lat_deg = flow->lat_deg,
				    .lon_deg = flow->lon_deg};

	memcpy(place.country, flow->country, sizeof(place.country));
	return place;
}

static int by_way(const void *a, const void *b)
{
	const struct report_flow *left = a, *right = b;
	struct report_area from_left = place_of(left);
	struct report_area from_right = place_of(right);
	int order = compare_places(&from_left, &from_right);

	if (order == 0)
		order = strcmp(left->region, right->region);
	return order ? order : left->spill - right->spill;
}

static int by_most_queries(const void *a, const void *b)
{
	const struct report_sum_area *left = a, *right = b;
	int order = compare_reals(right->area.per_s, left->area.per_s);

	return order ? order : by_place(a, b);
}

static int by_most_choices(const void *a, const void *b)
{
	const struct report_sum_flow *left = a, *right = b;
	int order = compare_reals(right->flow.per_s, left->flow.per_s);

	return order ? order : by_way(&left->flow, &right->flow);
}

static void sort(void *items, unsigned count, size_t bytes,
		 int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, bytes, compare);
}

/* ---- rates ---- */

static void add_rates(struct report_sum *sum,
		      const struct balancer_entry *entry)
{
	const struct report *report = &entry->report;

	sum->balancers++;
	sum->queries_per_s += report->queries_per_s;
	sum->demand_per_s += entry->rates.queries_per_s;
	sum->misses_per_s += entry->rates.misses_per_s;
	sum->panic_per_s += entry->rates.panic_per_s;
	sum->placed_per_s += report->placed_per_s;
	sum->nearest_per_s += report->nearest_per_s;
	if (report->p99_us > sum->p99_us)
		sum->p99_us = report->p99_us;
}

/* ---- lists: how long at most, all of them, neighbours added up ---- */

struct lengths {
	unsigned regions, nodes, areas, flows;
};

static struct lengths lengths_of(const struct balancer_table *table)
{
	struct lengths n = {0};
	const struct balancer_entry *entry;

	for (size_t i = 0; (entry = balancer_table_at(table, i)); i++) {
		n.regions +=
			entry->report.sites.count + entry->report.flows.count;
		n.nodes += entry->report.nodes.count;
		n.areas += entry->report.areas.count;
		n.flows += entry->report.flows.count;
	}
	return n;
}

static void join_region(struct report_sum *sum, const char *id, double per_s)
{
	struct report_sum_region *region = &sum->regions[sum->region_count++];

	memcpy(region->id, id, sizeof(region->id));
	region->per_s = per_s;
	sum->first_per_s += per_s;
}

static void join_flow(struct report_sum *sum, const struct report_flow *flow)
{
	sum->all_flows[sum->all_flow_count++] = *flow;
	join_region(sum, flow->region, 0);
	sum->regions[sum->region_count - 1].flow_per_s = flow->per_s;
	sum->regions[sum->region_count - 1].spill_per_s =
		flow->spill ? flow->per_s : 0;
}

static void join(struct report_sum *sum, const struct report *report)
{
	for (unsigned i = 0; i < report->sites.count; i++)
		join_region(sum, report->sites.items[i].region,
			    report->sites.items[i].per_s);
	for (unsigned i = 0; i < report->nodes.count; i++)
		sum->nodes[sum->node_count++] = report->nodes.items[i];
	for (unsigned i = 0; i < report->areas.count; i++)
		sum->areas[sum->area_count++].area = report->areas.items[i];
	for (unsigned i = 0; i < report->flows.count; i++)
		join_flow(sum, &report->flows.items[i]);
}

static void add_up_regions(struct report_sum *sum)
{
	unsigned kept = 0;

	sort(sum->regions, sum->region_count, sizeof(*sum->regions),
	     by_region_id);
	for (unsigned i = 0; i < sum->region_count; i++) {
		const struct report_sum_region *from = &sum->regions[i];
		struct report_sum_region *into = &sum->regions[kept];

		if (kept == 0 || by_region_id(into - 1, from) != 0) {
			*into = *from;
			kept++;
			continue;
		}
		into[-1].per_s += from->per_s;
		into[-1].flow_per_s += from->flow_per_s;
		into[-1].spill_per_s += from->spill_per_s;
	}
	sum->region_count = kept;
}

static void add_up_nodes(struct report_sum *sum)
{
	unsigned kept = 0;

	sort(sum->nodes, sum->node_count, sizeof(*sum->nodes), by_node_id);
	for (unsigned i = 0; i < sum->node_count; i++) {
		struct report_node *into = &sum->nodes[kept];

		if (kept > 0 && by_node_id(into - 1, &sum->nodes[i]) == 0)
			into[-1].per_s += sum->nodes[i].per_s;
		else
			sum->nodes[kept++] = sum->nodes[i];
	}
	sum->node_count = kept;
}

/* The median of both is between them: by what each saw. */
static void add_area(struct report_area *into, const struct report_area *from)
{
	double all_per_s = into->per_s + from->per_s;

	if (into->km_p50 < 0)
		into->km_p50 = from->km_p50;
	else if (from->km_p50 >= 0 && all_per_s > 0)
		into->km_p50 = (into->km_p50 * into->per_s +
				from->km_p50 * from->per_s) /
			       all_per_s;
	into->per_s = all_per_s;
	into->nearest_per_s += from->nearest_per_s;
}

static void add_up_areas(struct report_sum *sum)
{
	unsigned kept = 0;

	sort(sum->areas, sum->area_count, sizeof(*sum->areas), by_place);
	for (unsigned i = 0; i < sum->area_count; i++) {
		struct report_sum_area *into = &sum->areas[kept];

		if (kept > 0 && by_place(into - 1, &sum->areas[i]) == 0)
			add_area(&into[-1].area, &sum->areas[i].area);
		else
			sum->areas[kept++] = sum->areas[i];
	}
	sum->area_count = kept;
}

/* What the rates have not caught up with yet is there all the same: no area
 * has more than all. */
static void raise_demand(struct report_sum *sum)
{
	double areas_per_s = 0;

	for (unsigned i = 0; i < sum->area_count; i++)
		areas_per_s += sum->areas[i].area.per_s;
	if (areas_per_s > sum->demand_per_s)
		sum->demand_per_s = areas_per_s;
}

static void add_up_flows(struct report_sum *sum)
{
	unsigned kept = 0;

	sort(sum->all_flows, sum->all_flow_count, sizeof(*sum->all_flows),
	     by_way);
	for (unsigned i = 0; i < sum->all_flow_count; i++) {
		struct report_flow *into = &sum->all_flows[kept];

		if (kept > 0 && by_way(into - 1, &sum->all_flows[i]) == 0)
			into[-1].per_s += sum->all_flows[i].per_s;
		else
			sum->all_flows[kept++] = sum->all_flows[i];
	}
	sum->all_flow_count = kept;
}

/* Both are in the order of places: which flows begin in which area. */
static void give_flows_to_areas(struct report_sum *sum)
{
	unsigned at = 0;

	for (unsigned i = 0; i < sum->area_count; i++) {
		struct report_sum_area *area = &sum->areas[i];
		struct report_area from;

		for (; at < sum->all_flow_count; at++) {
			from = place_of(&sum->all_flows[at]);
			if (compare_places(&from, &area->area) >= 0)
				break;
		}
		area->flow_at = at;
		for (; at < sum->all_flow_count; at++) {
			from = place_of(&sum->all_flows[at]);
			if (compare_places(&from, &area->area) != 0)
				break;
		}
		area->flow_count = at - area->flow_at;
	}
}

/* The largest of each, most first. */
static void choose(struct report_sum *sum)
{
	sort(sum->areas, sum->area_count, sizeof(*sum->areas), by_most_queries);
	if (sum->area_count > REPORT_SUM_AREAS_MAX)
		sum->area_count = REPORT_SUM_AREAS_MAX;
	for (unsigned i = 0; i < sum->all_flow_count; i++)
		sum->flows[i] = (struct report_sum_flow){sum->all_flows[i], -1};
	for (unsigned i = 0; i < sum->area_count; i++) {
		const struct report_sum_area *area = &sum->areas[i];

		for (unsigned j = 0; j < area->flow_count; j++)
			sum->flows[area->flow_at + j].area = (int)i;
	}
	sum->flow_count = sum->all_flow_count;
	sort(sum->flows, sum->flow_count, sizeof(*sum->flows), by_most_choices);
	if (sum->flow_count > REPORT_SUM_FLOWS_MAX)
		sum->flow_count = REPORT_SUM_FLOWS_MAX;
}

struct report_sum *report_sum_new(const struct balancer_table *table)
{
	struct report_sum *sum = mem_alloc(sizeof(*sum));
	struct lengths n = lengths_of(table);
	const struct balancer_entry *entry;

	sum->holders = 1;
	sum->p99_us = -1;
	sum->regions = mem_array(n.regions, sizeof(*sum->regions));
	sum->nodes = mem_array(n.nodes, sizeof(*sum->nodes));
	sum->areas = mem_array(n.areas, sizeof(*sum->areas));
	sum->all_flows = mem_array(n.flows, sizeof(*sum->all_flows));
	sum->flows = mem_array(n.flows, sizeof(*sum->flows));
	for (size_t i = 0; (entry = balancer_table_at(table, i)); i++) {
		add_rates(sum, entry);
		join(sum, &entry->report);
	}
	add_up_regions(sum);
	add_up_nodes(sum);
	add_up_areas(sum);
	raise_demand(sum);
	add_up_flows(sum);
	give_flows_to_areas(sum);
	choose(sum);
	return sum;
}

struct report_sum *report_sum_hold(struct report_sum *sum)
{
	sum->holders++;
	return sum;
}

void report_sum_free(struct report_sum **sum)
{
	struct report_sum *self = *sum;

	*sum = NULL;
	if (!self || --self->holders > 0)
		return;
	mem_free(self->regions);
	mem_free(self->nodes);
	mem_free(self->areas);
	mem_free(self->all_flows);
	mem_free(self->flows);
	mem_free(self);
}

static int is_node_id(const void *id, const void *node)
{
	return strcmp(id, ((const struct report_node *)node)->id);
}

static int is_region_id(const void *id, const void *region)
{
	return strcmp(id, ((const struct report_sum_region *)region)->id);
}

double report_sum_node(const struct report_sum *sum, const char *id)
{
	const struct report_node *node =
		sum->node_count ? bsearch(id, sum->nodes, sum->node_count,
					  sizeof(*sum->nodes), is_node_id)
				: NULL;

	return node ? node->per_s : 0;
}

const struct report_sum_region *
report_sum_find_region(const struct report_sum *sum, const char *id)
{
	if (sum->region_count == 0)
		return NULL;
	return bsearch(id, sum->regions, sum->region_count,
		       sizeof(*sum->regions), is_region_id);
}

/* Returns how many there are now. */
static unsigned insert_top(struct report_sum_top tops[REPORT_SUM_TOPS],
			   unsigned count, const struct report_sum_top *top)
{
	unsigned at = count;

	for (; at > 0 && tops[at - 1].per_s < top->per_s; at--)
		if (at < REPORT_SUM_TOPS)
			tops[at] = tops[at - 1];
	if (at == REPORT_SUM_TOPS)
		return count;
	tops[at] = *top;
	return count < REPORT_SUM_TOPS ? count + 1 : count;
}

unsigned report_sum_tops(const struct report_sum *sum,
			 const struct report_sum_area *area,
			 struct report_sum_top tops_r[REPORT_SUM_TOPS])
{
	const struct report_flow *flow = &sum->all_flows[area->flow_at];
	const struct report_flow *end = flow + area->flow_count;
	unsigned count = 0;

	while (flow < end) {
		struct report_sum_top top = {.region = flow->region};

		/* What is spill and what is not stand side by side. */
		for (; flow < end && strcmp(flow->region, top.region) == 0;
		     flow++)
			top.per_s += flow->per_s;
		count = insert_top(tops_r, count, &top);
	}
	return count;
}
