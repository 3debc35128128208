/*
 * bars_parts.h - what the parts of the acceptance set share: runs over all
 * seeds, the worst of them, and verdicts.
 */
#ifndef PERI_TESTS_SIM_RANKING_BARS_PARTS_H
#define PERI_TESTS_SIM_RANKING_BARS_PARTS_H

#include "tests/sim/ranking/bars.h"
#include "tests/sim/ranking/sim_run.h"

struct bars {
	const struct bars_options *options;
	struct sim_world *world;
	unsigned missed;    /* verdicts of the part under way */
	double replicas_of; /* L2, measured by L1 */
};

/* The worst of all seeds. */
struct bars_worst {
	double of, utilisation, af_p99, extra_km, far_part;
	double refused, failed, refused_per_10k, failed_per_10k;
	double orphan_failed_per_10k;
};

/* Looks at one run's figures; @run is over, its machines are gone. */
typedef void bars_look_cb(const struct sim_run *run, const struct figures *f,
			  void *arg);

/* bars_load - the scenario in scenarios/@name.json; ends the process with
 * status 2 when it cannot be read. */
struct sim_scenario bars_load(const struct bars *b, const char *name);

/* bars_play - run @scenario with our policy (or @policy) once for each seed;
 * @look may be NULL. */
struct bars_worst bars_play(const struct bars *b,
			    const struct sim_scenario *scenario,
			    bars_look_cb *look, void *arg);
struct bars_worst bars_play_rival(const struct bars *b,
				  const struct sim_scenario *scenario,
				  enum rival_kind policy);

/* bars_judge - print @value beside @bar; above it is missed. */
void bars_judge(struct bars *b, const char *what, double value, double bar);

/* The parts. Each prints its lines and judges. */
void bars_steady_l1(struct bars *b);
void bars_steady_l2(struct bars *b);
void bars_steady_l9(struct bars *b);
void bars_steady_l10(struct bars *b);
void bars_steady_l11(struct bars *b);
void bars_demand_l3(struct bars *b);
void bars_demand_l4(struct bars *b);
void bars_trouble_l5(struct bars *b);
void bars_trouble_l6(struct bars *b);
void bars_trouble_l7(struct bars *b);
void bars_trouble_l8(struct bars *b);
void bars_trouble_l14(struct bars *b);
void bars_draw_l12(struct bars *b);
void bars_draw_l13(struct bars *b);
void bars_rivals(struct bars *b);

#endif
