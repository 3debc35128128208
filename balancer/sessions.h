/*
 * sessions.h - how long connections last on the whole fleet: the tau of
 * ranking.md, measured from pairs of load reports. Sums that fade; pure, reads
 * no clock. Part of the fleet; builder's thread.
 *
 * One mean for the fleet and not one for each service: tau only bridges the
 * time to a node's next report, at most a horizon (reckon.h), and a service
 * with too few connections to measure gains from the others.
 */
#ifndef PERI_BALANCER_SESSIONS_H
#define PERI_BALANCER_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero = nothing was measured yet. */
struct sessions {
	double conn_s;	/* connection-seconds that were seen */
	double ended;	/* sessions that ended in them */
	double faded;	/* part of the start value that has faded, 0..1 */
	int64_t now_ms; /* of the latest report */
};

/* What a node said at one time; its counters are those of one process. */
struct sessions_report {
	uint32_t conns;
	uint64_t accepts_total;
	int64_t at_ms;
};

/*
 * sessions_accepts - what a node accepted between two reports.
 *
 * Returns false, and *@accepts_r is untouched, for pairs that say nothing or
 * cannot be: no time between them, an accepts_total that went back (another
 * process), more connections than were ever accepted (it does not count), more
 * new ones than were accepted.
 */
bool sessions_accepts(const struct sessions_report *before,
		      const struct sessions_report *after, double *accepts_r);

/*
 * sessions_add - take what happened on a node between two reports of one
 * process.
 *
 * Ended are what it accepted less what it has more now. Pairs that
 * sessions_accepts() refuses are left out.
 */
void sessions_add(struct sessions *s, const struct sessions_report *before,
		  const struct sessions_report *after);

/*
 * sessions_tau_s - the mean session: connection-seconds per ended session, 5 s
 * to 7 days. @start_s stands for it until enough has been seen; it is given
 * back exactly while nothing has.
 */
double sessions_tau_s(const struct sessions *s, double start_s);

#endif
