/*
 * resolve_refuse.c - a refusal as a problem: status, headers and words come
 * from the row of its kind. Not on the way of a good query. The worker's
 * thread; no allocation.
 */
#include "balancer/resolve_refuse.h"

static const char *refusal_headers(enum query_refusal refusal)
{
	switch (refusal) {
	case QUERY_NOT_READY:
	case QUERY_RATE_LIMITED:
		return RESOLVE_CORS_LINE "Cache-Control: no-store\r\n"
					 "Retry-After: 1\r\n";
	case QUERY_METHOD:
		return RESOLVE_CORS_LINE "Cache-Control: no-store\r\n"
					 "Allow: GET, HEAD, OPTIONS\r\n";
	default:
		return RESOLVE_CORS_LINE "Cache-Control: no-store\r\n";
	}
}

void resolve_refuse(struct resolver *resolver, struct httpd_request *req,
		    enum query_refusal refusal, struct sv culprit)
{
	const struct query_refusal_row *row = query_refusal_row(refusal);
	char detail_text[256], body_text[1024];
	struct problem problem = {row->status, row->type, row->title, NULL,
				  NULL};
	struct buf detail, body;

	counter_add(&resolver->counters.refusals[refusal], 1);
	buf_init_fixed(&detail, detail_text, sizeof(detail_text));
	if (culprit.len > 32)
		culprit.len = 32;
	if (culprit.len > 0) {
		buf_sv(&detail, culprit);
		buf_str(&detail, ": ");
	}
	buf_str(&detail, row->detail);
	problem.detail = buf_cstr(&detail);
	buf_init_fixed(&body, body_text, sizeof(body_text));
	problem_put(&body, &problem);
	httpd_reply(req, row->status, PROBLEM_CONTENT_TYPE,
		    sv_str(refusal_headers(refusal)), buf_view(&body));
}
