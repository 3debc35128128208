/*
 * api.h - HTTP on the nodes' listener, and what handlers of both listeners
 * (admin.h has the other) answer with. Loop thread only.
 */
#ifndef PERI_REGISTRY_API_H
#define PERI_REGISTRY_API_H

#include "registry/access_role.h"
#include "registry/registry.h"

#define API_JSON "application/json"

/* One request on its way through the API. */
struct api_call {
	struct registry *registry;
	struct httpd_request *req;
	struct sv id, id2; /* of the path (router.h), checked; or empty */
	/* Who asks on the admin listener, borrowed; NULL on the nodes'. */
	const struct access_who *who;
};

/* api_handle - the httpd's handler; @arg is the struct registry. */
void api_handle(struct httpd_request *req, void *arg);

/* api_is_json - whether the body is said to be JSON. */
bool api_is_json(const struct api_call *call);
/* api_bearer - the token in "Authorization: Bearer", NULL ptr when absent. */
struct sv api_bearer(const struct httpd_request *req);

/* api_reply_json - answer with a list that must not be kept. */
void api_reply_json(const struct api_call *call, const struct buf *body);
/* api_refuse - answer with a refusal; @detail may be NULL. */
void api_refuse(const struct api_call *call, enum refusal reason,
		const char *detail);
/* api_refuse_body - what a decoder found wrong with the body. */
void api_refuse_body(const struct api_call *call, const struct json_problem *p);
/* api_refuse_parameter - a query parameter breaks @rule. */
void api_refuse_parameter(const struct api_call *call, const char *name,
			  const char *rule);

/*
 * api_parameter - the decoded value of the query parameter @name.
 *
 * Returns 0 (*@value_r is empty when it is absent; borrowed from @storage),
 * ERR_SYNTAX or ERR_TOOBIG.
 */
MUST_CHECK int api_parameter(const struct api_call *call, const char *name,
			     struct buf *storage, struct sv *value_r);
/* api_check_parameters - refuse parameters that are not in @names (a NULL
 * ends them). Returns whether all are known; else the request is answered. */
bool api_check_parameters(const struct api_call *call,
			  const char *const *names);

#endif
