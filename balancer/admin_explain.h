/*
 * admin_explain.h - the admin listener's /explain: why an answer is what it is,
 * and what it would be if nodes were gone, drained or of another weight. Main
 * thread.
 */
#ifndef PERI_BALANCER_ADMIN_EXPLAIN_H
#define PERI_BALANCER_ADMIN_EXPLAIN_H

#include "balancer/balancer.h"

/* admin_explain - answer @req, at once or (what-if) when the builder has worked
 * it out. One what-if at a time; the rest has 503. */
void admin_explain(struct balancer *app, struct httpd_request *req);

/* admin_explain_preview - answer GET /v1/preview: changes alone, and what they
 * would move of all clients (what_if_all.h). A what-if, with its limits. */
void admin_explain_preview(struct balancer *app, struct httpd_request *req);

/* admin_explain_answer - a struct what_if comes back. Of the type mailbox_cb;
 * @app is the balancer. */
void admin_explain_answer(void *what_if, void *app);

#endif
