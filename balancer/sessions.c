/*
 * sessions.c - Little's law without its steady state: departures are counted,
 * not assumed to equal arrivals. What was seen fades with FADE_MS, but never
 * below the weight of START_SESSIONS: a fleet where little ends keeps a longer
 * memory, and nothing is ever divided by 0.
 */
#include "balancer/sessions.h"

#include <math.h>

#define FADE_MS	       60000
#define START_SESSIONS 16.0 /* what the start value counts for */
#define TAU_MIN_S      5.0
#define TAU_MAX_S      (7 * 86400.0)

static double start_weight(const struct sessions *s)
{
	return START_SESSIONS * (1 - s->faded);
}

/* The weight of all that counts; START_SESSIONS or more. */
static double weight_of(const struct sessions *s)
{
	return fmax(START_SESSIONS, s->ended + start_weight(s));
}

static void fade(struct sessions *s, int64_t now_ms)
{
	double keep;

	if (s->now_ms == 0)
		s->now_ms = now_ms;
	if (now_ms <= s->now_ms)
		return;
	keep = fmax(exp(-(double)(now_ms - s->now_ms) / FADE_MS),
		    START_SESSIONS / weight_of(s));
	s->conn_s *= keep;
	s->ended *= keep;
	s->faded = 1 - (1 - s->faded) * keep;
	s->now_ms = now_ms;
}

static double more_conns(const struct sessions_report *before,
			 const struct sessions_report *after)
{
	return (double)after->conns - before->conns;
}

bool sessions_accepts(const struct sessions_report *before,
		      const struct sessions_report *after, double *accepts_r)
{
	double accepts;

	if (after->at_ms <= before->at_ms ||
	    after->accepts_total < before->accepts_total ||
	    before->accepts_total < before->conns)
		return false;
	accepts = (double)(after->accepts_total - before->accepts_total);
	if (accepts < more_conns(before, after))
		return false;
	*accepts_r = accepts;
	return true;
}

void sessions_add(struct sessions *s, const struct sessions_report *before,
		  const struct sessions_report *after)
{
	double dt_s = (double)(after->at_ms - before->at_ms) / 1000;
	double accepts;

	if (!sessions_accepts(before, after, &accepts))
		return;
	fade(s, after->at_ms);
	s->ended += accepts - more_conns(before, after);
	s->conn_s += ((double)before->conns + after->conns) / 2 * dt_s;
	/* Nothing has to be unlearned that could never show. */
	s->conn_s = fmin(s->conn_s, TAU_MAX_S * weight_of(s));
}

double sessions_tau_s(const struct sessions *s, double start_s)
{
	double tau_s;

	if (s->conn_s <= 0 && s->ended <= 0)
		return start_s;
	tau_s = (s->conn_s + start_weight(s) * start_s) /
		(s->ended + start_weight(s));
	return fmax(fmin(TAU_MIN_S, start_s),
		    fmin(tau_s, fmax(TAU_MAX_S, start_s)));
}
