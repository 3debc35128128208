/*
 * service_admin.c - see the header. The rows of /metrics that every daemon has
 * are here, so that they mean the same everywhere.
 */
#include "lib/svc/service_admin.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

#define METRICS_MAX_BYTES (16u << 20)
#define CONNS_MAX	  512 /* open pages, people and a few scrapers */

static void collect_build(struct metrics_writer *w, void *arg)
{
	const struct service_admin *admin = arg;
	char storage[128];
	struct buf labels;

	buf_init_fixed(&labels, storage, sizeof(storage));
	buf_printf(&labels, "program=\"%s\",version=\"%s\"",
		   admin->service->name, SERVICE_VERSION);
	metrics_sample_u64(w, buf_cstr(&labels), 1);
}

static void collect_start(struct metrics_writer *w, void *arg)
{
	const struct service_admin *admin = arg;

	metrics_sample_u64(w, "", (uint64_t)admin->start_wall_s);
}

static void collect_lag(struct metrics_writer *w, void *arg)
{
	const struct service_admin *admin = arg;

	metrics_sample_real(w, "", (double)loop_lag_us(admin->ctx->loop) / 1e6);
}

static void collect_reloads(struct metrics_writer *w, void *arg)
{
	const struct service_admin *admin = arg;

	metrics_sample_u64(w, "result=\"ok\"", admin->reloads_ok);
	metrics_sample_u64(w, "result=\"failed\"", admin->reloads_failed);
}

/* Sum of the servers of one listener (each worker has one). */
static struct httpd_counters sum_of(const struct service_admin *admin,
				    const char *listener)
{
	struct httpd_counters sum = {0};

	for (unsigned i = 0; i < admin->server_count; i++) {
		if (strcmp(admin->servers[i].listener, listener) == 0)
			httpd_counters_add(
				&sum, httpd_counters(admin->servers[i].server));
	}
	return sum;
}

typedef void put_cb(struct metrics_writer *w, const char *listener,
		    const struct httpd_counters *sum);

/* Call @put once for each listener's name, with the sum of its servers. */
static void each_listener(struct metrics_writer *w,
			  const struct service_admin *admin, put_cb *put)
{
	for (unsigned i = 0; i < admin->server_count; i++) {
		const char *listener = admin->servers[i].listener;
		struct httpd_counters sum;
		unsigned first = 0;

		while (strcmp(admin->servers[first].listener, listener) != 0)
			first++;
		if (first < i)
			continue;
		sum = sum_of(admin, listener);
		put(w, listener, &sum);
	}
}

/* listener="..." and one more label. */
static void put_labelled(struct metrics_writer *w, const char *listener,
			 const char *label, const char *value, uint64_t count)
{
	char storage[160];
	struct buf labels;

	buf_init_fixed(&labels, storage, sizeof(storage));
	buf_printf(&labels, "listener=\"%s\"", listener);
	if (label)
		buf_printf(&labels, ",%s=\"%s\"", label, value);
	metrics_sample_u64(w, buf_cstr(&labels), count);
}

static void put_requests(struct metrics_writer *w, const char *listener,
			 const struct httpd_counters *sum)
{
	static const char *const codes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		put_labelled(w, listener, "code", codes[i], sum->status[i + 1]);
}

static void put_rejected(struct metrics_writer *w, const char *listener,
			 const struct httpd_counters *sum)
{
	put_labelled(w, listener, "reason", "400", sum->refused_400);
	put_labelled(w, listener, "reason", "408", sum->refused_408);
	put_labelled(w, listener, "reason", "413", sum->refused_413);
	put_labelled(w, listener, "reason", "414", sum->refused_414);
	put_labelled(w, listener, "reason", "431", sum->refused_431);
	put_labelled(w, listener, "reason", "501", sum->refused_501);
	put_labelled(w, listener, "reason", "503", sum->refused_503);
	put_labelled(w, listener, "reason", "505", sum->refused_505);
	put_labelled(w, listener, "reason", "idle", sum->closed_idle);
	put_labelled(w, listener, "reason", "silent", sum->closed_silent);
	put_labelled(w, listener, "reason", "slow_reader",
		     sum->closed_slow_write);
	put_labelled(w, listener, "reason", "address_connections",
		     sum->reset_many);
	put_labelled(w, listener, "reason", "address_barred",
		     sum->reset_barred);
	put_labelled(w, listener, "reason", "bad_requests", sum->closed_bad);
}

