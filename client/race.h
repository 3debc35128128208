/*
 * race.h - connects to a list of addresses, the first one first: the next
 * joins when the one before has failed or has not answered for a short
 * stagger (RFC 8305 section 5), and the first to connect wins. A stagger of 0
 * means strictly one after the other. Never blocks; one thread.
 */
#ifndef PERI_CLIENT_RACE_H
#define PERI_CLIENT_RACE_H

#include "client/interest.h"
#include "client/targets.h"

#define RACE_WIDTH_MAX 4 /* attempts at the same time */

/* Called for each address that did not connect (not for losers). */
typedef void race_failed_cb(const struct target *target, int rc, void *arg);

struct race_config {
	int64_t stagger_ms;	    /* 0 = strictly in order */
	int64_t connect_timeout_ms; /* of each attempt */
	race_failed_cb *failed;	    /* may be NULL */
	void *arg;
};

struct race;

/* race_start - connect to targets->next and on; that member moves forward.
 * All pointers are borrowed until race_free(). The result is owned. */
struct race *race_start(struct targets *targets,
			const struct race_config *config,
			const struct interest *interest, int64_t now_ms);

/* race_free - close every attempt that is still open. */
void race_free(struct race **race);

/* race_step, race_due_ms - as fetch_step() and fetch_due_ms(). */
void race_step(struct race *race, int64_t now_ms);
int64_t race_due_ms(const struct race *race);

/*
 * race_take - the winner's socket, connected and in no interest set.
 *
 * @target_r  out: whom it is connected to; borrowed from the targets
 * @fd_r      out: owned by the caller
 *
 * Returns 0, ERR_AGAIN while the race goes on, or why the last address failed
 * (ERR_NOTFOUND when there was none to try).
 */
MUST_CHECK int race_take(struct race *race, const struct target **target_r,
			 int *fd_r);

#endif
