/*
 * flow_tally.h - where queries came from since the last look and to which
 * regions their first choices fell: the areas and flows of a report. Counts
 * are the workers' (demand.h), how a cell's split up is the snapshot in force.
 * Main thread.
 */
#ifndef PERI_BALANCER_FLOW_TALLY_H
#define PERI_BALANCER_FLOW_TALLY_H

#include "balancer/demand.h"
#include "balancer/most.h"
#include "balancer/snapshot.h"
#include "lib/proto/report.h"

struct flow_tally;

#define FLOW_TALLY_KM_BOUNDS 9

/* How far first choices were, by all looks so far. */
struct flow_distances {
	double within[FLOW_TALLY_KM_BOUNDS + 1]; /* each bound; the last: any */
	double km_sum;
};

/* What one look needs; all borrowed for the call. */
struct flow_source {
	const struct demand *demand;
	const struct snapshot *snapshot;  /* NULL: nobody is sent anywhere */
	const struct cellmap_cell *cells; /* of the map in force */
	unsigned cell_count;
	double dt_s; /* since the last look; 0: only count */
};

/* flow_tally_new, flow_tally_free - nothing was counted yet. */
struct flow_tally *flow_tally_new(void);
void flow_tally_free(struct flow_tally **tally);

/*
 * flow_tally_take - placed_per_s, nearest_per_s, areas and flows of @report:
 * means of the last ten seconds or so.
 *
 * Nearest are the sites that cost a cell what the one of least cost does,
 * whatever state that is in (candidates.h: nearest_ranks). Flows are of cells
 * that have a place, services together. @report's arrays are the tally's, good
 * until the next call.
 */
void flow_tally_take(struct flow_tally *tally, const struct flow_source *source,
		     struct report *report);

/* flow_tally_distances - of all first choices of a known distance that were
 * taken so far, a cell's clients split by its shares. Borrowed. */
const struct flow_distances *
flow_tally_distances(const struct flow_tally *tally);
/* flow_tally_bound_km - the first FLOW_TALLY_KM_BOUNDS of within[]: up to and
 * with so many km. */
unsigned flow_tally_bound_km(unsigned index);

#endif
