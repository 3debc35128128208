/*
 * service_admin.h - the admin listener of a daemon: /metrics /healthz /readyz
 * /version and what the daemon adds. Main loop.
 */
#ifndef PERI_LIB_SVC_SERVICE_ADMIN_H
#define PERI_LIB_SVC_SERVICE_ADMIN_H

#include "lib/svc/service.h"

#define SERVICE_SERVERS_MAX 80

/* A server whose counters show in /metrics under its listener's name. */
struct service_server {
	const char *listener;	    /* constant text */
	const struct httpd *server; /* borrowed */
};

/* What the admin listener knows of its daemon. */
struct service_admin {
	const struct service *service; /* borrowed */
	struct service_context *ctx;   /* borrowed */
	struct service_server servers[SERVICE_SERVERS_MAX];
	unsigned server_count;
	uint64_t reloads_ok, reloads_failed;
	int64_t start_wall_s;
	/* start() may turn the loop, so that requests come before it is done.
	 * Draining follows up only. */
	enum { SERVICE_STARTING, SERVICE_UP, SERVICE_DRAINING } phase;
};

/*
 * service_admin_open - serve on @at; ctx->admin is the server afterwards.
 *
 * Returns 0 or -errno.
 */
MUST_CHECK int service_admin_open(struct service_admin *admin,
				  const struct conf_listen *at);
void service_admin_close(struct service_admin *admin);

/* service_admin_put_markdown - the rows that every daemon has. */
void service_admin_put_markdown(struct buf *b);

#endif
