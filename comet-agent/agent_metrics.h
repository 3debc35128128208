/*
 * agent_metrics.h - comet-agent's rows of /metrics. The argument of their
 * callbacks is the struct agent. Main thread.
 */
#ifndef PERI_COMET_AGENT_AGENT_METRICS_H
#define PERI_COMET_AGENT_AGENT_METRICS_H

#include "lib/svc/metrics.h"

/* agent_metrics_table - constant. */
struct metrics_table agent_metrics_table(void);

#endif