static void put_proxy_headers(struct metrics_writer *w, const char *listener,
			      const struct httpd_counters *sum)
{
	put_labelled(w, listener, NULL, NULL, sum->refused_proxy_header);
}

static void put_open(struct metrics_writer *w, const char *listener,
		     const struct httpd_counters *sum)
{
	put_labelled(w, listener, NULL, NULL, sum->conns_open);
}

static void put_accepted(struct metrics_writer *w, const char *listener,
			 const struct httpd_counters *sum)
{
	put_labelled(w, listener, NULL, NULL, sum->conns_accepted);
}

static void put_bytes(struct metrics_writer *w, const char *listener,
		      const struct httpd_counters *sum)
{
	put_labelled(w, listener, "direction", "in", sum->bytes_in);
	put_labelled(w, listener, "direction", "out", sum->bytes_out);
}

static void collect_requests(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_requests);
}

static void collect_rejected(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_rejected);
}

static void collect_proxy_headers(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_proxy_headers);
}

static void collect_open(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_open);
}

static void collect_accepted(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_accepted);
}

static void collect_bytes(struct metrics_writer *w, void *arg)
{
	each_listener(w, arg, put_bytes);
}

static const struct metrics_row rows[] = {
	{"peri_build_info", METRICS_GAUGE, "Always 1; what runs here.",
	 "program, version", collect_build},
	{"peri_start_time_seconds", METRICS_GAUGE,
	 "When the process started, in Unix time.", "", collect_start},
	{"peri_event_loop_lag_seconds", METRICS_GAUGE,
	 "How late the main loop's last 100 ms tick was.", "", collect_lag},
	{"peri_config_reloads_total", METRICS_COUNTER,
	 "Reloads of the configuration (SIGHUP).", "result", collect_reloads},
	{"peri_http_requests_total", METRICS_COUNTER,
	 "HTTP answers by listener and class of status.", "listener, code",
	 collect_requests},
	{"peri_http_rejected_total", METRICS_COUNTER,
	 "What the HTTP server itself refused or closed.", "listener, reason",
	 collect_rejected},
	{"peri_http_proxy_header_errors_total", METRICS_COUNTER,
	 "Answers 400 for a PROXY header that is wrong or from a stranger.",
	 "listener", collect_proxy_headers},
	{"peri_http_connections", METRICS_GAUGE, "Open HTTP connections.",
	 "listener", collect_open},
	{"peri_http_connections_total", METRICS_COUNTER,
	 "Accepted HTTP connections.", "listener", collect_accepted},
	{"peri_http_bytes_total", METRICS_COUNTER, "Bytes of HTTP traffic.",
	 "listener, direction", collect_bytes},
};

static const struct metrics_table common = {rows, ARRAY_LEN(rows)};

void service_admin_put_markdown(struct buf *b)
{
	metrics_put_markdown(b, &common);
}

static void answer_metrics(struct httpd_request *req,
			   const struct service_admin *admin)
{
	const struct metrics_table *const tables[] = {&common,
						      &admin->service->metrics};
	void *const args[] = {(void *)(uintptr_t)admin, admin->ctx->app};
	const struct service *service = admin->service;
	/* What start() has not finished yet has nothing to tell. */
	size_t count = admin->phase == SERVICE_STARTING ? 1 : 2;
	struct buf text;

	if (count == 2 && service->metrics_refused &&
	    service->metrics_refused(admin->ctx, req))
		return;
	buf_init(&text, METRICS_MAX_BYTES);
	metrics_put(&text, tables, count, args);
	if (text.failed)
		httpd_problem_simple(req, 500, "internal", "Internal error",
				     "the metrics do not fit the answer");
	else
		httpd_reply(req, 200,
			    "text/plain; version=0.0.4; charset=utf-8", SV(""),
			    buf_view(&text));
	buf_fini(&text);
}

