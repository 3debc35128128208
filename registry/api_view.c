/*
 * api_view.c - see the header. Loop thread.
 */
#include "registry/api_view.h"

#include "lib/base/err.h"
#include "registry/pulse.h"
#include "registry/state_stream.h"

void api_view_state(const struct api_call *call)
{
	static const char *const names[] = {NULL};

	if (api_check_parameters(call, names) &&
	    state_stream_answer(call->registry->states, call->req) != 0)
		api_refuse(call, REFUSAL_TOO_MANY_VIEWERS, NULL);
}

/* The bits of ?only=; 0: it has been refused. */
static unsigned read_kinds(const struct api_call *call)
{
	char storage[16];
	struct sv only;
	struct buf text;
	int rc;

	buf_init_fixed(&text, storage, sizeof(storage));
	rc = api_parameter(call, "only", &text, &only);
	if (rc == 0 && only.len == 0)
		return VIEWER_STATE | VIEWER_LOG;
	if (rc == 0 && sv_eq(only, SV("state")))
		return VIEWER_STATE;
	if (rc == 0 && sv_eq(only, SV("log")))
		return VIEWER_LOG;
	api_refuse_parameter(call, "only", "must be state or log");
	return 0;
}

void api_view_events(const struct api_call *call)
{
	static const char *const names[] = {"from", "only", NULL};
	struct registry *r = call->registry;
	char storage[128];
	unsigned kinds;
	struct buf text;
	struct sv from;
	int rc;

	if (!api_check_parameters(call, names))
		return;
	kinds = read_kinds(call);
	if (kinds == 0)
		return;
	buf_init_fixed(&text, storage, sizeof(storage));
	rc = api_parameter(call, "from", &text, &from);
	/* A browser that connects again sends what it has seen. */
	if (httpd_header(call->req, SV("last-event-id")).len > 0)
		from = httpd_header(call->req, SV("last-event-id"));
	if (rc == 0)
		rc = viewer_hub_watch(r->viewers, call->req, from, kinds);
	if (rc == ERR_LIMIT)
		api_refuse(call, REFUSAL_TOO_MANY_VIEWERS, NULL);
	else if (rc != 0)
		api_refuse_parameter(call, "from",
				     "must be EPOCH:SEQ of an earlier event");
	else if (kinds & VIEWER_STATE)
		pulse_wake(r->pulse);
}

void api_view_log(const struct event *event, void *arg)
{
	struct registry *r = arg;
	char storage[EVENT_JSON_MAX];
	struct buf json;
	struct jsonw w;

	buf_init_fixed(&json, storage, sizeof(storage));
	jsonw_init(&w, &json);
	jsonw_object(&w, NULL);
	event_put(&w, event);
	jsonw_object_end(&w);
	viewer_hub_add(r->viewers, VIEWER_LOG, buf_view(&json));
}
