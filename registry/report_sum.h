/*
 * report_sum.h - what all balancers together reported last: rates, where
 * clients are, where they were sent. Copies, so it outlives the reports. Pure.
 */
#ifndef PERI_REGISTRY_REPORT_SUM_H
#define PERI_REGISTRY_REPORT_SUM_H

#include "registry/balancer_table.h"

#define REPORT_SUM_AREAS_MAX 256 /* those with most queries */
#define REPORT_SUM_FLOWS_MAX 512 /* those with most first choices */
#define REPORT_SUM_TOPS	     4	 /* regions that are told of an area */

/* First choices that fall to one region. */
struct report_sum_region {
	char id[NODE_ID_BYTES];
	double per_s;			/* all of them */
	double flow_per_s, spill_per_s; /* of those whose place is known */
};

/* Where clients are. */
struct report_sum_area {
	struct report_area area;
	/* The first of all flows from here and how many there are; an index
	 * into all_flows. */
	unsigned flow_at, flow_count;
};

struct report_sum_flow {
	struct report_flow flow;
	int area; /* index, -1 = not among the areas */
};

struct report_sum {
	unsigned holders;
	unsigned balancers;
	double queries_per_s, first_per_s;
	double demand_per_s; /* queries, over as long as the areas' */
	double misses_per_s, panic_per_s;
	double placed_per_s, nearest_per_s;
	double p99_us; /* of the slowest balancer; -1 = unknown */
	struct report_sum_region *regions; /* in the order of ids */
	unsigned region_count;
	struct report_node *nodes; /* in the order of ids */
	unsigned node_count;
	struct report_sum_area *areas; /* most queries first */
	unsigned area_count;
	struct report_flow *all_flows; /* by area */
	unsigned all_flow_count;
	struct report_sum_flow *flows; /* most first choices first */
	unsigned flow_count;
};

/* report_sum_new - of the balancers in @table. The caller holds it. */
struct report_sum *report_sum_new(const struct balancer_table *table);
/* report_sum_hold - one more holds @sum, which is read only then. Returns it.
 * report_sum_free - one less does; the last one frees it. */
struct report_sum *report_sum_hold(struct report_sum *sum);
void report_sum_free(struct report_sum **sum);

/* report_sum_node - first choices a second that fall to the node @id; 0 when
 * it is not among those that were reported. */
double report_sum_node(const struct report_sum *sum, const char *id);
/* report_sum_find_region - borrowed, or NULL. */
const struct report_sum_region *
report_sum_find_region(const struct report_sum *sum, const char *id);
/* report_sum_tops - the regions that most go to from @area, most first; returns
 * how many. Their ids are borrowed. */
struct report_sum_top {
	const char *region;
	double per_s;
};
unsigned report_sum_tops(const struct report_sum *sum,
			 const struct report_sum_area *area,
			 struct report_sum_top tops_r[REPORT_SUM_TOPS]);

#endif
