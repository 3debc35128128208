/*
 * admin_explain.h - the admin listener's /explain: why an answer is what it is,
 * and what it would be if nodes were gone, drained or of another weight. Main
 * thread.
 */
#ifndef PERI_BALANCER_ADMIN_EXPLAIN_H
#define PERI_BALANCER_ADMIN_EXPLAIN_H

#include "balancer/balancer.h"

/* admin_explain - answer @req, at once or (explain_job_is_long()) when the
 * chores thread has worked it out. A few may wait for that, whoever asks; the
 * rest has 503 and is counted. */
void admin_explain(struct balancer *app, struct httpd_request *req);

/* admin_explain_preview - answer GET /v1/preview: changes alone, and what they
 * would move of all clients (what_if_all.h). One of those that wait. */
void admin_explain_preview(struct balancer *app, struct httpd_request *req);

/* admin_explain_answer - a struct explain_job comes back. Of the type
 * mailbox_cb; @app is the balancer. */
void admin_explain_answer(void *job, void *app);

#endif
