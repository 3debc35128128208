/*
 * sim_run.h - one run: a world, a scenario, a policy, a seed. Virtual time in
 * steps; equal input gives equal figures.
 */
#ifndef PERI_TESTS_SIM_RANKING_SIM_RUN_H
#define PERI_TESTS_SIM_RANKING_SIM_RUN_H

#include "tests/sim/ranking/figures.h"
#include "tests/sim/ranking/rivals.h"

struct sim_run {
	const struct sim_world *world;
	const struct sim_scenario *scenario;
	enum rival_kind policy; /* RIVAL_NONE: ours */
	uint64_t seed;
	bool keep_snapshots; /* in struct replica, to the end */
	/* Called after each step, or NULL: for what only one test wants. */
	void (*watch)(struct sim_run *run, void *arg);
	void *watch_arg;
	/* under way */
	struct machines *machines;
	struct replica *replicas;
	struct ledger *ledger;
	struct arrivals *arrivals;
	struct rng rng;
	int64_t start_ms, now_ms;
	double rate_per_s;
	struct figures *figures;
};

/* sim_run_play - run it. *@figures_r is the caller's, figures_fini(). */
void sim_run_play(struct sim_run *run, struct figures *figures_r);

#endif
