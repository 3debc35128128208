/*
 * bars_steady.c - L1, L2, L9, L10, L11: nothing breaks, but reports are old,
 * balancers many and estimates wrong.
 */
#include <math.h>
#include <stdio.h>

#include "lib/base/def.h"
#include "tests/sim/ranking/bars_parts.h"

static const double renews_s[] = {1, 10, 30};
static const double rates_per_s[] = {100, 1000, 10000, 50000};
static const double af_bars[] = {3.0, 1.6, 1.2, 1.2}; /* by rate */
static const unsigned replicas[] = {1, 3, 10};

/* -- L1, L2 -------------------------------------------------------------- */

struct grid {
	struct bars_worst worst; /* of all */
	double af[ARRAY_LEN(rates_per_s)];
	double replicas_of; /* OF of 10 replicas less that of 1 */
};

/* OF of each seed, in turn. */
struct by_seed {
	double of[64];
	unsigned count;
};

static void note_of(const struct sim_run *run, const struct figures *f,
		    void *arg)
{
	struct by_seed *seeds = arg;

	(void)run;
	if (seeds->count < ARRAY_LEN(seeds->of))
		seeds->of[seeds->count++] = f->of_peak;
}

/* @fast_s: how long at 50,000/s, which would fill the fleet soon. */
static struct sim_scenario of_rate(const struct bars *b, const char *name,
				   double rate_per_s, double fast_s)
{
	struct sim_scenario s = bars_load(b, name);

	s.rate_per_s = rate_per_s;
	if (rate_per_s > 20000)
		s.duration_s = fast_s;
	return s;
}

/* One T and rate, all numbers of replicas. */
static void run_row(struct bars *b, struct grid *grid, unsigned rate,
		    double renew_s)
{
	struct sim_scenario s = of_rate(b, "L1", rates_per_s[rate], 70);
	struct by_seed seeds[ARRAY_LEN(replicas)] = {{{0}, 0}};

	s.renew_s = renew_s;
	printf("   T %2.0f s, %5.0f/s:", renew_s, s.rate_per_s);
	for (unsigned r = 0; r < ARRAY_LEN(replicas); r++) {
		struct bars_worst w;

		sim_scenario_replicas(&s, replicas[r]);
		w = bars_play(b, &s, note_of, &seeds[r]);
		printf("   R %2u OF %.3f AF %.3f", replicas[r], w.of, w.af_p99);
		grid->worst.of = fmax(grid->worst.of, w.of);
		grid->worst.extra_km = fmax(grid->worst.extra_km, w.extra_km);
		grid->af[rate] = fmax(grid->af[rate], w.af_p99);
	}
	for (unsigned i = 0; i < seeds[0].count; i++)
		grid->replicas_of = fmax(grid->replicas_of,
					 fabs(seeds[2].of[i] - seeds[0].of[i]));
	printf("\n");
}

static void run_grid(struct bars *b, struct grid *grid)
{
	*grid = (struct grid){.replicas_of = 0};
	for (unsigned rate = 0; rate < ARRAY_LEN(rates_per_s); rate++)
		for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++)
			run_row(b, grid, rate, renews_s[t]);
	b->replicas_of = grid->replicas_of;
}

void bars_steady_l1(struct bars *b)
{
	struct sim_scenario s;
	struct grid grid;

	run_grid(b, &grid);
	bars_judge(b, "OF", grid.worst.of, 1.05);
	bars_judge(b, "AF p99 at 100/s", grid.af[0], af_bars[0]);
	bars_judge(b, "AF p99 at 1,000/s", grid.af[1], af_bars[1]);
	bars_judge(b, "AF p99 at 10,000/s", grid.af[2], af_bars[2]);
	bars_judge(b, "AF p99 at 50,000/s", grid.af[3], af_bars[3]);
	bars_judge(b, "extra distance, km", grid.worst.extra_km, 1);
	s = bars_load(b, "L1-shared");
	bars_judge(b, "AF p99 at 10,000/s, anonymous clients",
		   bars_play(b, &s, NULL, NULL).af_p99, af_bars[2]);
}

void bars_steady_l2(struct bars *b)
{
	struct grid grid;

	if (b->replicas_of < 0)
		run_grid(b, &grid);
	bars_judge(b, "|OF(R=10) - OF(R=1)|, same seed, T and rate",
		   b->replicas_of, 0.02);
}

/* -- L9 ------------------------------------------------------------------ */

static void note_end(const struct sim_run *run, const struct figures *f,
		     void *arg)
{
	double *worst = arg;

	(void)run;
	*worst = fmax(*worst, f->of_end);
}

