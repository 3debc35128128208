/*
 * fleet_metrics.h - the numbers of nodes and regions in /metrics. Labels are
 * ids, which were checked when they came in. How many nodes have series of
 * their own is bounded by metrics_nodes. Each is the collect() of one row of
 * registry_metrics.c; @arg is the struct registry. Loop thread.
 */
#ifndef PERI_REGISTRY_FLEET_METRICS_H
#define PERI_REGISTRY_FLEET_METRICS_H

#include "lib/svc/metrics.h"

/* By region and state. */
void fleet_metrics_region_nodes(struct metrics_writer *w, void *arg);
/* By region: nodes that are down, but no alarm. */
void fleet_metrics_region_excused(struct metrics_writer *w, void *arg);
/* By region: of its nodes that are not down. */
void fleet_metrics_region_conns(struct metrics_writer *w, void *arg);
void fleet_metrics_region_capacity(struct metrics_writer *w, void *arg);
void fleet_metrics_region_utilisation(struct metrics_writer *w, void *arg);
void fleet_metrics_region_weight(struct metrics_writer *w, void *arg);
/* By region and node. */
void fleet_metrics_node_up(struct metrics_writer *w, void *arg);
void fleet_metrics_node_conns(struct metrics_writer *w, void *arg);
void fleet_metrics_node_capacity(struct metrics_writer *w, void *arg);
void fleet_metrics_node_utilisation(struct metrics_writer *w, void *arg);
void fleet_metrics_node_weight(struct metrics_writer *w, void *arg);
/* How many nodes have none of these. */
void fleet_metrics_nodes_left_out(struct metrics_writer *w, void *arg);

#endif
