/*
 * admin_explain.c - what is quick is answered at once; what is long leaves with
 * everything that it needs and comes back whole: nothing here waits.
 */
#include "balancer/admin_explain.h"

#include "balancer/balancer_admin.h"
#include "balancer/explain_job.h"

/* Of 0.4 s each for 100,000 nodes: the last one has its answer within the 3 s
 * that a registry waits. */
#define PENDING_MAX 4

static void too_many(struct balancer *app, struct httpd_request *req)
{
	app->explains_refused++;
	httpd_reply(req, 503, PROBLEM_CONTENT_TYPE,
		    SV("Retry-After: 1\r\nCache-Control: no-store\r\n"),
		    SV("{\"type\":\"urn:perihelion:busy\","
		       "\"title\":\"Busy\",\"status\":503,"
		       "\"detail\":\"too many what-ifs and explanations of "
		       "past snapshots wait already\"}"));
}

/* Off it goes; admin_explain_answer() takes it back. */
static void send_off(struct balancer *app, struct httpd_request *req,
		     struct explain_job *job)
{
	app->explains_pending++;
	job->reply_to = app->answers;
	job->later = httpd_defer(req);
	builder_explain(app->builder, job);
}

static void answer_now(struct httpd_request *req, struct explain_job *job)
{
	explain_job_run(job);
	if (job->problem.status)
		httpd_problem(req, &job->problem);
	else
		balancer_admin_reply(req, &job->what_if->body);
}

void admin_explain_answer(void *job_arg, void *app)
{
	struct explain_job *job = job_arg;
	struct balancer *balancer = app;

	balancer->explains_pending--;
	if (job->problem.status)
		httpd_later_problem(job->later, &job->problem);
	else
		httpd_later_reply(job->later, 200, "application/json",
				  SV("Cache-Control: no-store\r\n"),
				  buf_view(&job->what_if->body));
	explain_job_free(&job);
}

/* @job has read its question, or says @why it is refused; it is given away. */
static void answer(struct balancer *app, struct httpd_request *req,
		   struct explain_job *job, const struct query_refusal_row *why)
{
	if (why) {
		httpd_problem_simple(req, why->status, why->type, why->title,
				     why->detail);
	} else if (!explain_job_is_long(job)) {
		answer_now(req, job);
	} else if (app->explains_pending >= PENDING_MAX) {
		too_many(app, req);
	} else {
		send_off(app, req, job);
		return;
	}
	explain_job_free(&job);
}

void admin_explain_preview(struct balancer *app, struct httpd_request *req)
{
	struct explain_job *job = explain_job_new(app->shelf, WHAT_IF_ALL);

	answer(app, req, job,
	       question_parse_changes(req->head->query, &job->question));
}

void admin_explain(struct balancer *app, struct httpd_request *req)
{
	struct explain_job *job = explain_job_new(app->shelf, WHAT_IF_CLIENT);

	answer(app, req, job, question_parse(req->head->query, &job->question));
}