static double play_uneven(struct bars *b, double rate_per_s, double renew_s)
{
	struct sim_scenario s = of_rate(b, "L9", rate_per_s, 100);
	double worst = 0;

	s.renew_s = renew_s;
	(void)bars_play(b, &s, note_end, &worst);
	return worst;
}

void bars_steady_l9(struct bars *b)
{
	double slow = 0, fast = 0;

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		slow = fmax(slow, play_uneven(b, 10000, renews_s[t]));
		fast = fmax(fast, play_uneven(b, 50000, renews_s[t]));
	}
	bars_judge(b, "OF after 300 s at 10,000/s", slow, 1.10);
	bars_judge(b, "OF after 100 s at 50,000/s", fast, 1.10);
}

/* -- L10 ----------------------------------------------------------------- */

static void judge_wrong(struct bars *b, const char *what,
			const struct sim_scenario *scenario)
{
	static const double rates[] = {10000, 50000};
	struct bars_worst all = {0};

	for (unsigned r = 0; r < ARRAY_LEN(rates); r++) {
		struct sim_scenario s = *scenario;
		struct bars_worst w;

		s.rate_per_s = rates[r];
		if (rates[r] > 20000)
			s.duration_s = 100;
		w = bars_play(b, &s, NULL, NULL);
		all.of = fmax(all.of, w.of);
		all.refused += w.refused;
	}
	bars_judge(b, what, all.of, 1.08);
	bars_judge(b, "   refused", all.refused, 0);
}

void bars_steady_l10(struct bars *b)
{
	static const struct {
		const char *what;
		double asked;
	} rows[] = {{"OF, demand estimate x0.25", 0.25},
		    {"OF, demand estimate x0.5", 0.5},
		    {"OF, demand estimate x2", 2},
		    {"OF, demand estimate x4", 4}};
	struct sim_scenario s;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		s = bars_load(b, "L10");
		s.asked_per_client = rows[i].asked;
		judge_wrong(b, rows[i].what, &s);
	}
	s = bars_load(b, "L10-shares");
	judge_wrong(b, "OF, replica shares 70/20/10", &s);
	s = bars_load(b, "L10-lost");
	judge_wrong(b, "OF, 20 % of renewals lost", &s);
	s = bars_load(b, "L10-frozen");
	judge_wrong(b, "OF, a replica frozen for 80 s", &s);
}

/* -- L11 ----------------------------------------------------------------- */

/* Deviation of each node's connections from its share of its site's. */
static void note_deviation(const struct sim_run *run, const struct figures *f,
			   void *arg)
{
	const struct sim_world *world = run->world;
	double *worst = arg;

	for (unsigned s = 0; s < world->site_count; s++) {
		const struct sim_site *site = &world->sites[s];
		double fair = 0, conns = 0;

		for (unsigned i = site->first_node;
		     i < site->first_node + site->node_count; i++) {
			fair += f->fair[i];
			conns += f->level_end[i] * f->fair[i];
		}
		for (unsigned i = site->first_node;
		     i < site->first_node + site->node_count; i++)
			*worst = fmax(
				*worst,
				fabs(f->level_end[i] / (conns / fair) - 1));
	}
}

void bars_steady_l11(struct bars *b)
{
	struct sim_scenario s = bars_load(b, "L11");
	double worst = 0;

	(void)bars_play(b, &s, note_deviation, &worst);
	bars_judge(b, "worst node's deviation from its share, %", worst * 100,
		   5);
}

/* -- opponents ----------------------------------------------------------- */

void bars_rivals(struct bars *b)
{
	struct sim_scenario s = of_rate(b, "L1", 50000, 70);

	sim_scenario_replicas(&s, 10);
	printf("beside others: 50,000/s, R = 10, worst of T = 1, 10, 30 s, "
	       "seed %llu\n",
	       (unsigned long long)b->options->first_seed);
	for (unsigned k = RIVAL_NONE; k < RIVAL_KINDS; k++) {
		struct bars_worst worst = {0};

		for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
			struct bars_worst w;

			s.renew_s = renews_s[t];
			w = bars_play_rival(b, &s, (enum rival_kind)k);
			worst.of = fmax(worst.of, w.of);
			worst.af_p99 = fmax(worst.af_p99, w.af_p99);
			worst.refused_per_10k =
				fmax(worst.refused_per_10k, w.refused_per_10k);
			worst.failed_per_10k =
				fmax(worst.failed_per_10k, w.failed_per_10k);
		}
		printf("   %-12s OF %.3f  AF p99 %6.3f  refused %7.1f  failed "
		       "%6.1f per 10k lists\n",
		       rival_kind_str((enum rival_kind)k), worst.of,
		       worst.af_p99, worst.refused_per_10k,
		       worst.failed_per_10k);
		(void)fflush(stdout);
	}
}
