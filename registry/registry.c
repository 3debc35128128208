/*
 * registry.c - the life of peri-registry. start() reads the store before it
 * listens, so whoever reaches the registry sees everything it knows; a change
 * of a lease goes from here to the store and to the watchers. Main loop.
 */
#include "registry/registry.h"

#include "lib/base/clk.h"
#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "registry/admin.h"
#include "registry/api.h"
#include "registry/api_view.h"
#include "registry/pulse.h"
#include "registry/region_keeper.h"
#include "registry/registry_metrics.h"
#include "registry/registry_store.h"
#include "registry/relay.h"
#include "registry/report_share.h"
#include "registry/state_stream.h"

#define CHANGE_COUNT	   65536 /* that a watcher may have missed */
#define LEASE_PERIOD_MS	   100
#define LOOK_PERIOD_MS	   1000
#define DRAIN_PERIOD_MS	   20
#define DRAIN_TIMEOUT_MS   10000
#define EPOCH_RANDOM_BYTES 8

const struct registry_settings *registry_settings_of(const struct registry *r)
{
	return r->ctx->settings;
}

/* Keep in the store since when the node is down, so that a restart does not
 * bring the dead back. */
static void store_state(struct registry *r, const struct lease *lease,
			enum node_state before)
{
	if (lease->state == NODE_DOWN)
		store_mark_node(r->store, lease->record.id,
				lease->record.boot_epoch, clk_wall_s());
	else if (before == NODE_DOWN)
		store_mark_node(r->store, lease->record.id,
				lease->record.boot_epoch, 0);
}

/* What nodes cause is logged at a bounded rate; the counters have it all. */
static void log_lease(struct registry *r, const struct lease *lease,
		      const char *what)
{
	enum log_level level = lease->state == NODE_DOWN ? LOG_WARN : LOG_INFO;
	uint32_t dropped;

	if (!log_rate_pass(&r->lease_log, clk_mono_ms(), &dropped))
		return;
	log_line(level, "lease.%s node=%s region=%s state=%s dropped=%u", what,
		 lease->record.id, lease->record.region,
		 node_state_str(lease->state), dropped);
}

static void on_lease(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	struct registry *r = arg;
	const struct node_record *record = &lease->record;

	event_source_lease(r, lease, event, before);
	history_keeper_lease(r->history, lease, event);
	switch (event) {
	case LEASE_ADDED:
		log_lease(r, lease, "add");
		feed_hub_node(r->hub, lease);
		break;
	case LEASE_CHANGED:
	case LEASE_STATE:
		log_lease(r, lease, "change");
		store_state(r, lease, before);
		feed_hub_node(r->hub, lease);
		break;
	case LEASE_LEFT:
		log_lease(r, lease, "left");
		feed_hub_gone(r->hub, lease, "left");
		intent_keeper_gone(r, lease);
		region_keeper_leave(r, record->region);
		break;
	case LEASE_FORGOTTEN:
		log_lease(r, lease, "forget");
		store_forget_node(r->store, record->id, record->boot_epoch);
		feed_hub_gone(r->hub, lease, "forgotten");
		intent_keeper_gone(r, lease);
		region_keeper_leave(r, record->region);
		break;
	}
}

static void on_override(struct override *entry, enum override_event event,
			void *arg)
{
	struct registry *r = arg;

	event_source_intent(r, &entry->intent, event);
	if (event == OVERRIDE_PUT)
		feed_hub_intent(r->hub, entry);
	else
		feed_hub_intent_gone(r->hub, entry);
}

static void on_lease_timer(void *arg)
{
	struct registry *r = arg;

	/* The real time, not the turn's: a turn that took long is a pause. */
	lease_advance(r->leases, clk_mono_ms());
	balancer_table_advance(r->balancers, clk_mono_ms());
	intent_keeper_advance(r, clk_wall_s());
	feed_hub_balancers(r->hub, balancer_table_count(r->balancers));
}

static void on_look_timer(void *arg)
{
	struct registry *r = arg;

	event_source_look(r);
	history_keeper_look(r->history);
}

