/*
 * service.h - runs a daemon: command line, configuration, log, limits,
 * signals, reload, drain, the service manager (sd_notify), the admin listener.
 * A daemon's main.c fills in one struct service and calls service_main().
 *
 * Thread: main() runs the main loop. Workers are the daemon's own (worker.h).
 */
#ifndef PERI_LIB_SVC_SERVICE_H
#define PERI_LIB_SVC_SERVICE_H

#include "lib/net/httpd.h"
#include "lib/net/loop.h"
#include "lib/svc/conf.h"
#include "lib/svc/metrics.h"

#define SERVICE_VERSION "0.1.0"

struct service_context {
	struct loop *loop; /* the main loop */
	/* Checked; a reload puts another in its place. The ones before stay
	 * valid until the end, since other threads may still read them. */
	const void *settings;
	void *app;	     /* what start() gave */
	struct httpd *admin; /* the admin server, or NULL when off */
};

struct service {
	const char *name;      /* "peri-registry" */
	const char *summary;   /* one line for --help */
	const char *help_more; /* examples, files, exit codes; may be NULL */
	const char *default_config; /* /etc/perihelion/registry.jsonc */
	const struct conf_table *conf;
	size_t settings_bytes;
	size_t admin_listen_offset; /* of a struct conf_listen in the settings
				     */
	/* arg of collect = ctx->app; asked only after start() */
	struct metrics_table metrics;

	/* Build everything and listen. *@app_r is ctx->app from now on. On an
	 * error the service ends with what start() logged. */
	int (*start)(struct service_context *ctx, void **app_r);
	/* New settings were loaded and checked (SIGHUP). May be NULL. */
	void (*reload)(struct service_context *ctx);
	/* SIGTERM/SIGINT: stop accepting, finish work; call service_stop() when
	 * done. After drain_timeout_ms it is stopped anyway. May be NULL. */
	void (*drain)(struct service_context *ctx);
	int64_t drain_timeout_ms;
	/* Free everything. */
	void (*stop)(struct service_context *ctx);
	/* /readyz: true, with a detail if there is one to tell, or false with
	 * the reason. */
	bool (*ready)(struct service_context *ctx, struct buf *why);
	/* Who may not read the rows of this daemon: true when it refused the
	 * request for /metrics. Asked only after start(). May be NULL: all may.
	 */
	bool (*metrics_refused)(struct service_context *ctx,
				struct httpd_request *req);
	/* More admin paths; true when it answered. May be NULL. */
	bool (*admin_handler)(struct service_context *ctx,
			      struct httpd_request *req);
};

/*
 * service_main - the whole life of a daemon.
 *
 * Options beside the table's: --config FILE, --check-config, --show-config,
 * --help, --version, --log-level LEVEL, --config-markdown, --metrics-markdown,
 * --manual.
 *
 * The admin listener serves /metrics /healthz /readyz /version and
 * service->admin_handler. Each listener that the daemon opens is logged as
 * "service.listen name=... addr=... port=..." (service_log_listen()).
 *
 * Returns the exit code: 0 fine, 1 failed while running, 2 wrong usage or
 * configuration.
 */
int service_main(const struct service *service, int argc, char **argv);

/* service_stop - drain is done: leave the main loop. Main thread. */
void service_stop(struct service_context *ctx);

/*
 * service_add_server - show @server's counters in the common rows
 * (peri_http_...{listener="@listener"}); servers of one name are summed.
 *
 * @listener  constant text: "public"
 * @server    borrowed until service->stop(); may belong to another thread
 *
 * At most 80 servers, the admin server among them; more are left out. Main
 * thread.
 */
void service_add_server(struct service_context *ctx, const char *listener,
			const struct httpd *server);

/* service_log_listen - the line that says where a listener is. */
void service_log_listen(const char *name, const struct addr *at, uint16_t port);

#endif
