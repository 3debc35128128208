/*
 * agent.c - starts the gate, then the lease (a node is told to clients only
 * when it listens), and takes both down in the reverse order. Main thread.
 */
#include "comet-agent/agent.h"

#include <inttypes.h>

#include "comet-agent/agent_addrs.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

/* How long the registry may take to hear that no more clients should come. */
#define WITHDRAW_MAX_MS 1000
/* Beyond the drain's duration: a worker's tick and the last goodbyes. */
#define DRAIN_MORE_MS	1000
#define LEAVE_MAX_MS	3000
#define PHASE_TICK_MS	20

const struct agent_settings *agent_settings(const struct agent *agent)
{
	return agent->ctx->settings;
}

static void fill_load(struct node_load *load, void *arg)
{
	struct agent *agent = arg;
	struct tally sum;

	gate_sum(agent->gate, &sum);
	load->conns = gate_open_conns(agent->gate);
	load->accepts_total = tally_get(&sum.accepts);
	load->refused_total = gate_refused_total(agent->gate);
	load->cpu_pct = load_cpu_sample(&agent->cpu);
}

/* ---- draining ---- */

static bool is_wanted(const struct agent_drains *drains)
{
	return drains->intent || drains->admin || drains->leaving;
}

/* An operator's intent is the registry's own knowledge: the weight stays. */
static void follow_weight(struct agent *agent)
{
	const struct agent_drains *drains = &agent->drains;
	bool is_withdrawn = drains->admin || drains->leaving;

	lease_driver_set_weight(
		agent->lease, is_withdrawn ? 0 : agent_settings(agent)->weight);
}

/* Somebody wants a drain, or another pace of the one that is on. */
static void let_go(struct agent *agent, const struct drain_wish *wish)
{
	struct agent_drains *drains = &agent->drains;
	uint32_t open = gate_open_conns(agent->gate);
	int64_t now_ms = loop_now_ms(agent->ctx->loop);
	int64_t time_ms;

	if (!gate_is_draining(agent->gate))
		drains->conns_at_start = open;
	time_ms = drain_wish_time_ms(wish, agent_settings(agent)->drain_ms,
				     drains->conns_at_start, open, now_ms);
	drains->end_ms = now_ms + time_ms;
	log_info("drain.start conns=%" PRIu32 " at_start=%" PRIu32
		 " duration_ms=%" PRId64,
		 open, drains->conns_at_start, time_ms);
	gate_drain(agent->gate, time_ms);
	follow_weight(agent);
}

/* Somebody wants the drain no longer. */
static void let_stay(struct agent *agent)
{
	if (!is_wanted(&agent->drains) && gate_is_draining(agent->gate)) {
		log_info("drain.end conns=%" PRIu32,
			 gate_open_conns(agent->gate));
		gate_undrain(agent->gate);
	}
	follow_weight(agent);
}

double agent_drain_share(const struct agent *agent)
{
	uint32_t start = agent->drains.conns_at_start;
	uint32_t open = gate_open_conns(agent->gate);

	if (open == 0)
		return 1;
	return open < start ? 1 - (double)open / start : 0;
}

/* A drain lets all go anyway. */
static void follow_shed(struct agent *agent, const struct lease_reply *reply)
{
	unsigned pct_per_min =
		reply->intent == LEASE_INTENT_DRAIN ? 0 : reply->shed_per_min;

	if (pct_per_min == agent->shed_per_min)
		return;
	log_info("shed conns=%" PRIu32 " pct_per_min=%u",
		 gate_open_conns(agent->gate), pct_per_min);
	agent->shed_per_min = pct_per_min;
	gate_shed(agent->gate, pct_per_min);
}

static void on_intent(const struct lease_reply *reply, void *arg)
{
	struct agent *agent = arg;
	struct agent_drains *drains = &agent->drains;
	struct drain_wish wish = {.pct_per_min = reply->shed_per_min};
	int64_t now_ms = loop_now_ms(agent->ctx->loop);
	bool was_wanted = drains->intent;

	if (agent->phase != AGENT_RUNNING)
		return;
	follow_shed(agent, reply);
	drains->intent = reply->intent == LEASE_INTENT_DRAIN;
	if (reply->deadline_ms)
		wish.end_ms = now_ms + reply->deadline_ms;
	if (!drains->intent) {
		if (was_wanted)
			let_stay(agent);
	} else if (!was_wanted ||
		   drain_wish_differs(&drains->wish, &wish, now_ms)) {
		drains->wish = wish;
		let_go(agent, &wish);
	}
}

void agent_set_admin_drain(struct agent *agent, const struct drain_wish *wish)
{
	agent->drains.admin = true;
	let_go(agent, wish);
}

void agent_end_admin_drain(struct agent *agent)
{
	agent->drains.admin = false;
	let_stay(agent);
}

/* ---- leaving ---- */

static void enter_phase(struct agent *agent, enum agent_phase phase,
			int64_t max_ms)
{
	agent->phase = phase;
	agent->phase_until_ms = loop_now_ms(agent->ctx->loop) + max_ms;
}

/* The registry knows, or will not know soon enough to wait for it. */
static bool is_told(const struct agent *agent)
{
	return lease_driver_is_current(agent->lease) ||
	       lease_driver_state(agent->lease) != LEASE_HELD;
}

