/*
 * api_balancers.c - see the header. A report is kept in memory only; watchers
 * hear of a changed count at once. Loop thread.
 */
#include "registry/api_balancers.h"

#include "registry/api.h"

#define BODY_MAX ((size_t)BALANCER_TABLE_MAX * REPORT_BRIEF_MAX)

/* Empty while the registry does not know yet. */
static void put_count(struct jsonw *w, const struct registry *r)
{
	int count = balancer_table_count(r->balancers);

	if (count >= 0)
		jsonw_u64(w, "count", (uint64_t)count);
}

void api_balancers_report(const struct api_call *call)
{
	struct registry *r = call->registry;
	struct json_problem p;
	struct report report;
	struct jsonw w;

	if (report_decode(call->req->body, &report, &p) != 0) {
		api_refuse_body(call, &p);
		return;
	}
	if (balancer_table_report(r->balancers, call->id, &report,
				  call->req->now_ms) != 0) {
		report_fini(&report);
		api_refuse(call, REFUSAL_TOO_MANY_BALANCERS, NULL);
		return;
	}
	r->balancer_reports++;
	feed_hub_balancers(r->hub, balancer_table_count(r->balancers));
	jsonw_init(&w,
		   httpd_reply_begin(call->req, 200,
				     SV("Content-Type: application/json\r\n")));
	jsonw_object(&w, NULL);
	put_count(&w, r);
	jsonw_object_end(&w);
	httpd_reply_end(call->req);
}

static void put_entry(struct jsonw *w, const struct balancer_entry *entry,
		      int64_t now_ms)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "id", entry->id);
	jsonw_i64(w, "age_ms", now_ms - entry->reported_at_ms);
	report_put_brief(w, &entry->report);
	jsonw_object_end(w);
}

void api_balancers_list(const struct api_call *call)
{
	static const char *const names[] = {NULL};
	const struct registry *r = call->registry;
	const struct balancer_entry *entry;
	struct jsonw w;
	struct buf body;

	if (!api_check_parameters(call, names))
		return;
	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_count(&w, r);
	jsonw_array(&w, "balancers");
	for (size_t i = 0; (entry = balancer_table_at(r->balancers, i)); i++)
		put_entry(&w, entry, call->req->now_ms);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}
