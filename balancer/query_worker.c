/*
 * query_worker.c - a thread that answers clients. All it has is made, used and
 * freed on that thread; other threads read its counters.
 */
#include "balancer/query_worker.h"

#include <stdatomic.h>

#include "lib/base/mem.h"
#include "lib/svc/worker.h"

#define QUIESCENT_MS 100
#define BODY_MAX     4096 /* queries have no body; room for the careless */

struct query_worker {
	struct resolver resolver; /* the hot part */
	struct query_worker_config config;
	unsigned index;
	uint16_t port;
	struct worker *worker;
	struct httpd *server;
	struct loop_timer *quiet;
	_Atomic bool drained;
};

/* Between callbacks the worker holds no view. */
static void on_quiet(void *arg)
{
	struct query_worker *w = arg;

	qsbr_quiescent(w->config.domain, w->index);
	if (httpd_is_drained(w->server))
		atomic_store(&w->drained, true);
}

static void fini(struct query_worker *w)
{
	httpd_free(&w->server);
	loop_timer_free(&w->quiet);
	qsbr_offline(w->config.domain, w->index);
}

static int start(struct loop *loop, unsigned index, void *arg, void **state_r)
{
	struct query_worker *w = arg;
	const struct balancer_settings *settings = w->config.settings;
	struct httpd_limits limits = httpd_default_limits();
	int rc;

	resolve_init(&w->resolver, w->config.slot,
		     demand_counter(w->config.demand, index),
		     &w->config.reports[index], w->config.limit);
	limits.conns_max = settings->conns_max;
	limits.per_peer = (struct peer_limits){
		.conns_max = settings->conns_per_address,
		.bad_per_s = settings->bad_rate,
		.bad_burst = settings->bad_burst,
	};
	limits.head_timeout_ms = settings->head_timeout_ms;
	limits.body_timeout_ms = settings->head_timeout_ms;
	limits.idle_timeout_ms = settings->idle_timeout_ms;
	limits.write_timeout_ms = settings->write_timeout_ms;
	limits.body_max_bytes = BODY_MAX;
	qsbr_online(w->config.domain, index);
	w->server = httpd_new(loop, &limits, resolve_handle, &w->resolver);
	httpd_set_admission(w->server, resolve_admit);
	httpd_look_ahead(w->server, resolve_ahead, RESOLVE_STEPS);
	w->quiet = loop_timer_new(loop, on_quiet, w);
	rc = httpd_listen(w->server, &settings->listen_public.at,
			  w->config.port, &w->port);
	if (rc != 0) {
		fini(w);
		return rc;
	}
	loop_timer_every(w->quiet, QUIESCENT_MS);
	*state_r = w;
	return 0;
}

/* The only message is "drain"; it has no content. */
static void on_message(void *state, void *message)
{
	struct query_worker *w = state;

	mem_free(message);
	httpd_drain(w->server);
}

static void stop(void *state)
{
	fini(state);
}

static const struct worker_role role = {
	.start = start,
	.message = on_message,
	.stop = stop,
	.slice_us = 100, /* a dozen answers; the builder's turn can wait */
};

int query_worker_start(const struct query_worker_config *config, unsigned index,
		       struct query_worker **worker_r, uint16_t *port_r)
{
	struct query_worker *w = mem_alloc(sizeof(*w));
	int rc;

	w->config = *config;
	w->index = index;
	rc = worker_start(&role, index, w, &w->worker);
	if (rc != 0) {
		mem_free(w);
		return rc;
	}
	w->config.settings = NULL; /* may go on a reload */
	*port_r = w->port;
	*worker_r = w;
	return 0;
}

void query_worker_stop(struct query_worker **worker)
{
	struct query_worker *w = *worker;

	*worker = NULL;
	if (!w)
		return;
	worker_stop(&w->worker);
	mem_free(w);
}

void query_worker_drain(struct query_worker *worker)
{
	worker_post(worker->worker, mem_alloc(1));
}

bool query_worker_is_drained(const struct query_worker *worker)
{
	return atomic_load(&worker->drained);
}

const struct resolve_counters *
query_worker_counters(const struct query_worker *worker)
{
	return &worker->resolver.counters;
}

const struct httpd *query_worker_server(const struct query_worker *worker)
{
	return worker->server;
}
