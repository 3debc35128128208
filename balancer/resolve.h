/*
 * resolve.h - what the public listener answers: /resolve and its short forms,
 * /goim/nodes/weighted, health. One resolver belongs to one worker thread; the
 * way of a query takes no lock, allocates nothing and logs nothing.
 */
#ifndef PERI_BALANCER_RESOLVE_H
#define PERI_BALANCER_RESOLVE_H

#include "balancer/answer.h"
#include "balancer/client_addr.h"
#include "balancer/counter.h"
#include "balancer/demand.h"
#include "balancer/draw_share.h"
#include "balancer/query.h"
#include "balancer/suspect_ring.h"
#include "balancer/view.h"
#include "lib/base/qsbr.h"
#include "lib/base/rng.h"
#include "lib/net/httpd_ahead.h"
#include "lib/svc/metrics.h"

enum resolve_result {
	RESOLVE_OK,	      /* a list */
	RESOLVE_PANIC,	      /* a list beyond all headroom */
	RESOLVE_EMPTY,	      /* no node alive: fallback names only */
	RESOLVE_GOIM,	      /* goim's form */
	RESOLVE_NOT_MODIFIED, /* the device has this list: 304 */
	RESOLVE_RESULT_COUNT,
};

/* Written by the worker, read by the metrics of another thread. */
struct resolve_counters {
	struct counter results[RESOLVE_RESULT_COUNT];
	struct counter refusals[QUERY_REFUSAL_COUNT];
	struct counter first_rank[SNAPSHOT_CANDIDATES]; /* of the site */
	struct counter spill;	  /* of them, not in a nearest site */
	struct counter source[4]; /* by enum cellmap_source */
	struct counter panics;	  /* answers flagged so, goim's too */
	struct counter failed_reports;
	struct counter shared; /* draws for clients without a device id */
	struct metrics_histogram duration; /* of 1 in RESOLVE_SAMPLE */
};

#define RESOLVE_SAMPLE 64

struct resolve_turn;
typedef void resolve_answer_cb(struct resolve_turn *turn);

/* A request on its way through the steps ahead to its answer, all in one
 * callback of the loop: so it may point into the view. */
struct resolve_turn {
	struct resolver *resolver;
	struct httpd_request *req;
	resolve_answer_cb *answer;
	const struct view *view;
	const struct view_service *service; /* NULL: nothing to draw */
	enum query_refusal refusal;	    /* of /resolve */
	bool claims;			    /* claim is valid */
	struct client_addr_claim claim;
	struct answer_client client;
	uint32_t place_id;
	int64_t began_us; /* 0: not timed */
	struct draw_list list;
	struct query query;
};

struct resolver {
	struct qsbr_slot *current;     /* struct view; borrowed */
	struct demand_counter *demand; /* borrowed, as all below */
	struct suspect_ring *reports;
	struct ratelimit *limit; /* all workers' */
	struct rng rng;
	uint32_t until_sample;
	struct draw_share share;
	struct resolve_counters counters;
	struct resolve_turn turns[HTTPD_BATCH];
};

/* resolve_init - a resolver of @current's views; all are borrowed. @reports
 * takes what clients say did not work. */
void resolve_init(struct resolver *resolver, struct qsbr_slot *current,
		  struct demand_counter *demand, struct suspect_ring *reports,
		  struct ratelimit *limit);

/*
 * resolve_ahead - the steps before that (httpd_ahead_cb): all that has to be
 * looked up for an answer, so that resolve_handle() only writes it.
 */
#define RESOLVE_STEPS 7
void resolve_ahead(struct httpd_request *req, unsigned step, void *resolver);

/* resolve_handle - answer one request of the public listener; of the type
 * httpd_handler_cb, @resolver is a struct resolver. The worker's thread. */
void resolve_handle(struct httpd_request *req, void *resolver);

/* resolve_admit - what a peer of the public listener is; of the type
 * httpd_admit_cb, @resolver is a struct resolver. The worker's thread. */
enum httpd_admission resolve_admit(const struct addr *peer, void *resolver);

/* resolve_key - the key of a device id: the same on every replica. */
uint64_t resolve_key(struct sv device);

/* resolve_result_str - "ok", "panic", "empty", "goim",
 * "not_modified". */
const char *resolve_result_str(enum resolve_result result);

#endif
