/*
 * admin.c - routes of the admin listener and the checks that all share: who,
 * role, own page. Invariant: every request is answered or deferred exactly
 * once. Main loop.
 */
#include "registry/admin.h"

#include "lib/base/err.h"
#include "registry/access.h"
#include "registry/api_history.h"
#include "registry/api_log.h"
#include "registry/api_login.h"
#include "registry/api_view.h"
#include "registry/api_intent.h"
#include "registry/relay.h"
#include "registry/router.h"
#include "registry/ui.h"

static void answer_index(const struct api_call *call);
static void answer_script(const struct api_call *call);
static void answer_style(const struct api_call *call);
static void answer_land(const struct api_call *call);
static void answer_licenses(const struct api_call *call);

static const struct router_route routes[] = {
	{"/v1/history", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN,
	 api_history_read},
	{"/v1/log", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN, api_log_read},
	{"/v1/events.jsonl", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN,
	 api_log_lines},
	{"/v1/events.csv", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN, api_log_csv},
	{"/v1/whoami", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_login_whoami},
	{"/v1/login", HTTP1_POST, ACCESS_NONE, ROUTER_BODY, api_login_in},
	{"/v1/logout", HTTP1_POST, ACCESS_NONE, ROUTER_PLAIN, api_login_out},
	{"/v1/login-codes", HTTP1_POST, ACCESS_ADMIN, ROUTER_BODY,
	 api_login_code},
	{"/v1/state", HTTP1_GET, ACCESS_VIEWER, ROUTER_STREAM, api_view_state},
	{"/v1/events", HTTP1_GET, ACCESS_VIEWER, ROUTER_STREAM,
	 api_view_events},
	{"/v1/intents", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN,
	 api_intent_list},
	{"/v1/intent/*/*", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN,
	 api_intent_get},
	{"/v1/intent/*/*", HTTP1_PUT, ACCESS_OPERATOR, ROUTER_BODY,
	 api_intent_put},
	{"/v1/intent/*/*", HTTP1_DELETE, ACCESS_OPERATOR, ROUTER_PLAIN,
	 api_intent_delete},
	{"/v1/audit", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN, api_intent_audit},
	{"/v1/explain", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN, relay_answer},
	{"/v1/preview", HTTP1_GET, ACCESS_VIEWER, ROUTER_PLAIN, relay_answer},
	/* Without a role: to log in somebody has to have the page. */
	{"/", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, answer_index},
	{"/index.html", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, answer_index},
	{"/app.js", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, answer_script},
	{"/app.css", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, answer_style},
	{"/land.json", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, answer_land},
	{"/LICENSES.txt", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN,
	 answer_licenses},
};

static void answer_file(const struct api_call *call, enum ui_dist_name name)
{
	ui_answer(call->req, registry_settings_of(call->registry)->ui_dir,
		  name);
}

static void answer_index(const struct api_call *call)
{
	answer_file(call, UI_DIST_INDEX);
}

static void answer_script(const struct api_call *call)
{
	answer_file(call, UI_DIST_SCRIPT);
}

static void answer_style(const struct api_call *call)
{
	answer_file(call, UI_DIST_STYLE);
}

static void answer_land(const struct api_call *call)
{
	answer_file(call, UI_DIST_LAND);
}

static void answer_licenses(const struct api_call *call)
{
	answer_file(call, UI_DIST_LICENSES);
}

/* Whoever has no role at all is to log in; the others have too low a one. */
static void refuse_role(const struct api_call *call, enum access_role needed)
{
	char storage[96];
	struct buf detail;

	buf_init_fixed(&detail, storage, sizeof(storage));
	buf_printf(&detail, "this needs the role %s", access_role_str(needed));
	api_refuse(call,
		   call->who->via == ACCESS_ANONYMOUS ? REFUSAL_UNAUTHORIZED
						      : REFUSAL_FORBIDDEN,
		   buf_cstr(&detail));
}

static bool is_change(const struct api_call *call)
{
	return call->req->head->method != HTTP1_GET &&
	       call->req->head->method != HTTP1_HEAD;
}

/* Whether a page of another site may be behind it, which a browser would send
 * this person's cookie, or show the answer, along with. */
static bool check_page(const struct api_call *call)
{
	const struct registry_settings *settings =
		registry_settings_of(call->registry);

	if (call->who->via != ACCESS_TOKEN &&
	    !access_is_known_host(settings,
				  httpd_header(call->req, SV("host"))))
		api_refuse(call, REFUSAL_WRONG_HOST,
			   "use its address, or add the name to admin_hosts");
	else if (is_change(call) && !access_is_own_origin(settings, call->req))
		api_refuse(call, REFUSAL_WRONG_ORIGIN, NULL);
	else if (is_change(call) && call->who->via == ACCESS_COOKIE &&
		 !httpd_header(call->req, SV("origin")).ptr)
		api_refuse(call, REFUSAL_WRONG_ORIGIN,
			   "a change with a cookie needs the header Origin");
	else if (is_change(call) && call->who->via == ACCESS_COOKIE &&
		 !api_is_json(call))
		api_refuse(call, REFUSAL_UNSUPPORTED_MEDIA_TYPE, NULL);
	else
		return true;
	return false;
}

/* Whether whoever asks may do what @needed may; else it has been refused. */
static bool check_who(struct api_call *call, struct access_who *who,
		      enum access_role needed)
{
	struct registry *r = call->registry;
	int rc = access_who(r->access, registry_settings_of(r), call->req, who);

	call->who = who;
	if (rc == ERR_LIMIT)
		api_refuse(call, REFUSAL_TOO_MANY_LOGINS, NULL);
	else if (rc != 0)
		api_refuse(call, REFUSAL_UNAUTHORIZED,
			   "nobody has this bearer token");
	else if (!check_page(call))
		return false;
	else if (who->role < needed)
		refuse_role(call, needed);
	else
		return true;
	return false;
}

bool admin_handle(struct service_context *ctx, struct httpd_request *req)
{
	static const struct router_table table = {routes, ARRAY_LEN(routes)};
	struct registry *r = ctx->app;
	struct access_who who;
	struct api_call call = {.registry = r, .req = req};
	const struct router_route *route;

	if (!router_knows(&table, req->head->path))
		return false;
	if (!r || !r->listening) {
		httpd_problem_simple(req, 503, "not-ready", "Not ready",
				     "the registry is starting");
		return true;
	}
	route = router_find(&table, &call);
	if (!route)
		return true;
	if (check_who(&call, &who, route->role) && router_check(&call, route))
		route->handle(&call);
	return true;
}

bool admin_metrics_refused(struct service_context *ctx,
			   struct httpd_request *req)
{
	struct access_who who;
	struct api_call call = {.registry = ctx->app, .req = req};

	return !check_who(&call, &who, ACCESS_VIEWER);
}
