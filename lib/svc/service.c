/*
 * service.c - the life of a daemon: options, settings, start, signals, reload,
 * drain, stop. All of it on the main thread.
 */
#include "lib/svc/service.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/listener.h"
#include "lib/svc/service_admin.h"
#include "lib/svc/service_manual.h"
#include "lib/svc/service_notify.h"
#include "lib/svc/service_options.h"

#define EXIT_FINE   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

#define TEXT_MAX_BYTES (1u << 20)

/* Settings that were in force once; see struct service_context. */
struct generation {
	struct generation *before;
	void *settings; /* owned */
};

struct run {
	struct service_context ctx;
	const struct service *service; /* borrowed */
	struct service_options options;
	const char *config_path;   /* borrowed; NULL = no file */
	struct generation *latest; /* owned list */
	struct service_admin admin;
	struct loop_timer *drain_timer; /* owned, once draining */
};

static struct run *run_of(struct service_context *ctx)
{
	return CONTAINER_OF(ctx, struct run, ctx);
}

void service_log_listen(const char *name, const struct addr *at, uint16_t port)
{
	char text[ADDR_TEXT_MAX];

	log_info("service.listen name=%s addr=%s port=%u", name,
		 at->family == ADDR_NONE ? "*" : addr_text(at, text), port);
}

void service_add_server(struct service_context *ctx, const char *listener,
			const struct httpd *server)
{
	struct service_admin *admin = &run_of(ctx)->admin;

	if (admin->server_count < SERVICE_SERVERS_MAX)
		admin->servers[admin->server_count++] =
			(struct service_server){listener, server};
}

void service_stop(struct service_context *ctx)
{
	loop_stop(ctx->loop);
}

/* ---- settings ---- */

static void hold_settings(struct run *run, void *settings)
{
	struct generation *generation = mem_alloc(sizeof(*generation));

	generation->before = run->latest;
	generation->settings = settings;
	run->latest = generation;
	run->ctx.settings = settings;
}

static void free_settings(struct run *run)
{
	while (run->latest) {
		struct generation *generation = run->latest;

		run->latest = generation->before;
		mem_free(generation->settings);
		mem_free(generation);
	}
}

/* Returns 0 and the caller's *@settings_r, or an error that @why explains. */
static int load_settings(const struct run *run, void **settings_r,
			 struct buf *why)
{
	void *settings = mem_alloc(run->service->settings_bytes);
	int rc = conf_load(run->service->conf, run->config_path,
			   run->options.argc, run->options.argv, settings, why);

	if (rc)
		mem_free(settings);
	else
		*settings_r = settings;
	return rc;
}

static void reload_settings(struct run *run)
{
	const struct service *service = run->service;
	struct buf why, quoted, fixed;
	void *fresh = NULL;

	buf_init(&why, TEXT_MAX_BYTES);
	buf_init(&quoted, TEXT_MAX_BYTES);
	buf_init(&fixed, TEXT_MAX_BYTES);
	if (load_settings(run, &fresh, &why)) {
		run->admin.reloads_failed++;
		buf_json_str(&quoted, buf_view(&why)); /* it quotes keys */
		log_err("service.reload_failed why=%s", buf_cstr(&quoted));
	} else {
		void *next =
			mem_dup(run->ctx.settings, service->settings_bytes);

		conf_reload(service->conf, next, fresh, &fixed);
		mem_free(fresh);
		if (fixed.len > 0)
			log_warn("service.reload_ignored options=%s "
				 "reason=\"a restart is needed\"",
				 buf_cstr(&fixed));
		hold_settings(run, next);
		run->admin.reloads_ok++;
		log_info("service.reload");
		if (service->reload)
			service->reload(&run->ctx);
	}
	buf_fini(&why);
	buf_fini(&quoted);
	buf_fini(&fixed);
}

/* ---- signals ---- */

static void on_hangup(void *arg)
{
	struct run *run = arg;

	if (run->admin.phase != SERVICE_UP)
		return;
	service_notify_reloading();
	reload_settings(run);
	service_notify_ready();
}

