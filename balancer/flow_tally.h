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
 * A region is the nearest of a cell when it holds the site of least cost,
 * whatever state that is in (candidates.h: home). Flows are of cells that have
 * a place, services together. @report's arrays are the tally's, good until the
 * next call.
 */
void flow_tally_take(struct flow_tally *tally, const struct flow_source *source,
		     struct report *report);

#endif
