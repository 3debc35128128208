/*
 * report_share.h - the sum of what balancers report, made at most about once a
 * second however many ask for it: it grows with balancers and their nodes.
 * Loop thread.
 */
#ifndef PERI_REGISTRY_REPORT_SHARE_H
#define PERI_REGISTRY_REPORT_SHARE_H

#include "registry/report_sum.h"

/* A little less than the second after which pulse asks again. */
#define REPORT_SHARE_AGE_MS 900

struct report_share;

/* report_share_new - of the balancers in @table, which is borrowed. */
struct report_share *report_share_new(const struct balancer_table *table);
void report_share_free(struct report_share **share);

/*
 * report_share_take - the sum, another one than before when reports came and
 * the last is REPORT_SHARE_AGE_MS old, or at once when there are more or fewer
 * balancers.
 *
 * The caller holds it: to be ended with report_sum_free().
 */
struct report_sum *report_share_take(struct report_share *share,
				     int64_t now_ms);

#endif