static void on_drain_timeout(void *arg)
{
	struct run *run = arg;

	log_warn("service.drain_timeout after_ms=%lld",
		 (long long)run->service->drain_timeout_ms);
	service_stop(&run->ctx);
}

static void on_terminate(void *arg)
{
	struct run *run = arg;
	const struct service *service = run->service;

	if (run->admin.phase != SERVICE_UP || !service->drain) {
		log_info("service.stop");
		service_notify_stopping();
		service_stop(&run->ctx);
		return;
	}
	log_info("service.drain timeout_ms=%lld",
		 (long long)service->drain_timeout_ms);
	service_notify_stopping();
	run->admin.phase = SERVICE_DRAINING;
	run->drain_timer = loop_timer_new(run->ctx.loop, on_drain_timeout, run);
	loop_timer_once(run->drain_timer, service->drain_timeout_ms);
	service->drain(&run->ctx);
}

static int watch_signals(struct run *run)
{
	struct loop *loop = run->ctx.loop;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = loop_signal(loop, SIGTERM, on_terminate, run);
	if (rc == 0)
		rc = loop_signal(loop, SIGINT, on_terminate, run);
	if (rc == 0)
		rc = loop_signal(loop, SIGHUP, on_hangup, run);
	return rc;
}

/* ---- running ---- */

/* Connections are descriptors: take all that the hard limit gives. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn("service.file_limit errno=%d", errno);
}

static const struct conf_listen *admin_listen(const struct run *run)
{
	return (const struct conf_listen
			*)(const void *)((const char *)run->ctx.settings +
					 run->service->admin_listen_offset);
}

/* Every port we are to listen on is ours alone: workers share it later. */
static int probe_listeners(const struct run *run)
{
	const struct conf_table *conf = run->service->conf;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_option *option = &conf->options[i];
		const struct conf_listen *at =
			(const void *)((const char *)run->ctx.settings +
				       option->offset);
		char text[ADDR_TEXT_MAX];
		int rc;

		if (option->kind != CONF_LISTEN || !at->on)
			continue;
		rc = listener_probe(&at->at, at->port);
		if (rc) {
			log_err("service.cannot_listen option=%s addr=%s "
				"port=%u error=\"%s\"",
				option->name, addr_text(&at->at, text),
				at->port, err_str(rc));
			return rc;
		}
	}
	return 0;
}

/* From start() to stop(), on a loop that is there already. */
static int run_started(struct run *run)
{
	const struct service *service = run->service;
	int rc = service->start(&run->ctx, &run->ctx.app);

	if (rc) {
		log_err("service.start_failed error=\"%s\"", err_str(rc));
		return rc;
	}
	run->admin.phase = SERVICE_UP;
	log_info("service.ready version=%s pid=%d", SERVICE_VERSION,
		 (int)getpid());
	service_notify_ready();
	rc = loop_run(run->ctx.loop);
	if (rc)
		log_err("service.loop_failed error=\"%s\"", err_str(rc));
	service->stop(&run->ctx);
	return rc;
}

static int run_daemon(struct run *run)
{
	const struct conf_listen *at = admin_listen(run);
	int rc;

	raise_file_limit();
	rc = loop_new(&run->ctx.loop);
	if (rc) {
		log_err("service.loop_failed error=\"%s\"", err_str(rc));
		return EXIT_FAILED;
	}
	run->admin.service = run->service;
	run->admin.ctx = &run->ctx;
	run->admin.start_wall_s = clk_wall_s();
	rc = watch_signals(run);
	if (rc)
		log_err("service.signals_failed error=\"%s\"", err_str(rc));
	if (rc == 0)
		rc = probe_listeners(run);
	if (rc == 0 && at->on)
		rc = service_admin_open(&run->admin, at);
	if (rc == 0)
		rc = run_started(run);
	service_admin_close(&run->admin);
	loop_timer_free(&run->drain_timer);
	loop_free(&run->ctx.loop);
	log_info("service.end rc=%d", rc);
	return rc ? EXIT_FAILED : EXIT_FINE;
}

