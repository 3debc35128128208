/*
 * registry_metrics.h - what /metrics of the registry says. Loop thread only.
 */
#ifndef PERI_REGISTRY_REGISTRY_METRICS_H
#define PERI_REGISTRY_REGISTRY_METRICS_H

#include "lib/svc/metrics.h"

/* registry_metrics_table - the rows; their argument is the struct registry. */
const struct metrics_table *registry_metrics_table(void);

#endif