/* A service that is ready may still have something to say, e.g. how old its
 * state is. */
static void reply_ready(struct httpd_request *req, struct sv detail)
{
	char storage[1024];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	buf_str(&text, "{\"status\":\"ready\"");
	if (detail.len > 0) {
		buf_str(&text, ",\"detail\":");
		buf_json_str(&text, detail);
	}
	buf_str(&text, "}\n");
	httpd_reply(req, 200, "application/json", SV(""), buf_view(&text));
}

static void answer_ready(struct httpd_request *req,
			 const struct service_admin *admin)
{
	char storage[512];
	struct buf why;
	bool ready = admin->phase == SERVICE_UP;

	buf_init_fixed(&why, storage, sizeof(storage) - 1);
	if (!ready)
		buf_str(&why, admin->phase == SERVICE_DRAINING
				      ? "the service is stopping"
				      : "the service is starting");
	else if (admin->service->ready)
		ready = admin->service->ready(admin->ctx, &why);
	if (ready) {
		reply_ready(req, buf_view(&why));
		return;
	}
	storage[why.len] = '\0';
	httpd_problem_simple(req, 503, "not-ready", "Not ready", storage);
}

static void answer_version(struct httpd_request *req,
			   const struct service_admin *admin)
{
	char storage[160];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	buf_printf(&text, "{\"program\":\"%s\",\"version\":\"%s\"}\n",
		   admin->service->name, SERVICE_VERSION);
	httpd_reply(req, 200, "application/json", SV(""), buf_view(&text));
}

static void answer_health(struct httpd_request *req,
			  const struct service_admin *admin)
{
	(void)admin;
	httpd_reply(req, 200, "application/json", SV(""),
		    SV("{\"status\":\"ok\"}\n"));
}

static const struct route {
	struct sv path;
	void (*answer)(struct httpd_request *req,
		       const struct service_admin *admin);
} routes[] = {
	{SV("/metrics"), answer_metrics},
	{SV("/healthz"), answer_health},
	{SV("/readyz"), answer_ready},
	{SV("/version"), answer_version},
};

static void on_request(struct httpd_request *req, void *arg)
{
	const struct service_admin *admin = arg;
	bool reads = req->head->method == HTTP1_GET ||
		     req->head->method == HTTP1_HEAD;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!sv_eq(req->head->path, routes[i].path))
			continue;
		if (reads)
			routes[i].answer(req, admin);
		else
			httpd_problem_simple(req, 405, "method-not-allowed",
					     "Method not allowed",
					     "use GET or HEAD");
		return;
	}
	if (admin->service->admin_handler &&
	    admin->service->admin_handler(admin->ctx, req))
		return;
	httpd_problem_simple(req, 404, "not-found", "Not found",
			     "there is no such path on this listener");
}

int service_admin_open(struct service_admin *admin,
		       const struct conf_listen *at)
{
	struct httpd_limits limits = httpd_default_limits();
	struct service_context *ctx = admin->ctx;
	uint16_t port = 0;
	int rc;

	limits.conns_max = CONNS_MAX;
	ctx->admin = httpd_new(ctx->loop, &limits, on_request, admin);
	rc = httpd_listen(ctx->admin, &at->at, at->port, &port);
	if (rc) {
		log_err("service.listen_failed name=admin port=%u error=\"%s\"",
			at->port, err_str(rc));
		httpd_free(&ctx->admin);
		return rc;
	}
	service_log_listen("admin", &at->at, port);
	service_add_server(ctx, "admin", ctx->admin);
	return 0;
}

void service_admin_close(struct service_admin *admin)
{
	httpd_free(&admin->ctx->admin);
}
