/*
 * balancer_admin.h - the admin listener's paths: /explain, /v1/preview,
 * /v1/snapshot and /v1/geo. Main thread; reads views from the shelf.
 */
#ifndef PERI_BALANCER_BALANCER_ADMIN_H
#define PERI_BALANCER_BALANCER_ADMIN_H

#include "lib/svc/service.h"

#define BALANCER_ADMIN_BODY_MAX (64U << 20)

/* balancer_admin_handle - answer one of the paths above; false for any other.
 * Of the type service.admin_handler. */
bool balancer_admin_handle(struct service_context *ctx,
			   struct httpd_request *req);

/* balancer_admin_reply - answer with @body, JSON, which is freed. */
void balancer_admin_reply(struct httpd_request *req, struct buf *body);

#endif
