/*
 * what_if_put.h - two snapshots side by side, as JSON.
 */
#ifndef PERI_BALANCER_WHAT_IF_PUT_H
#define PERI_BALANCER_WHAT_IF_PUT_H

#include "balancer/what_if.h"

/* what_if_put - append the answer that what_if_run() describes. */
void what_if_put(struct buf *out, const struct what_if *what_if,
		 const struct snapshot *before, const struct snapshot *after);

/* what_if_put_changes - "changes":[{kind,scope,name,weight,bias_km}] into @w's
 * open object. */
void what_if_put_changes(struct jsonw *w, const struct what_if *what_if);

#endif
