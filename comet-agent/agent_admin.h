/*
 * agent_admin.h - the agent's own paths on the admin listener. Main thread.
 *
 *   GET    /v1/sessions		counts
 *   GET    /v1/sessions?key=K		the session of a key
 *   GET    /v1/sessions?user=U		a user's sessions
 *   DELETE /v1/sessions/{key}		close it
 *   GET    /v1/drain			how far a drain is
 *   POST   /v1/drain			drain; {"duration_ms":5000} or (and)
 *					{"percent_per_min":10} are optional
 *   DELETE /v1/drain			take clients again
 */
#ifndef PERI_COMET_AGENT_AGENT_ADMIN_H
#define PERI_COMET_AGENT_AGENT_ADMIN_H

#include "lib/svc/service.h"

/* agent_admin_handle - see service.admin_handler. */
bool agent_admin_handle(struct service_context *ctx, struct httpd_request *req);

#endif