/* ---- what only prints ---- */

static void put_help(struct buf *b, const struct service *service)
{
	buf_printf(b, "%s - %s\n\nUsage: %s [OPTION]...\n\n", service->name,
		   service->summary, service->name);
	service_options_put_help(b);
	buf_printf(b,
		   "\nSettings, in the file (default %s), as options,\n"
		   "or in the environment (PERI_LISTEN_ADMIN=...):\n",
		   service->default_config);
	conf_put_help(b, service->conf);
	if (service->help_more) {
		buf_str(b, "\n");
		buf_str(b, service->help_more);
	}
	buf_str(b, "\nSIGHUP reloads the settings, SIGTERM drains and stops, "
		   "a second one stops at once.\nExit codes: 0 fine, 1 failed "
		   "while running, 2 wrong usage or configuration.\n");
}

static void put_action(struct buf *b, const struct run *run)
{
	const struct service *service = run->service;

	switch (run->options.action) {
	case SERVICE_HELP:
		put_help(b, service);
		break;
	case SERVICE_VERSION_LINE:
		buf_printf(b, "%s %s\n", service->name, SERVICE_VERSION);
		break;
	case SERVICE_CONFIG_MARKDOWN:
		conf_put_markdown(b, service->conf);
		break;
	case SERVICE_METRICS_MARKDOWN:
		service_admin_put_markdown(b);
		buf_char(b, '\n'); /* or the tables run into one */
		metrics_put_markdown(b, &service->metrics);
		break;
	case SERVICE_MANUAL:
		service_manual_put(b, service);
		break;
	case SERVICE_CHECK_CONFIG:
		buf_str(b, "configuration is fine\n");
		break;
	case SERVICE_SHOW_CONFIG:
		conf_put_json(b, service->conf, run->ctx.settings);
		buf_char(b, '\n');
		break;
	case SERVICE_RUN:
		break;
	}
}

static int print_action(const struct run *run)
{
	struct buf text;
	int rc = EXIT_FINE;

	buf_init(&text, TEXT_MAX_BYTES);
	put_action(&text, run);
	if (fwrite(text.data, 1, text.len, stdout) != text.len ||
	    fflush(stdout) != 0)
		rc = EXIT_FAILED;
	buf_fini(&text);
	return rc;
}

/* ---- beginning ---- */

static bool needs_settings(enum service_action action)
{
	return action == SERVICE_RUN || action == SERVICE_CHECK_CONFIG ||
	       action == SERVICE_SHOW_CONFIG;
}

/* The default file is read when it is there; a named one has to be. */
static void choose_config(struct run *run)
{
	const char *path = run->options.config_path;

	if (!path && run->service->default_config &&
	    access(run->service->default_config, F_OK) == 0)
		path = run->service->default_config;
	run->config_path = path;
}

static int prepare(struct run *run, int argc, char **argv, struct buf *why)
{
	void *settings = NULL;
	int rc = service_options_read(argc, argv, &run->options, why);

	if (rc || !needs_settings(run->options.action))
		return rc;
	log_set_level(run->options.log_level);
	choose_config(run);
	rc = load_settings(run, &settings, why);
	if (rc)
		return rc;
	hold_settings(run, settings);
	return 0;
}

int service_main(const struct service *service, int argc, char **argv)
{
	struct run run = {.service = service};
	struct buf why;
	int code;

	assert(service->start && service->stop && service->conf);
	log_init(service->name);
	buf_init(&why, TEXT_MAX_BYTES);
	if (prepare(&run, argc, argv, &why)) {
		fprintf(stderr, "%s: %s\n", service->name, buf_cstr(&why));
		code = EXIT_USAGE;
	} else if (run.options.action == SERVICE_RUN) {
		code = run_daemon(&run);
	} else {
		code = print_action(&run);
	}
	buf_fini(&why);
	free_settings(&run);
	service_options_fini(&run.options);
	return code;
}
