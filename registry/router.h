/*
 * router.h - finds the handler of a request by a listener's table of routes
 * and checks what is the same for all (path, method, ids, content type). Both
 * listeners of the registry have their own table. Loop thread only.
 */
#ifndef PERI_REGISTRY_ROUTER_H
#define PERI_REGISTRY_ROUTER_H

#include "registry/api.h"

enum router_flags {
	ROUTER_PLAIN = 0,
	ROUTER_NODE_TOKEN = 1, /* wants the node token (nodes' listener) */
	ROUTER_BODY = 2,       /* wants application/json */
	ROUTER_STREAM = 4,     /* never ends, so it has no HEAD */
};

struct router_route {
	const char *path; /* each "*" (at most two) is one segment: an id */
	enum http1_method method;
	enum access_role role; /* the least that may (admin listener) */
	unsigned flags;
	void (*handle)(const struct api_call *call);
};

struct router_table {
	const struct router_route *routes; /* hottest first */
	size_t count;
};

/*
 * router_matches - whether @path has the form of @pattern.
 *
 * @ids_r  out: what its "*" stand for, not empty; else the empty view
 */
bool router_matches(const char *pattern, struct sv path, struct sv ids_r[2]);

/* router_knows - whether a route has this path, whatever the method. */
bool router_knows(const struct router_table *table, struct sv path);

/* router_find - the route of the request, and its ids in @call; NULL when there
 * is none and the request has been refused. */
const struct router_route *router_find(const struct router_table *table,
				       struct api_call *call);

/* router_check - whether ids and content type are as @route wants them; else
 * the request has been refused. */
bool router_check(const struct api_call *call,
		  const struct router_route *route);

#endif
