/*
 * sim_run.c - see the header. Order within a step: what happens to nodes,
 * sessions that end, renewals, the registry, builds, clients.
 */
#include "tests/sim/ranking/sim_run.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tests/sim/ranking/arrivals.h"
#include "tests/sim/ranking/ledger.h"

#define START_MS 1000000 /* reports are older than the start */

/* -- events -------------------------------------------------------------- */

static void change_node(struct sim_run *run, const struct sim_event *event,
			unsigned node)
{
	struct machine *m = &run->machines->list[node];

	switch (event->kind) {
	case SIM_KILL:
	case SIM_HOLE:
		arrivals_orphan(run, run->world->node_site[node], m->conns);
		m->conns = 0;
		m->state =
			event->kind == SIM_KILL ? MACHINE_DEAD : MACHINE_HOLE;
		return;
	case SIM_REVIVE:
	case SIM_ADD:
		m->state = MACHINE_UP;
		m->conns = 0;
		m->accepts = 0;
		m->boot++;
		m->registered_at_ms = run->now_ms;
		m->next_report_ms = run->now_ms;
		break;
	case SIM_WEIGHT:
		m->weight = (uint32_t)event->value;
		break;
	case SIM_FREEZE:
	case SIM_RATE:
		return;
	}
	ledger_register(run->ledger, m, node, run->now_ms);
}

static void expect_all(struct sim_run *run)
{
	for (unsigned r = 0; r < run->scenario->replica_count; r++)
		if (!run->replicas[r].rival)
			arrivals_expect(run, &run->replicas[r]);
}

static void carry_out(struct sim_run *run, const struct sim_event *event)
{
	if (event->kind == SIM_RATE) {
		run->rate_per_s = event->value;
		expect_all(run);
	}
	if (event->kind == SIM_FREEZE)
		run->replicas[event->replica].frozen_until_ms =
			run->now_ms + (int64_t)(event->for_s * 1000);
	for (unsigned i = 0; i < run->machines->count; i++)
		if ((int)i == event->node_index ||
		    (int)run->world->node_site[i] == event->site_index)
			change_node(run, event, i);
}

static void step_events(struct sim_run *run)
{
	const struct sim_scenario *s = run->scenario;
	int64_t from_ms = run->now_ms - run->start_ms;

	for (unsigned i = 0; i < s->event_count; i++) {
		int64_t at_ms = (int64_t)(s->events[i].at_s * 1000);

		if (at_ms >= from_ms && at_ms < from_ms + s->step_ms)
			carry_out(run, &s->events[i]);
	}
}

/* -- renewals, builds ---------------------------------------------------- */

/* As the agent does: its call times out after 2 s; then up to 250 ms. */
static int64_t retry_ms(struct sim_run *run)
{
	if (run->scenario->no_retries)
		return (int64_t)(run->scenario->renew_s * 1000);
	return 2050 + (int64_t)rng_below(&run->rng, 250);
}

static void step_renewals(struct sim_run *run)
{
	int64_t renew_ms = (int64_t)(run->scenario->renew_s * 1000);

	for (unsigned i = 0; i < run->machines->count; i++) {
		struct machine *m = &run->machines->list[i];

		if (m->state != MACHINE_UP && m->state != MACHINE_HOLE)
			continue;
		if (run->now_ms < m->next_report_ms)
			continue;
		if (run->scenario->lost_renewals > 0 &&
		    rng_unit(&run->rng) < run->scenario->lost_renewals) {
			m->next_report_ms = run->now_ms + retry_ms(run);
			continue;
		}
		m->next_report_ms += renew_ms;
		ledger_renew(run->ledger, m, i, run->now_ms);
	}
}

static void step_builds(struct sim_run *run)
{
	for (unsigned i = 0; i < run->scenario->replica_count; i++) {
		struct replica *r = &run->replicas[i];

		if (r->frozen_until_ms > 0 &&
		    run->now_ms >= r->frozen_until_ms) {
			r->frozen_until_ms = 0;
			ledger_tell_all(run->ledger, r, run->now_ms);
		}
		if (!replica_is_due(r, run->now_ms))
			continue;
		replica_build(r, run->world, run->scenario, run->now_ms);
		arrivals_expect(run, r);
	}
}

/* -- the whole ----------------------------------------------------------- */

static void begin(struct sim_run *run, struct ledger *ledger)
{
	const struct sim_scenario *s = run->scenario;
	int64_t renew_ms = (int64_t)(s->renew_s * 1000);
	double shares = 0;

	rng_seed(&run->rng, run->seed);
	run->start_ms = run->now_ms = START_MS;
	run->rate_per_s = s->rate_per_s;
	run->machines = machines_new(run->world, s, &run->rng, run->now_ms);
	run->replicas = mem_array(s->replica_count, sizeof(*run->replicas));
	run->ledger = ledger;
	memset(ledger, 0, sizeof(*ledger));
	ledger->replicas = run->replicas;
	ledger->replica_count = s->replica_count;
	run->arrivals = arrivals_new(run);
	for (unsigned i = 0; i < s->replica_count; i++)
		shares += s->replica_shares[i];
	for (unsigned i = 0; i < s->replica_count; i++) {
		replica_init(&run->replicas[i], run->world, run->policy,
			     run->now_ms, 1000 * i / s->replica_count);
		run->replicas[i].keeps = run->keep_snapshots;
		run->replicas[i].share_of_clients =
			s->replica_shares[i] / shares;
	}
	ledger_init(ledger, run->world, run->machines, renew_ms, run->now_ms);
}

static void end(struct sim_run *run)
{
	for (unsigned i = 0; i < run->scenario->replica_count; i++)
		replica_fini(&run->replicas[i]);
	mem_free(run->replicas);
	run->replicas = NULL;
	ledger_fini(run->ledger);
	arrivals_free(&run->arrivals);
	machines_free(&run->machines);
}

static void step(struct sim_run *run)
{
	double dt_s = (double)run->scenario->step_ms / 1000;

	figures_time(run->figures, run->now_ms - run->start_ms,
		     run->scenario->warmup_s);
	step_events(run);
	machines_end_sessions(run->machines, &run->rng, dt_s,
			      run->scenario->session_s);
	step_renewals(run);
	ledger_advance(run->ledger, run->now_ms);
	step_builds(run);
	arrivals_step(run, dt_s);
	figures_level(run->figures, run->machines);
	if (run->watch)
		run->watch(run, run->watch_arg);
}

void sim_run_play(struct sim_run *run, struct figures *figures_r)
{
	int64_t end_ms = START_MS + (int64_t)(run->scenario->duration_s * 1000);
	struct ledger ledger;

	run->figures = figures_r;
	figures_init(figures_r, run->world->node_count,
		     run->scenario->duration_s);
	begin(run, &ledger);
	for (; run->now_ms < end_ms; run->now_ms += run->scenario->step_ms)
		step(run);
	figures_time(figures_r, end_ms - START_MS, run->scenario->warmup_s);
	figures_end(figures_r, run->machines, run->scenario->warmup_s);
	end(run);
}
