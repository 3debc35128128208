/*
 * report_tally.h - makes a report out of what the workers counted and the
 * snapshot in force. Reads other threads' counters without a lock and disturbs
 * nobody. Main thread.
 */
#ifndef PERI_BALANCER_REPORT_TALLY_H
#define PERI_BALANCER_REPORT_TALLY_H

#include "lib/proto/report.h"

struct balancer;
struct flow_distances;
struct report_tally;
struct view;

/* report_tally_new - rates count from the first report_tally_take(). */
struct report_tally *report_tally_new(void);
void report_tally_free(struct report_tally **tally);

/*
 * report_tally_take - what happened since the last call, and in all.
 *
 * @app	    its workers and demand are read
 * @view    in force; borrowed
 * @report  out: filled but for boot_epoch; its arrays are the tally's, good
 *	    until the next call
 *
 * First choices of sites and nodes are the shares in force times our own
 * demand; areas are counted, and flows are what is counted times the shares.
 * Latencies are those of the last half minute to minute.
 */
void report_tally_take(struct report_tally *tally, const struct balancer *app,
		       const struct view *view, int64_t now_ms,
		       struct report *report);

/* report_tally_distances - of all first choices so far (flow_tally.h). */
const struct flow_distances *
report_tally_distances(const struct report_tally *tally);

#endif
