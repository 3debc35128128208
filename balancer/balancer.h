/*
 * balancer.h - peri-balancer as a service: who owns what, in which order it
 * starts and stops. Main thread.
 */
#ifndef PERI_BALANCER_BALANCER_H
#define PERI_BALANCER_BALANCER_H

#include "balancer/builder.h"
#include "balancer/query_worker.h"
#include "balancer/reporter.h"
#include "lib/svc/service.h"

struct balancer {
	struct qsbr *domain;
	struct qsbr_slot slot; /* struct view, published by the builder */
	struct demand *demand;
	struct ratelimit *limit;
	struct view_shelf *shelf;
	struct suspect_ring *reports; /* one of each worker */
	struct builder *builder;
	struct mailbox *answers; /* struct explain_job comes back here */
	unsigned explains_pending;
	uint64_t explains_refused;
	struct builder_counters counters;
	struct query_worker *workers[BALANCER_WORKERS_MAX];
	unsigned worker_count;
	uint16_t port; /* of the public listener */
	struct reporter_counters reported;
	struct reporter *reporter; /* to the registry; NULL while draining */
	struct loop_timer *drain_timer;
	struct service_context *ctx;
};

/* balancer_service - the service for service_main(); constant. */
const struct service *balancer_service(void);

/* balancer_sum - a counter of all workers, by its offset in struct
 * resolve_counters. Main thread; relaxed reads. */
uint64_t balancer_sum(const struct balancer *app, size_t offset);
#define BALANCER_SUM(app, member)                                              \
	balancer_sum(app, offsetof(struct resolve_counters, member))
#define BALANCER_SUM_AT(app, member, i)                                        \
	balancer_sum(app, offsetof(struct resolve_counters, member) +          \
				  (i) * sizeof(struct counter))

/* balancer_ready - whether there are nodes to answer with; @why says which
 * snapshot, how old, from where, and whether places are known. */
bool balancer_ready(struct service_context *ctx, struct buf *why);

#endif
