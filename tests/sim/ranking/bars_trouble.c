/*
 * bars_trouble.c - L5 to L8, L14: nodes and sites come, go and lie.
 */
#include <math.h>
#include <stdio.h>

#include "lib/base/def.h"
#include "tests/sim/ranking/bars_parts.h"

static const double renews_s[] = {1, 10, 30};

/* -- L5, L14: nobody is sent there any more ------------------------------ */

static bool is_meant(const struct sim_run *run, const struct sim_event *event,
		     unsigned node)
{
	return (int)node == event->node_index ||
	       (int)run->world->node_site[node] == event->site_index;
}

/* Seconds from an event to the last first place of its nodes. */
static void note_last(const struct sim_run *run, const struct figures *f,
		      void *arg)
{
	double *worst_s = arg;

	for (unsigned e = 0; e < run->scenario->event_count; e++) {
		const struct sim_event *event = &run->scenario->events[e];

		for (unsigned i = 0; i < f->node_count; i++)
			if (is_meant(run, event, i))
				*worst_s = fmax(*worst_s,
						(double)f->last_first_ms[i] /
								1000 -
							event->at_s);
	}
}

/* Most first places of a dead node in 10 s, from its death on. */
static void note_firsts(const struct sim_run *run, const struct figures *f,
			void *arg)
{
	double *worst = arg;

	for (unsigned e = 0; e < run->scenario->event_count; e++) {
		const struct sim_event *event = &run->scenario->events[e];
		unsigned from =
			(unsigned)(event->at_s * 1000 / FIGURES_WINDOW_MS);

		for (unsigned w = from; w < f->window; w++)
			*worst = fmax(*worst,
				      f->firsts[w * f->node_count +
						(unsigned)event->node_index]);
	}
}

static void judge_feedback(struct bars *b, double renew_s)
{
	struct sim_scenario s = bars_load(b, "L5-feedback");
	double most = 0;

	s.renew_s = renew_s;
	(void)bars_play(b, &s, note_firsts, &most);
	bars_judge(b, "   with feedback: first places in 10 s", most,
		   10 * s.replica_count);
}

void bars_trouble_l5(struct bars *b)
{
	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		struct sim_scenario s = bars_load(b, "L5");
		double last_s = 0;

		s.renew_s = renews_s[t];
		(void)bars_play(b, &s, note_last, &last_s);
		printf("   T %.0f s:\n", s.renew_s);
		bars_judge(b, "last first place, s after", last_s,
			   1.5 * s.renew_s + 2);
		judge_feedback(b, s.renew_s);
	}
}

void bars_trouble_l14(struct bars *b)
{
	double last_s = 0;

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		struct sim_scenario s = bars_load(b, "L14");

		s.renew_s = renews_s[t];
		(void)bars_play(b, &s, note_last, &last_s);
	}
	bars_judge(b, "last first place, s after", last_s, 1.5);
}

/* -- L6 ------------------------------------------------------------------ */

static double play_dead_site(struct bars *b, double renew_s, bool feedback)
{
	struct sim_scenario s = bars_load(b, "L6");
	struct bars_worst w;

	s.renew_s = renew_s;
	s.feedback = feedback;
	w = bars_play(b, &s, NULL, NULL);
	return w.orphan_failed_per_10k;
}

void bars_trouble_l6(struct bars *b)
{
	double leases = 0, feedback = 0;

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		leases = fmax(leases, play_dead_site(b, renews_s[t], false));
		feedback = fmax(feedback, play_dead_site(b, renews_s[t], true));
	}
	bars_judge(b, "failed lists of 10k of its clients, leases alone",
		   leases, 20);
	bars_judge(b, "the same with feedback", feedback, 1);
}

/* -- L7, L8 -------------------------------------------------------------- */

static void note_new(const struct sim_run *run, const struct figures *f,
		     void *arg)
{
	const struct sim_event *event = &run->scenario->events[0];
	unsigned from = (unsigned)(event->at_s * 1000 / FIGURES_WINDOW_MS);
	double *worst = arg;

	for (unsigned w = from; w < f->window; w++)
		*worst = fmax(*worst,
			      figures_af(f, (unsigned)event->node_index, w));
}

void bars_trouble_l7(struct bars *b)
{
	static const double rates[] = {10000, 50000};
	double worst = 0;

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++)
		for (unsigned r = 0; r < ARRAY_LEN(rates); r++) {
			struct sim_scenario s = bars_load(b, "L7");

			s.renew_s = renews_s[t];
			s.rate_per_s = rates[r];
			s.duration_s = rates[r] > 20000 ? 70 : s.duration_s;
			(void)bars_play(b, &s, note_new, &worst);
		}
	bars_judge(b, "accepts in 10 s / fair", worst, 2.7);
}

/* Its part of its site's first places, from then to the end, less beta x fair,
 * in % of them. */
static void note_hole(const struct sim_run *run, const struct figures *f,
		      void *arg)
{
	const struct sim_event *event = &run->scenario->events[0];
	unsigned hole = (unsigned)event->node_index;
	const struct sim_site *site =
		&run->world->sites[run->world->node_site[hole]];
	unsigned from = (unsigned)(event->at_s * 1000 / FIGURES_WINDOW_MS);
	double fair = run->world->node_capacity[hole] / site->capacity;
	double *worst = arg, own = 0, sum = 0;

	for (unsigned w = from; w < f->window; w++) {
		const uint32_t *firsts = &f->firsts[w * f->node_count];

		own += firsts[hole];
		for (unsigned i = site->first_node;
		     i < site->first_node + site->node_count; i++)
			sum += firsts[i];
	}
	*worst = fmax(*worst, 100 * (own / sum - 2 * fair));
}

void bars_trouble_l8(struct bars *b)
{
	double worst = -100;

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		struct sim_scenario s = bars_load(b, "L8");

		s.renew_s = renews_s[t];
		(void)bars_play(b, &s, note_hole, &worst);
	}
	bars_judge(b, "its part of first places less 2 x fair, %", worst, 1);
}
