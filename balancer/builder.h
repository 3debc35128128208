/*
 * builder.h - the thread that owns the fleet: follows the registry, builds a
 * snapshot each second and at once on changes, publishes views to the workers
 * and keeps the saved state current.
 */
#ifndef PERI_BALANCER_BUILDER_H
#define PERI_BALANCER_BUILDER_H

#include "balancer/chores.h"
#include "balancer/demand.h"
#include "balancer/suspect_ring.h"
#include "balancer/sync.h"
#include "balancer/view_shelf.h"
#include "lib/base/qsbr.h"

struct builder;

/* Written by the builder's thread, read by anybody. */
struct builder_counters {
	struct counter builds, build_us_last, build_us_total;
	struct counter
		publish_held; /* old views that a worker may still hold */
	struct counter past_snapshots, past_bytes; /* on the shelf */
	struct counter state_refused, state_loaded_nodes;
	struct counter heard_at_ms; /* 0 = never */
	struct counter fleet_dropped;
	struct counter intents[INTENT_REGION + 1]; /* by enum intent_scope */
	struct counter reports, reports_unknown, doubts; /* suspects.h */
	struct sync_counters sync;
	struct chores_counters chores;
};

struct builder_config {
	const struct balancer_settings *settings; /* copied */
	struct qsbr *domain;			  /* borrowed, as all below */
	struct qsbr_slot *slot;
	struct demand *demand;
	struct view_shelf *shelf;
	struct suspect_ring *reports; /* report_count of them */
	unsigned report_count;
	struct builder_counters *counters;
};

/*
 * builder_start - load the map and the saved state, publish the first view,
 * start the thread.
 *
 * Returns 0, or an error after logging the reason: a geo file that cannot be
 * used, or threads that cannot be started. Main thread.
 */
MUST_CHECK int builder_start(const struct builder_config *config,
			     struct builder **builder_r);
/* builder_stop - save the state, end the thread. No worker may be online. */
void builder_stop(struct builder **builder);

/* builder_reload - new settings; the geo files are read anew. Main thread. */
void builder_reload(struct builder *builder,
		    const struct balancer_settings *settings);

/* builder_explain - give @job the world as it is now, if it asks what if, and
 * have it run on another thread; it goes to job->reply_to. Main thread. */
struct explain_job;
void builder_explain(struct builder *builder, struct explain_job *job);

#endif
