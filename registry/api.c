/*
 * api.c - routes of the nodes' listener and the checks that all share.
 * Invariant: every request is answered or deferred exactly once. Loop thread.
 */
#include "registry/api.h"

#include <string.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/proto/url.h"
#include "registry/api_balancers.h"
#include "registry/api_nodes.h"
#include "registry/api_read.h"

enum route_flags {
	ROUTE_PLAIN = 0,
	ROUTE_WRITES = 1, /* wants the node token */
	ROUTE_BODY = 2,	  /* wants application/json */
};

/* A path with "*" for an id. */
struct route {
	const char *path;
	enum http1_method method;
	unsigned flags;
	void (*handle)(const struct api_call *call);
};

static const struct route routes[] = {
	/* Hottest first. */
	{"/v1/nodes/*/renew", HTTP1_POST, ROUTE_WRITES | ROUTE_BODY,
	 api_nodes_renew},
	{"/v1/nodes/*", HTTP1_PUT, ROUTE_WRITES | ROUTE_BODY, api_nodes_put},
	{"/v1/nodes/*", HTTP1_GET, ROUTE_PLAIN, api_read_node},
	{"/v1/nodes/*", HTTP1_DELETE, ROUTE_WRITES, api_nodes_delete},
	{"/v1/nodes", HTTP1_GET, ROUTE_PLAIN, api_read_nodes},
	{"/v1/balancers/*/report", HTTP1_POST, ROUTE_WRITES | ROUTE_BODY,
	 api_balancers_report},
	{"/v1/balancers", HTTP1_GET, ROUTE_PLAIN, api_balancers_list},
	{"/v1/regions", HTTP1_GET, ROUTE_PLAIN, api_read_regions},
	{"/v1/services", HTTP1_GET, ROUTE_PLAIN, api_read_services},
	{"/v1/watch", HTTP1_GET, ROUTE_PLAIN, api_read_watch},
	{"/healthz", HTTP1_GET, ROUTE_PLAIN, api_read_healthz},
	{"/readyz", HTTP1_GET, ROUTE_PLAIN, api_read_readyz},
	{"/metrics", HTTP1_GET, ROUTE_PLAIN, api_read_metrics},
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

/* Whether @path has the form of the route; *@id_r is what "*" stands for: one
 * segment that is not empty. */
static bool route_matches(const struct route *route, struct sv path,
			  struct sv *id_r)
{
	const char *star = strchr(route->path, '*');
	struct sv front;

	*id_r = SV("");
	if (!star)
		return sv_eq(path, sv_str(route->path));
	front = sv_of(route->path, (size_t)(star - route->path));
	if (!sv_starts(path, front))
		return false;
	id_r->ptr = path.ptr + front.len;
	while (front.len + id_r->len < path.len && id_r->ptr[id_r->len] != '/')
		id_r->len++;
	return id_r->len > 0 && sv_eq(sv_of(id_r->ptr + id_r->len,
					    path.len - front.len - id_r->len),
				      sv_str(star + 1));
}

static bool method_matches(const struct route *route, enum http1_method method)
{
	if (route->method == method)
		return true;
	/* A watch never ends, so it has no head of its own to show. */
	return method == HTTP1_HEAD && route->method == HTTP1_GET &&
	       route->handle != api_read_watch;
}

static const char *method_name(enum http1_method method)
{
	switch (method) {
	case HTTP1_GET:
		return "GET";
	case HTTP1_POST:
		return "POST";
	case HTTP1_PUT:
		return "PUT";
	case HTTP1_DELETE:
		return "DELETE";
	default:
		return "";
	}
}

static void refuse_method(const struct api_call *call)
{
	struct refusal_case c = {.reason = REFUSAL_METHOD_NOT_ALLOWED};
	char storage[64];
	struct buf allow;
	struct sv id;

	buf_init_fixed(&allow, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!route_matches(&routes[i], call->req->head->path, &id))
			continue;
		if (allow.len > 0)
			buf_str(&allow, ", ");
		buf_str(&allow, method_name(routes[i].method));
	}
	c.allow = buf_cstr(&allow);
	refusal_reply(&call->registry->refusals, call->req, &c);
}

/* The route of the request, or NULL when it has been refused. */
static const struct route *find_route(struct api_call *call)
{
	const struct http1_request *head = call->req->head;
	bool path_known = false;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!route_matches(&routes[i], head->path, &call->id))
			continue;
		if (method_matches(&routes[i], head->method))
			return &routes[i];
		path_known = true;
	}
	if (path_known)
		refuse_method(call);
	else
		api_refuse(call, REFUSAL_UNKNOWN_PATH, NULL);
	return NULL;
}

static bool is_authorized(const struct api_call *call)
{
	struct sv token =
		sv_str(registry_settings_of(call->registry)->node_token);
	struct sv value = httpd_header(call->req, SV("authorization"));
	struct sv scheme = sv_cut(&value, ' ');

	if (token.len == 0)
		return true;
	return sv_eq_nocase(scheme, SV("bearer")) &&
	       crypto_equal(sv_trim(value), token);
}

static bool is_json(const struct httpd_request *req)
{
	struct sv value = httpd_header(req, SV("content-type"));

	return sv_eq_nocase(sv_trim(sv_cut(&value, ';')), SV(API_JSON));
}

/* What the route demands beside path and method. */
static bool check_call(const struct api_call *call, const struct route *route)
{
	if ((route->flags & ROUTE_WRITES) && !is_authorized(call))
		api_refuse(call, REFUSAL_UNAUTHORIZED, NULL);
	else if ((route->flags & ROUTE_BODY) && !is_json(call->req))
		api_refuse(call, REFUSAL_UNSUPPORTED_MEDIA_TYPE, NULL);
	else if (call->id.len > 0 && !node_id_is_valid(call->id))
		api_refuse(call, REFUSAL_BAD_NODE_ID,
			   "an id is 1-64 of a-z 0-9 . - _");
	else
		return true;
	return false;
}

void api_handle(struct httpd_request *req, void *arg)
{
	struct api_call call = {.registry = arg, .req = req};
	const struct route *route = find_route(&call);

	if (route && check_call(&call, route))
		route->handle(&call);
}
