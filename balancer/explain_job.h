/*
 * explain_job.h - one question to explain on its way: from who asks to the
 * builder, who adds the world when it has changes, to the chores thread, which
 * answers it, and back. One thread at a time has it.
 */
#ifndef PERI_BALANCER_EXPLAIN_JOB_H
#define PERI_BALANCER_EXPLAIN_JOB_H

#include "balancer/question.h"
#include "balancer/view_shelf.h"
#include "balancer/what_if.h"
#include "lib/proto/problem.h"

#define EXPLAIN_JOB_BODY_MAX (64U << 20)

struct explain_job {
	struct question question; /* its views are of itself: not copied */
	struct view_shelf *shelf; /* borrowed */
	/* Whom it is asked for and, with changes, the view and the world, by
	 * the builder. Its body is the answer's in any case. */
	struct what_if *what_if;
	struct problem problem; /* instead of the body; status 0: none */
	char detail[256];	/* of the problem, where it is no constant */
	/* the asker's */
	struct mailbox *reply_to;
	void *later;
};

/* explain_job_new - without a question yet. explain_job_free - with all that it
 * owns or holds. Any thread. */
struct explain_job *explain_job_new(struct view_shelf *shelf,
				    enum what_if_asked asked);
void explain_job_free(struct explain_job **job);

/* explain_job_is_long - whether it takes longer than a main thread has: it asks
 * what if (0.4 s for 100,000 nodes), or for a past snapshot, which is unpacked
 * (tens of milliseconds). Any thread. */
bool explain_job_is_long(const struct explain_job *job);

/* explain_job_run - write problem or body. Any thread. */
void explain_job_run(struct explain_job *job);

#endif