/* All that are left have the time of a drain, however slow one is on. */
static void begin_draining(struct agent *agent)
{
	int64_t duration_ms = agent_settings(agent)->drain_ms;
	struct drain_wish wish = {
		.end_ms = loop_now_ms(agent->ctx->loop) + duration_ms,
	};

	agent->drains.leaving = true;
	gate_close_listeners(agent->gate);
	let_go(agent, &wish);
	enter_phase(agent, AGENT_DRAINING, duration_ms + DRAIN_MORE_MS);
}

static void begin_leaving(struct agent *agent)
{
	lease_driver_leave(agent->lease);
	enter_phase(agent, AGENT_LEAVING, LEAVE_MAX_MS);
}

static void on_phase(void *arg)
{
	struct agent *agent = arg;
	bool is_over = loop_now_ms(agent->ctx->loop) >= agent->phase_until_ms;

	switch (agent->phase) {
	case AGENT_RUNNING:
		return;
	case AGENT_WITHDRAWING:
		if (is_over || is_told(agent))
			begin_draining(agent);
		return;
	case AGENT_DRAINING:
		if (is_over || gate_open_conns(agent->gate) == 0)
			begin_leaving(agent);
		return;
	case AGENT_LEAVING:
		if (!is_over && lease_driver_state(agent->lease) != LEASE_LEFT)
			return;
		loop_timer_stop(agent->timer);
		service_stop(agent->ctx);
	}
}

void agent_drain(struct service_context *ctx)
{
	struct agent *agent = ctx->app;

	if (agent->phase != AGENT_RUNNING)
		return;
	/* The registry first: nobody should be sent here any more. */
	lease_driver_set_weight(agent->lease, 0);
	enter_phase(agent, AGENT_WITHDRAWING, WITHDRAW_MAX_MS);
	loop_timer_every(agent->timer, PHASE_TICK_MS);
}

/* ---- starting ---- */

static int start_gate(struct agent *agent)
{
	const struct agent_settings *settings = agent_settings(agent);
	struct gate_config config;
	int rc;

	agent_conf_gate(settings, &config);
	if (config.session.auth.mode == AUTH_OPEN)
		log_warn("agent.open_auth detail=\"auth_mode is open: clients "
			 "are believed; only for trusted networks\"");
	rc = gate_start(&config, &agent->gate);
	if (rc) {
		log_err("agent.listen_failed port=%u error=\"%s\"",
			(unsigned)settings->listen_tcp.port, err_str(rc));
		return rc;
	}
	service_log_listen("tcp", &settings->listen_tcp.at,
			   gate_port(agent->gate));
	return 0;
}

static int find_addrs(struct agent *agent, struct node_record *record)
{
	int rc = agent_addrs_fill(&agent_settings(agent)->addrs, record);

	if (rc == ERR_NOTFOUND)
		log_err("agent.no_address detail=\"no interface has a global "
			"address: set addrs to what clients connect to\"");
	else if (rc)
		log_err("agent.bad_addrs error=\"%s\"", err_str(rc));
	return rc;
}

static int start_lease(struct agent *agent)
{
	const struct agent_settings *settings = agent_settings(agent);
	struct lease_driver_config config = {
		.urls = &settings->registry,
		.token = settings->registry_token,
		.timeout_ms = settings->registry_timeout_ms,
		.backoff_max_ms = settings->registry_backoff_max_ms,
		.conflict_retry_ms = settings->conflict_retry_ms,
		.load = fill_load,
		.intent = on_intent,
		.arg = agent};
	struct node_record record;
	int rc;

	/* Larger after every restart, as long as the clock is not set back. */
	agent_conf_record(settings, gate_port(agent->gate),
			  (uint64_t)clk_wall_ms(), &record);
	rc = find_addrs(agent, &record);
	if (rc)
		return rc;
	rc = lease_driver_new(agent->ctx->loop, &config, &record,
			      &agent->lease);
	if (rc)
		log_err("agent.bad_registry error=\"%s\"", err_str(rc));
	return rc;
}

static void agent_free(struct agent *agent)
{
	lease_driver_free(&agent->lease);
	gate_free(&agent->gate);
	loop_timer_free(&agent->timer);
	mem_free(agent);
}

int agent_start(struct service_context *ctx, void **app_r)
{
	struct agent *agent = mem_alloc(sizeof(*agent));
	int rc;

	agent->ctx = ctx;
	agent->timer = loop_timer_new(ctx->loop, on_phase, agent);
	rc = start_gate(agent);
	if (!rc)
		rc = start_lease(agent);
	if (rc) {
		agent_free(agent);
		return rc;
	}
	(void)load_cpu_sample(&agent->cpu);
	*app_r = agent;
	return 0;
}

void agent_reload(struct service_context *ctx)
{
	struct agent *agent = ctx->app;

	if (agent->phase == AGENT_RUNNING)
		follow_weight(agent);
}

void agent_stop(struct service_context *ctx)
{
	agent_free(ctx->app);
}

bool agent_ready(struct service_context *ctx, struct buf *why)
{
	struct agent *agent = ctx->app;
	enum lease_state state = lease_driver_state(agent->lease);

	if (agent->phase != AGENT_RUNNING) {
		buf_str(why, "stopping");
		return false;
	}
	if (gate_is_draining(agent->gate)) {
		buf_str(why, "draining");
		return false;
	}
	if (state == LEASE_HELD)
		return true;
	buf_str(why, "lease is ");
	buf_str(why, lease_keeper_state_str(state));
	return false;
}
