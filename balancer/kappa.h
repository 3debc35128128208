/*
 * kappa.h - by how much the connections that nodes accept differ from those
 * that our demand predicts: the kappa of ranking.md. One for each service: SDK
 * caches and queries that never connect are a matter of the app, and a node
 * belongs to one service. Pure, reads no clock; builder's thread.
 *
 * The prediction is that of the demand before kappa (own queries * replicas).
 * So neither sum depends on kappa: it is measured and fed forward, nothing is
 * fed back, and there is nothing that could oscillate.
 */
#ifndef PERI_BALANCER_KAPPA_H
#define PERI_BALANCER_KAPPA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sv.h"
#include "lib/proto/node.h"

#define KAPPA_MIN	0.2
#define KAPPA_MAX	5.0
#define KAPPA_PRIOR	20000.0 /* adds that speak for 1 */
#define KAPPA_BUCKETS	16	/* the window moves in such parts */
#define KAPPA_SERVICES	16	/* more stay at 1 */
#define KAPPA_WINDOW_MS 30000	/* at least */

/* What was accepted and what was predicted, over the same times of the same
 * nodes. */
struct kappa_sums {
	double accepts, predicted;
};

/* All zero = nothing was measured yet. */
struct kappa {
	struct kappa_sums buckets[KAPPA_BUCKETS];
	int64_t numbers[KAPPA_BUCKETS]; /* report time / bucket_ms */
	int64_t newest;			/* number; it moves the window on */
	int64_t bucket_ms;		/* 0 = not set yet */
	double in_force;		/* of the last build; 0 = none yet */
	int64_t built_at_ms;		/* the last build */
	int64_t since_ms; /* the first build that had demand; 0 = none */
};

/* The kappas of a fleet's services, by the order in which they were seen. */
struct kappa_table {
	struct kappa_row {
		char service[NODE_ID_BYTES];
		struct kappa kappa;
	} rows[KAPPA_SERVICES];
	unsigned count;
	struct kappa others; /* of further services; learns nothing */
};

/* kappa_of - the kappa of @service, new when it was never seen; one that
 * stays at 1 when the table is full. Borrowed for the life of the table. */
struct kappa *kappa_of(struct kappa_table *table, struct sv service);

/* kappa_step_s - what turns an assigned rate (per second, times kappa) into
 * the adds predicted since the last build: seconds / kappa in force. Negative
 * when @at_ms is before the build. */
double kappa_step_s(const struct kappa *k, int64_t at_ms);

/* kappa_knows - whether everything that happened since @at_ms was predicted:
 * not what was before this process or before its first demand. */
bool kappa_knows(const struct kappa *k, int64_t at_ms);

/* kappa_add - what a node accepted between two reports and what was predicted
 * for it in the same time. @at_ms is the later report's. */
void kappa_add(struct kappa *k, double accepts, double predicted,
	       int64_t at_ms);

/*
 * kappa_renew - put the ratio of the window, max(4 * @renew_ms, 30 s), in
 * force for the build at @now_ms. The window ends at the latest report, not
 * now: while the registry is away kappa stands still.
 *
 * @demand_per_s  queries of all replicas as we estimate them, without kappa
 *
 * Returns it: (accepts + 20000) / (predicted + 20000), 0.2 to 5.
 */
double kappa_renew(struct kappa *k, int64_t renew_ms, double demand_per_s,
		   int64_t now_ms);

/* kappa_total, kappa_restore - the sums of the window, to be saved; and such
 * sums taken back, as if they had just been reported. */
struct kappa_sums kappa_total(const struct kappa *k);
void kappa_restore(struct kappa *k, const struct kappa_sums *sums,
		   int64_t now_ms);

#endif
