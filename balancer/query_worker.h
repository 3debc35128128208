/*
 * query_worker.h - one of the threads that answer clients: a loop, a server on
 * a SO_REUSEPORT listener, its own resolver and counters.
 */
#ifndef PERI_BALANCER_QUERY_WORKER_H
#define PERI_BALANCER_QUERY_WORKER_H

#include "balancer/balancer_conf.h"
#include "balancer/resolve.h"

struct query_worker;

struct query_worker_config {
	const struct balancer_settings *settings; /* of the start; borrowed */
	struct qsbr *domain;			  /* borrowed, as all below */
	struct qsbr_slot *slot;
	struct demand *demand;
	struct suspect_ring *reports; /* of all workers */
	struct ratelimit *limit;
	uint16_t port; /* where to listen; 0 = any free one */
};

/*
 * query_worker_start - start thread number @index and listen.
 *
 * Returns 0 and the bound port, or -errno of the listener. Main thread.
 */
MUST_CHECK int query_worker_start(const struct query_worker_config *config,
				  unsigned index,
				  struct query_worker **worker_r,
				  uint16_t *port_r);
/* query_worker_stop - close all connections, end the thread. */
void query_worker_stop(struct query_worker **worker);

/* query_worker_drain - stop accepting, finish what is under way. */
void query_worker_drain(struct query_worker *worker);
/* query_worker_is_drained - whether that is done. Main thread. */
bool query_worker_is_drained(const struct query_worker *worker);

/* query_worker_counters - for metrics: relaxed reads. */
const struct resolve_counters *
query_worker_counters(const struct query_worker *worker);
/* query_worker_server - for service_add_server(); until query_worker_stop(). */
const struct httpd *query_worker_server(const struct query_worker *worker);

#endif