static void make_tables(struct registry *r)
{
	const struct registry_settings *settings = registry_settings_of(r);
	struct lease_config leases = {
		.leases_max = settings->max_nodes,
		.renews_per_ttl = settings->renews_per_ttl,
	};
	struct feed_hub_config hub = {
		.change_count = CHANGE_COUNT,
		.watchers_max = settings->max_watchers,
	};
	uint8_t random[EPOCH_RANDOM_BYTES];
	char epoch_storage[FEED_EPOCH_BYTES];
	struct buf epoch;

	crypto_random(random, sizeof(random));
	buf_init_fixed(&epoch, epoch_storage, sizeof(epoch_storage));
	for (size_t i = 0; i < sizeof(random); i++)
		buf_hex(&epoch, random[i], 2);
	hub.epoch = buf_cstr(&epoch);
	r->regions = region_table_new();
	r->relay = relay_new(r->ctx->loop);
	r->viewers = viewer_hub_new(r->ctx->loop, hub.epoch);
	r->pulse = pulse_new(r, r->ctx->loop);
	r->states = state_stream_new(r->pulse, r->ctx->loop);
	r->events = event_log_new(settings->events_kept);
	event_log_listen(r->events, api_view_log, r);
	r->balancers = balancer_table_new(clk_mono_ms());
	balancer_table_listen(r->balancers, event_source_balancer, r);
	r->reports = report_share_new(r->balancers);
	r->access = access_new();
	r->leases = lease_table_new(&leases, clk_mono_ms(), on_lease, r);
	r->overrides = override_table_new(on_override, r);
	r->audit = audit_new();
	r->intents = intent_keeper_new();
	r->hub = feed_hub_new(
		r->ctx->loop, &hub,
		&(struct feed_state){r->leases, r->regions, r->overrides});
}

static int listen_nodes(struct registry *r)
{
	const struct registry_settings *settings = registry_settings_of(r);
	const struct conf_listen *at = &settings->listen_nodes;
	struct httpd_limits limits = httpd_default_limits();
	struct buf url;
	uint16_t port;
	int rc;

	buf_init_fixed(&url, r->nodes_url, sizeof(r->nodes_url));
	limits.conns_max = settings->max_connections;
	limits.body_max_bytes = REPORT_JSON_MAX; /* the longest of all */
	r->nodes_httpd = httpd_new(r->ctx->loop, &limits, api_handle, r);
	rc = httpd_listen(r->nodes_httpd, &at->at, at->port, &port);
	if (rc != 0) {
		log_err("registry.listen_failed port=%u why=\"%s\"", at->port,
			err_str(rc));
		return rc;
	}
	registry_conf_put_nodes_url(settings, port, &url);
	(void)buf_cstr(&url); /* an address or a host name fits */
	service_add_server(r->ctx, "nodes", r->nodes_httpd);
	service_log_listen("nodes", &at->at, port);
	return 0;
}

/* The tokens of before stay when the new ones cannot be read. */
static int load_access(struct registry *r)
{
	const struct registry_settings *settings = registry_settings_of(r);
	char storage[1024];
	struct buf why;
	int rc;

	if (!settings->listen_admin.on)
		return 0;
	buf_init_fixed(&why, storage, sizeof(storage));
	rc = access_load(r->access, settings, &why);
	if (rc != 0)
		log_err("access.tokens_refused why=\"%s\"", buf_cstr(&why));
	return rc;
}

static int set_relay(struct registry *r)
{
	const char *url = registry_settings_of(r)->balancer_admin;
	int rc = relay_set(r->relay, url);

	if (rc != 0)
		log_err("relay.refused balancer_admin=%s why=\"%s\"", url,
			err_str(rc));
	return rc;
}

static void stop(struct service_context *ctx)
{
	struct registry *r = ctx->app;

	r->listening = false;
	loop_timer_free(&r->lease_timer);
	loop_timer_free(&r->look_timer);
	loop_timer_free(&r->drain_timer);
	store_free(&r->store); /* its last callbacks want all the rest */
	relay_free(&r->relay);
	state_stream_free(&r->states);
	pulse_free(&r->pulse);
	viewer_hub_free(&r->viewers);
	history_keeper_free(&r->history);
	feed_hub_free(&r->hub);
	httpd_free(&r->nodes_httpd);
	lease_table_free(&r->leases);
	report_share_free(&r->reports);
	balancer_table_free(&r->balancers);
	region_table_free(&r->regions);
	event_log_free(&r->events);
	access_free(&r->access);
	override_table_free(&r->overrides);
	intent_keeper_free(&r->intents);
	audit_free(&r->audit);
	mem_free(r);
	ctx->app = NULL;
}

