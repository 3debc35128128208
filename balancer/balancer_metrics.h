/*
 * balancer_metrics.h - peri-balancer's metrics: one table that also makes
 * docs/METRICS.md.
 */
#ifndef PERI_BALANCER_BALANCER_METRICS_H
#define PERI_BALANCER_BALANCER_METRICS_H

#include "lib/svc/metrics.h"

/* balancer_metrics_table - the rows; their argument is a struct balancer. */
const struct metrics_table *balancer_metrics_table(void);

#endif
