/*
 * router.c - see the header. Invariant: NULL or false means that the request
 * has been answered. Loop thread.
 */
#include "registry/router.h"

#include <string.h>

bool router_matches(const char *pattern, struct sv path, struct sv ids_r[2])
{
	unsigned count = 0;

	ids_r[0] = ids_r[1] = SV("");
	for (; *pattern; pattern++) {
		struct sv id = {path.ptr, 0};

		if (*pattern != '*') {
			if (path.len == 0 || *path.ptr != *pattern)
				return false;
			path = sv_of(path.ptr + 1, path.len - 1);
			continue;
		}
		while (id.len < path.len && id.ptr[id.len] != '/')
			id.len++;
		if (id.len == 0 || count == 2)
			return false;
		ids_r[count++] = id;
		path = sv_of(path.ptr + id.len, path.len - id.len);
	}
	return path.len == 0;
}

bool router_knows(const struct router_table *table, struct sv path)
{
	struct sv ids[2];

	for (size_t i = 0; i < table->count; i++) {
		if (router_matches(table->routes[i].path, path, ids))
			return true;
	}
	return false;
}

static bool method_matches(const struct router_route *route,
			   enum http1_method method)
{
	if (route->method == method)
		return true;
	return method == HTTP1_HEAD && route->method == HTTP1_GET &&
	       (route->flags & ROUTER_STREAM) == 0;
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

static void refuse_method(const struct router_table *table,
			  const struct api_call *call)
{
	struct refusal_case c = {.reason = REFUSAL_METHOD_NOT_ALLOWED};
	char storage[64];
	struct buf allow;
	struct sv ids[2];

	buf_init_fixed(&allow, storage, sizeof(storage));
	for (size_t i = 0; i < table->count; i++) {
		const struct router_route *route = &table->routes[i];

		if (!router_matches(route->path, call->req->head->path, ids))
			continue;
		if (allow.len > 0)
			buf_str(&allow, ", ");
		buf_str(&allow, method_name(route->method));
	}
	c.allow = buf_cstr(&allow);
	refusal_reply(&call->registry->refusals, call->req, &c);
}

const struct router_route *router_find(const struct router_table *table,
				       struct api_call *call)
{
	const struct http1_request *head = call->req->head;
	bool path_known = false;
	struct sv ids[2];

	for (size_t i = 0; i < table->count; i++) {
		const struct router_route *route = &table->routes[i];

		if (!router_matches(route->path, head->path, ids))
			continue;
		call->id = ids[0];
		call->id2 = ids[1];
		if (method_matches(route, head->method))
			return route;
		path_known = true;
	}
	if (path_known)
		refuse_method(table, call);
	else
		api_refuse(call, REFUSAL_UNKNOWN_PATH, NULL);
	return NULL;
}

static bool is_id_or_empty(struct sv id)
{
	return id.len == 0 || node_id_is_valid(id);
}

bool router_check(const struct api_call *call, const struct router_route *route)
{
	if ((route->flags & ROUTER_BODY) && !api_is_json(call))
		api_refuse(call, REFUSAL_UNSUPPORTED_MEDIA_TYPE, NULL);
	else if (!is_id_or_empty(call->id) || !is_id_or_empty(call->id2))
		api_refuse(call, REFUSAL_BAD_NODE_ID,
			   "an id is 1-64 of a-z 0-9 . - _");
	else
		return true;
	return false;
}