static int start_parts(struct registry *r)
{
	int rc = registry_store_open(r);

	if (rc == 0)
		rc = load_access(r);
	if (rc == 0)
		rc = set_relay(r);
	if (rc == 0)
		rc = registry_store_load(r);
	if (rc == 0)
		rc = region_keeper_read_file(r);
	if (rc == 0)
		intent_keeper_advance(r, clk_wall_s());
	/* Listening begins now: leases count from here, not from the load. */
	if (rc == 0)
		lease_listen(r->leases, clk_mono_ms());
	if (rc == 0)
		rc = history_keeper_new(r, &r->history);
	if (rc == 0)
		rc = listen_nodes(r);
	r->listening = rc == 0;
	return rc;
}

static int start(struct service_context *ctx, void **app_r)
{
	struct registry *r = mem_alloc(sizeof(*r));
	int rc;

	r->ctx = ctx;
	*app_r = r;
	make_tables(r);
	rc = start_parts(r);
	if (rc != 0) {
		stop(ctx);
		return rc;
	}
	r->lease_timer = loop_timer_new(ctx->loop, on_lease_timer, r);
	loop_timer_every(r->lease_timer, LEASE_PERIOD_MS);
	event_source_begin(r);
	r->look_timer = loop_timer_new(ctx->loop, on_look_timer, r);
	loop_timer_every(r->look_timer, LOOK_PERIOD_MS);
	return 0;
}

static void reload(struct service_context *ctx)
{
	int rc = region_keeper_read_file(ctx->app);

	(void)rc; /* logged; the regions are as before */
	rc = load_access(ctx->app);
	(void)rc; /* logged; the tokens are as before */
	viewer_hub_end_all(((struct registry *)ctx->app)->viewers);
	rc = set_relay(ctx->app);
	(void)rc; /* logged; who was asked before still is */
}

static void on_drain_timer(void *arg)
{
	struct registry *r = arg;

	if (store_counters(r->store)->queued == 0 &&
	    httpd_is_drained(r->nodes_httpd))
		service_stop(r->ctx);
}

static void drain(struct service_context *ctx)
{
	struct registry *r = ctx->app;

	if (!r || !r->nodes_httpd) {
		service_stop(ctx);
		return;
	}
	httpd_drain(r->nodes_httpd);
	r->drain_timer = loop_timer_new(ctx->loop, on_drain_timer, r);
	loop_timer_every(r->drain_timer, DRAIN_PERIOD_MS);
}

bool registry_is_ready(const struct registry *r, struct buf *why)
{
	const char *problem = history_keeper_problem(r->history);

	if (!store_counters(r->store)->up) {
		buf_str(why, "the store does not take changes");
		return false;
	}
	if (problem[0])
		buf_printf(why, "the history is only in memory: %s", problem);
	return true;
}

static bool ready(struct service_context *ctx, struct buf *why)
{
	return registry_is_ready(ctx->app, why);
}

static const char help_more[] =
	"Files:\n"
	"  STATE_DIR/registry.db       registrations, regions, intents "
	"(SQLite)\n"
	"  STATE_DIR/registry.db.lock  held while the registry runs\n"
	"  STATE_DIR/history.db        events and charts; may be deleted\n"
	"  STATE_DIR/admin.token       opens the admin listener, role admin\n"
	"\n"
	"Example:\n"
	"  peri-registry --state-dir=/var/lib/perihelion \\\n"
	"    --regions-file=/etc/perihelion/regions.jsonc\n";

const struct service *registry_service(void)
{
	static struct service service = {
		.name = "peri-registry",
		.summary = "keeps the nodes' leases and streams changes to "
			   "balancers",
		.help_more = help_more,
		.default_config = "/etc/perihelion/registry.jsonc",
		.settings_bytes = sizeof(struct registry_settings),
		.admin_listen_offset =
			offsetof(struct registry_settings, listen_admin),
		.start = start,
		.reload = reload,
		.drain = drain,
		.drain_timeout_ms = DRAIN_TIMEOUT_MS,
		.stop = stop,
		.ready = ready,
		.metrics_refused = admin_metrics_refused,
		.admin_handler = admin_handle,
	};

	service.conf = registry_conf_table();
	service.metrics = *registry_metrics_table();
	return &service;
}
