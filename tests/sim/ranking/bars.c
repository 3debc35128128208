/*
 * bars.c - runs the parts of the acceptance set one by one and counts.
 */
#include "tests/sim/ranking/bars.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clk.h"
#include "tests/sim/ranking/bars_parts.h"

#define FOLDER "tests/sim/ranking/"

struct part {
	const char *id, *title;
	void (*run)(struct bars *b);
};

static const struct part parts[] = {
	{"L1", "T x rate x replicas", bars_steady_l1},
	{"L2", "replicas do not matter", bars_steady_l2},
	{"L3", "one metro asks three times its share", bars_demand_l3},
	{"L4", "30 % log-normal skew of demand", bars_demand_l4},
	{"L5", "a node is killed", bars_trouble_l5},
	{"L6", "a site of 24 nodes is killed", bars_trouble_l6},
	{"L7", "a node is added empty", bars_trouble_l7},
	{"L8", "a black hole", bars_trouble_l8},
	{"L9", "start at 0.5x..1.5x of even", bars_steady_l9},
	{"L10", "wrong estimates, lost renewals", bars_steady_l10},
	{"L11", "weights 1:2:4", bars_steady_l11},
	{"L12", "cost at 100,000 nodes", bars_draw_l12},
	{"L13", "every answer again", bars_draw_l13},
	{"L14", "drain", bars_trouble_l14},
};

struct sim_scenario bars_load(const struct bars *b, const char *name)
{
	struct sim_scenario scenario;
	char path[128];
	struct buf text;

	buf_init_fixed(&text, path, sizeof(path));
	buf_printf(&text, FOLDER "scenarios/%s.json", name);
	if (sim_scenario_load(buf_cstr(&text), b->world, &scenario) != 0)
		exit(2);
	return scenario;
}

static void note(struct bars_worst *w, const struct figures *f)
{
	w->of = fmax(w->of, f->of_peak);
	w->utilisation = fmax(w->utilisation, f->utilisation_max);
	w->af_p99 = fmax(w->af_p99, f->af_p99);
	w->extra_km = fmax(w->extra_km, f->extra_km);
	w->far_part = fmax(w->far_part, f->far_part);
	w->refused = fmax(w->refused, (double)f->refused);
	w->failed = fmax(w->failed, (double)f->failed);
	w->refused_per_10k = fmax(w->refused_per_10k, f->refused_per_10k);
	w->failed_per_10k = fmax(w->failed_per_10k, f->failed_per_10k);
	w->orphan_failed_per_10k =
		fmax(w->orphan_failed_per_10k, f->orphan_failed_per_10k);
}

struct bars_worst bars_play(const struct bars *b,
			    const struct sim_scenario *scenario,
			    bars_look_cb *look, void *arg)
{
	uint64_t seeds = b->options->quick ? 1 : b->options->seed_count;
	struct bars_worst worst = {0};

	for (uint64_t i = 0; i < seeds; i++) {
		struct sim_run run = {.world = b->world,
				      .scenario = scenario,
				      .seed = b->options->first_seed + i};
		struct figures figures;

		sim_run_play(&run, &figures);
		note(&worst, &figures);
		if (look)
			look(&run, &figures, arg);
		figures_fini(&figures);
	}
	return worst;
}

struct bars_worst bars_play_rival(const struct bars *b,
				  const struct sim_scenario *scenario,
				  enum rival_kind policy)
{
	struct bars_worst worst = {0};
	struct sim_run run = {.world = b->world,
			      .scenario = scenario,
			      .policy = policy,
			      .seed = b->options->first_seed};
	struct figures figures;

	sim_run_play(&run, &figures);
	note(&worst, &figures);
	figures_fini(&figures);
	return worst;
}

void bars_judge(struct bars *b, const char *what, double value, double bar)
{
	bool missed = !(value <= bar);

	printf("   %-52s %10.4g  bar %-8g %s\n", what, value, bar,
	       missed ? "MISSED" : "ok");
	(void)fflush(stdout);
	b->missed += missed;
}

/* Returns 1 when a verdict was missed. */
static unsigned run_part(struct bars *b, const struct part *part)
{
	int64_t start_us = clk_mono_us();

	printf("%s %s\n", part->id, part->title);
	b->missed = 0;
	part->run(b);
	printf("%-4s %s  (%.1f s)\n", part->id, b->missed ? "FAILED" : "passed",
	       (double)(clk_mono_us() - start_us) / 1e6);
	(void)fflush(stdout);
	return b->missed > 0;
}

static void print_head(const struct bars_options *options)
{
	printf("seeds %llu to %llu%s; verdicts go by the worst run; clients "
	       "are "
	       "drawn one by one\nby draw_nodes() in L5, L6, L8, L13 and where "
	       "a "
	       "node is nearly full, else as exact\ncounts from the real "
	       "snapshot (docs/SIMULATOR.md)\n",
	       (unsigned long long)options->first_seed,
	       (unsigned long long)(options->first_seed +
				    (options->quick ? 1 : options->seed_count) -
				    1),
	       options->quick ? ", the quick subset" : "");
}

static bool is_wanted(const struct bars_options *options,
		      const struct part *part)
{
	if (options->only)
		return strcmp(options->only, part->id) == 0;
	if (!options->quick || part->run != bars_draw_l12)
		return true;
	printf("%s %s: not in the quick subset\n", part->id, part->title);
	return false;
}

/* Else a typing error would be a set without a missed bar. */
static bool is_known(const char *only)
{
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
		if (strcmp(only, parts[i].id) == 0)
			return true;
	return strcmp(only, "rivals") == 0;
}

int bars_run(const struct bars_options *options)
{
	struct bars b = {.options = options, .replicas_of = -1};
	unsigned passed = 0, failed = 0;

	if (options->only && !is_known(options->only)) {
		fprintf(stderr,
			"sim: --only: \"%s\" is none of L1 to L14 and "
			"rivals\n",
			options->only);
		return 2;
	}
	if (sim_world_load(FOLDER "worlds/metros.json", &b.world) != 0)
		return 2;
	print_head(options);
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
		if (!is_wanted(options, &parts[i]))
			continue;
		if (run_part(&b, &parts[i]))
			failed++;
		else
			passed++;
	}
	if (options->only ? strcmp(options->only, "rivals") == 0
			  : !options->quick)
		bars_rivals(&b);
	sim_world_free(&b.world);
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
