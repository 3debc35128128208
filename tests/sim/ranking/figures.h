/*
 * figures.h - what a run is judged by.
 *
 * OF    overload factor: the peak over time, after the warm-up, of (highest
 *	 utilisation of a node) / (utilisation of all nodes together). Counted
 *	 are nodes that are up and have a weight.
 * AF    arrival factor: accepts of a node in 10 s over its fair share, which is
 *	 all accepts in these 10 s by capacity*weight; over all nodes and all
 *	 whole windows after the warm-up; p99 and highest.
 * extra mean over accepted clients of km to the node's site less km to the
 *	 nearest site; far: the part of them with more than 500 km extra.
 * refused: tries at a full node; failed: lists whose every address was tried in
 *	 vain; both also for each 10,000 lists. After the warm-up.
 */
#ifndef PERI_TESTS_SIM_RANKING_FIGURES_H
#define PERI_TESTS_SIM_RANKING_FIGURES_H

#include "tests/sim/ranking/machines.h"

#define FIGURES_WINDOW_MS 10000

struct figures {
	double of_peak, of_end, utilisation_max;
	double af_p99, af_max, extra_km, far_part;
	double refused_per_10k, failed_per_10k;
	uint64_t lists, accepted, refused, failed;
	uint64_t lists_drawn; /* one by one, not as counts */
	/* of clients who lost their node */
	uint64_t orphan_lists, orphan_failed;
	double orphan_failed_per_10k;
	/* by window of 10 s from the start on, then node */
	uint32_t *accepts, *firsts;
	unsigned window_count, node_count;
	int64_t *last_first_ms; /* of each node, since the start; -1 = never */
	double *level_end;	/* of each node: conns / (capacity*weight) */
	double *fair; /* of each node: its part of all accepts, at the end */
	/* sums under way */
	double extra_sum_km;
	uint64_t far, placed;
	bool warm;
	unsigned window;
};

void figures_init(struct figures *f, unsigned node_count, double duration_s);
void figures_fini(struct figures *f);

/* figures_time - the step begins @at_ms after the start. */
void figures_time(struct figures *f, int64_t at_ms, double warmup_s);
/* figures_first - @count clients were given @node first. */
void figures_first(struct figures *f, unsigned node, uint64_t count,
		   int64_t at_ms);
/* figures_accept - @node accepted @count clients (a hole drops them again). */
void figures_accept(struct figures *f, unsigned node, uint64_t count);
/* figures_extra - @count clients ended @extra_km farther away than needed. */
void figures_extra(struct figures *f, uint64_t count, double extra_km);
/* figures_level - look at all utilisations. */
void figures_level(struct figures *f, const struct machines *machines);
/* figures_end - make the results out of the sums. @machines as they are now. */
void figures_end(struct figures *f, const struct machines *machines,
		 double warmup_s);

/* figures_af - AF of one node in one window; negative without any accepts. */
double figures_af(const struct figures *f, unsigned node, unsigned window);

#endif
