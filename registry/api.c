/*
 * api.c - routes of the nodes' listener, and what handlers answer with.
 * Invariant: every request is answered or deferred exactly once. Loop thread.
 */
#include "registry/api.h"

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/proto/url.h"
#include "registry/api_balancers.h"
#include "registry/api_nodes.h"
#include "registry/api_read.h"
#include "registry/router.h"

static const struct router_route routes[] = {
	/* Hottest first. */
	{"/v1/nodes/*/renew", HTTP1_POST, ACCESS_NONE,
	 ROUTER_NODE_TOKEN | ROUTER_BODY, api_nodes_renew},
	{"/v1/nodes/*", HTTP1_PUT, ACCESS_NONE, ROUTER_NODE_TOKEN | ROUTER_BODY,
	 api_nodes_put},
	{"/v1/nodes/*", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_node},
	{"/v1/nodes/*", HTTP1_DELETE, ACCESS_NONE, ROUTER_NODE_TOKEN,
	 api_nodes_delete},
	{"/v1/nodes", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_nodes},
	{"/v1/balancers/*/report", HTTP1_POST, ACCESS_NONE,
	 ROUTER_NODE_TOKEN | ROUTER_BODY, api_balancers_report},
	{"/v1/balancers", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN,
	 api_balancers_list},
	{"/v1/regions", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_regions},
	{"/v1/services", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN,
	 api_read_services},
	{"/v1/watch", HTTP1_GET, ACCESS_NONE, ROUTER_STREAM, api_read_watch},
	{"/healthz", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_healthz},
	{"/readyz", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_readyz},
	{"/metrics", HTTP1_GET, ACCESS_NONE, ROUTER_PLAIN, api_read_metrics},
};

void api_reply_json(const struct api_call *call, const struct buf *body)
{
	if (body->failed)
		httpd_problem_simple(call->req, 500, "internal",
				     "Internal error",
				     "the list does not fit the answer");
	else
		httpd_reply(call->req, 200, API_JSON,
			    SV("Cache-Control: no-store\r\n"), buf_view(body));
}

void api_refuse(const struct api_call *call, enum refusal reason,
		const char *detail)
{
	struct refusal_case c = {.reason = reason, .detail = detail};

	refusal_reply(&call->registry->refusals, call->req, &c);
}

void api_refuse_body(const struct api_call *call, const struct json_problem *p)
{
	struct refusal_case c = {.reason = refusal_of(p), .errors = p};

	refusal_reply(&call->registry->refusals, call->req, &c);
}

void api_refuse_parameter(const struct api_call *call, const char *name,
			  const char *rule)
{
	struct refusal_case c = {.reason = REFUSAL_BAD_PARAMETER};
	struct json_problem p;

	json_problem_set(&p, ERR_RANGE, name, "%s", rule);
	c.errors = &p;
	refusal_reply(&call->registry->refusals, call->req, &c);
}

int api_parameter(const struct api_call *call, const char *name,
		  struct buf *storage, struct sv *value_r)
{
	struct sv query = call->req->head->query, key, value;
	size_t len = 0;
	char *at;

	*value_r = SV("");
	while (url_query_next(&query, &key, &value)) {
		if (!sv_eq(key, sv_str(name)))
			continue;
		at = buf_reserve(storage, value.len);
		if (!at)
			return ERR_TOOBIG;
		if (url_decode(value, at, &len) != 0)
			return ERR_SYNTAX;
		storage->len += len;
		*value_r = sv_of(at, len);
		return 0;
	}
	return 0;
}

bool api_check_parameters(const struct api_call *call, const char *const *names)
{
	struct sv query = call->req->head->query, key, value;
	size_t i;

	while (url_query_next(&query, &key, &value)) {
		for (i = 0; names[i] && !sv_eq(key, sv_str(names[i])); i++)
			;
		if (names[i])
			continue;
		api_refuse(call, REFUSAL_BAD_PARAMETER,
			   "a query parameter is not known");
		return false;
	}
	return true;
}

bool api_is_json(const struct api_call *call)
{
	struct sv value = httpd_header(call->req, SV("content-type"));

	return sv_eq_nocase(sv_trim(sv_cut(&value, ';')), SV(API_JSON));
}

struct sv api_bearer(const struct httpd_request *req)
{
	struct sv value = httpd_header(req, SV("authorization"));
	struct sv scheme = sv_cut(&value, ' ');

	return sv_eq_nocase(scheme, SV("bearer")) ? sv_trim(value)
						  : (struct sv){NULL, 0};
}

static bool has_node_token(const struct api_call *call)
{
	struct sv token =
		sv_str(registry_settings_of(call->registry)->node_token);

	return token.len == 0 || crypto_equal(api_bearer(call->req), token);
}

void api_handle(struct httpd_request *req, void *arg)
{
	static const struct router_table table = {routes, ARRAY_LEN(routes)};
	struct api_call call = {.registry = arg, .req = req};
	const struct router_route *route = router_find(&table, &call);

	if (!route)
		return;
	if ((route->flags & ROUTER_NODE_TOKEN) && !has_node_token(&call))
		api_refuse(&call, REFUSAL_UNAUTHORIZED, NULL);
	else if (router_check(&call, route))
		route->handle(&call);
}
