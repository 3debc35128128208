/*
 * balancer.c - wires peri-balancer: qsbr domain, demand and shelf first, then
 * the builder (which publishes the first view), then the workers that answer;
 * stopped in reverse. Main thread.
 */
#include "balancer/balancer.h"

#include "balancer/admin_explain.h"
#include "balancer/balancer_admin.h"
#include "balancer/balancer_metrics.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define DRAIN_LOOK_MS 50

uint64_t balancer_sum(const struct balancer *app, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < app->worker_count; i++) {
		const char *counters =
			(const void *)query_worker_counters(app->workers[i]);

		sum += counter_get((const void *)(counters + offset));
	}
	return sum;
}

static void free_all(struct balancer *app)
{
	reporter_free(&app->reporter);
	for (unsigned i = 0; i < app->worker_count; i++)
		query_worker_stop(&app->workers[i]);
	builder_stop(&app->builder);
	mailbox_free(&app->answers);
	loop_timer_free(&app->drain_timer);
	view_shelf_free(&app->shelf);
	qsbr_free(&app->domain);
	demand_free(&app->demand);
	mem_free(app->reports);
	ratelimit_free(&app->limit);
	mem_free(app);
}

static int start_builder(struct balancer *app,
			 const struct balancer_settings *settings)
{
	const struct builder_config config = {
		.settings = settings,
		.domain = app->domain,
		.slot = &app->slot,
		.demand = app->demand,
		.reports = app->reports,
		.report_count = settings->workers,
		.shelf = app->shelf,
		.counters = &app->counters,
	};

	return builder_start(&config, &app->builder);
}

static int start_workers(struct balancer *app,
			 const struct balancer_settings *settings)
{
	struct query_worker_config config = {
		.settings = settings,
		.domain = app->domain,
		.slot = &app->slot,
		.demand = app->demand,
		.reports = app->reports,
		.limit = app->limit,
		.port = settings->listen_public.port,
	};

	for (unsigned i = 0; i < settings->workers; i++) {
		int rc = query_worker_start(&config, i, &app->workers[i],
					    &config.port);

		if (rc != 0) {
			log_err("balancer.listen_failed port=%u error=\"%s\"",
				config.port, err_str(rc));
			return rc;
		}
		app->worker_count++;
	}
	app->port = config.port;
	for (unsigned i = 0; i < app->worker_count; i++)
		service_add_server(app->ctx, "public",
				   query_worker_server(app->workers[i]));
	service_log_listen("public", &settings->listen_public.at, app->port);
	return 0;
}

static int start(struct service_context *ctx, void **app_r)
{
	const struct balancer_settings *settings = ctx->settings;
	struct balancer *app = mem_alloc(sizeof(*app));
	int rc;

	app->ctx = ctx;
	app->domain = qsbr_new(settings->workers);
	app->limit = ratelimit_new();
	app->demand = demand_new(settings->workers);
	app->reports = mem_array(settings->workers, sizeof(*app->reports));
	app->shelf = view_shelf_new(settings->snapshots_kept);
	rc = mailbox_new(ctx->loop, admin_explain_answer, app, &app->answers);
	if (rc == 0)
		rc = start_builder(app, settings);
	if (rc == 0)
		rc = start_workers(app, settings);
	if (rc != 0) {
		free_all(app);
		return rc;
	}
	app->reporter = reporter_new(app, settings);
	*app_r = app;
	return 0;
}

static void reload(struct service_context *ctx)
{
	struct balancer *app = ctx->app;

	builder_reload(app->builder, ctx->settings);
}

static void look_drained(void *arg)
{
	struct balancer *app = arg;

	for (unsigned i = 0; i < app->worker_count; i++)
		if (!query_worker_is_drained(app->workers[i]))
			return;
	loop_timer_stop(app->drain_timer);
	service_stop(app->ctx);
}

static void drain(struct service_context *ctx)
{
	struct balancer *app = ctx->app;

	/* The others are to take over: it counts no more. */
	reporter_free(&app->reporter);
	for (unsigned i = 0; i < app->worker_count; i++)
		query_worker_drain(app->workers[i]);
	app->drain_timer = loop_timer_new(ctx->loop, look_drained, app);
	loop_timer_every(app->drain_timer, DRAIN_LOOK_MS);
}

static void stop(struct service_context *ctx)
{
	if (ctx->app)
		free_all(ctx->app);
}

bool balancer_ready(struct service_context *ctx, struct buf *why)
{
	struct balancer *app = ctx->app;
	struct view *view = view_shelf_take_newest(app->shelf);
	const struct snapshot *snap = view ? view->snapshot : NULL;
	bool ready = snap && snap->nodes_up + snap->nodes_suspect > 0;

	if (!snap)
		buf_str(why, "no state from the registry yet, none saved");
	else
		buf_printf(why, "nodes=%u snapshot=%u age_ms=%lld source=%s%s",
			   snap->nodes_total, snap->number,
			   (long long)(clk_mono_ms() - snap->built_at_ms),
			   view->from_file ? "file" : "registry",
			   view->map->databases ? "" : " geo=none");
	view_unref(&view);
	return ready;
}

const struct service *balancer_service(void)
{
	static struct service service = {
		.name = "peri-balancer",
		.summary = "tells clients the nearest nodes that have room",
		.help_more =
			"Files:\n"
			"  STATE_DIR/" STATE_FILE_NAME "  the last good fleet\n"
			"SIGHUP reads the geo files anew, too.\n",
		.default_config = "/etc/perihelion/balancer.jsonc",
		.settings_bytes = sizeof(struct balancer_settings),
		.admin_listen_offset =
			offsetof(struct balancer_settings, listen_admin),
		.start = start,
		.reload = reload,
		.drain = drain,
		.drain_timeout_ms = 10000,
		.stop = stop,
		.ready = balancer_ready,
		.admin_handler = balancer_admin_handle,
	};

	service.conf = balancer_conf_table();
	service.metrics = *balancer_metrics_table();
	return &service;
}
