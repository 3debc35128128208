/*
 * admin.h - HTTP on the admin listener: the dashboard and its API. Every route
 * names the least role; who has it is access.h's business. Main loop.
 */
#ifndef PERI_REGISTRY_ADMIN_H
#define PERI_REGISTRY_ADMIN_H

#include "lib/svc/service.h"

/* admin_handle - answers what the service's own paths (/metrics ...) leave
 * over. Returns false for a path that is not ours. For struct service. */
bool admin_handle(struct service_context *ctx, struct httpd_request *req);

/* admin_metrics_refused - /metrics names nodes, so it is for whom /v1/state is
 * for. For struct service. */
bool admin_metrics_refused(struct service_context *ctx,
			   struct httpd_request *req);

#endif
