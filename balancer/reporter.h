/*
 * reporter.h - tells the registry once a second that this balancer lives and
 * what it does (lib/proto/report.h), so that all know R. What fails is counted
 * and logged, nothing else. Main thread: builder and workers do not notice.
 */
#ifndef PERI_BALANCER_REPORTER_H
#define PERI_BALANCER_REPORTER_H

#include "balancer/balancer_conf.h"
#include "balancer/counter.h"
#include "balancer/flow_tally.h"

struct balancer;
struct reporter;

/* Main thread only. */
struct reporter_counters {
	uint64_t ok, failed; /* reports that were taken; that were not */
	uint64_t skipped;    /* seconds in which one was still under way */
	struct flow_distances distances; /* up to the last report */
};

/* reporter_new - begin; @app (with its workers) outlives the reporter. Reports
 * go to the registry that the sync is at. */
struct reporter *reporter_new(struct balancer *app,
			      const struct balancer_settings *settings);
/* reporter_free - end; the registry forgets us after its 5 s. */
void reporter_free(struct reporter **reporter);

#endif
