/*
 * agent.h - the app: gate, lease and drain put together. Main thread.
 *
 *   RUNNING --SIGTERM--> WITHDRAWING --told, or 1 s--> DRAINING --all gone-->
 *   LEAVING --deregistered, or given up--> the service stops
 */
#ifndef PERI_COMET_AGENT_AGENT_H
#define PERI_COMET_AGENT_AGENT_H

#include "comet-agent/drain.h"
#include "comet-agent/agent_conf.h"
#include "comet-agent/gate.h"
#include "comet-agent/lease_driver.h"
#include "comet-agent/load.h"
#include "lib/svc/service.h"

enum agent_phase {
	AGENT_RUNNING,
	AGENT_WITHDRAWING, /* the registry is told: weight 0 */
	AGENT_DRAINING,	   /* clients are let go */
	AGENT_LEAVING,	   /* deregistering */
};

/* Who wants this node to drain; it does while any of them does, at the pace
 * that was asked for last. */
struct agent_drains {
	bool intent;		 /* the registry's answer to a renewal */
	bool admin;		 /* POST /v1/drain */
	bool leaving;		 /* SIGTERM */
	struct drain_wish wish;	 /* of the intent */
	uint32_t conns_at_start; /* valid while the gate drains */
	int64_t end_ms;		 /* all are to be gone then; the same */
};

struct agent {
	struct service_context *ctx; /* borrowed */
	struct gate *gate;
	struct lease_driver *lease;
	struct load_cpu cpu;
	struct loop_timer *timer; /* drives the phases */
	enum agent_phase phase;
	int64_t phase_until_ms; /* the phase ends then at the latest */
	struct agent_drains drains;
	unsigned shed_per_min; /* percent; as the gate knows it */
};

/* agent_start, agent_reload, agent_drain, agent_stop, agent_ready - for the
 * service runner; see service.h. */
MUST_CHECK int agent_start(struct service_context *ctx, void **app_r);
void agent_reload(struct service_context *ctx);
void agent_drain(struct service_context *ctx);
void agent_stop(struct service_context *ctx);
bool agent_ready(struct service_context *ctx, struct buf *why);

/* agent_settings - those in force. Borrowed until the next reload. */
const struct agent_settings *agent_settings(const struct agent *agent);

/* agent_drain_share - the part (0..1) of the clients at the drain's start that
 * has gone; the gate drains. */
double agent_drain_share(const struct agent *agent);

/* agent_set_admin_drain, agent_end_admin_drain - an operator of this machine
 * wants the node to drain as @wish says, or no longer. */
void agent_set_admin_drain(struct agent *agent, const struct drain_wish *wish);
void agent_end_admin_drain(struct agent *agent);

#endif
