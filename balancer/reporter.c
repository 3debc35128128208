/*
 * reporter.c - one timer, one call at a time. A call that hangs costs the
 * seconds of its timeout and no more: totals are in every report.
 */
#include "balancer/reporter.h"

#include "balancer/balancer.h"
#include "balancer/report_tally.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/net/httpc.h"

#define PERIOD_MS	 1000
#define TIMEOUT_MS	 2000
#define ANSWER_MAX_BYTES 4096
#define PATH_BYTES	 128

struct reporter {
	struct balancer *app;
	struct conf_list urls;
	char token[sizeof(((struct balancer_settings *)0)->registry_token)];
	uint64_t boot_epoch;
	struct report_tally *tally;
	struct loop_timer *timer;
	struct httpc *client;
	unsigned url; /* that the client is of */
	bool busy;    /* a call is under way */
	bool failing; /* the last one failed */
	struct log_rate log;
};

static void note(struct reporter *r, const struct httpc_answer *answer)
{
	bool failed = answer->rc != 0 || answer->status != 200;
	struct reporter_counters *c = &r->app->reported;
	uint32_t dropped;

	if (failed)
		c->failed++;
	else
		c->ok++;
	if (failed == r->failing)
		return;
	r->failing = failed;
	if (!log_rate_pass(&r->log, clk_mono_ms(), &dropped))
		return;
	if (failed)
		log_warn("report.failed registry=%s error=\"%s\" status=%u "
			 "dropped=%u",
			 r->urls.items[r->url], err_str(answer->rc),
			 answer->status, dropped);
	else
		log_info("report.taken registry=%s dropped=%u",
			 r->urls.items[r->url], dropped);
}

static void on_answer(const struct httpc_answer *answer, void *arg)
{
	struct reporter *r = arg;

	r->busy = false;
	note(r, answer);
}

/* A client of the registry that the sync is at; false: none can be made. */
static bool take_client(struct reporter *r)
{
	unsigned url = (unsigned)counter_get(&r->app->counters.sync.url);

	if (r->client && url == r->url)
		return true;
	if (r->client)
		httpc_free(&r->client);
	r->url = url;
	if (httpc_new(r->app->ctx->loop, sv_str(r->urls.items[url]),
		      &r->client) != 0)
		return false;
	return httpc_set_bearer(r->client, r->token) == 0;
}

static void put_report(struct reporter *r, const struct view *view,
		       struct buf *body)
{
	struct report report;
	struct jsonw w;

	report_tally_take(r->tally, r->app, view, clk_mono_ms(), &report);
	r->app->reported.distances = *report_tally_distances(r->tally);
	report.boot_epoch = r->boot_epoch;
	memcpy(report.version, SERVICE_VERSION, sizeof(SERVICE_VERSION));
	jsonw_init(&w, body);
	jsonw_object(&w, NULL);
	report_put(&w, &report);
	jsonw_object_end(&w);
}

static void send_report(struct reporter *r, const struct view *view)
{
	char path_text[PATH_BYTES];
	struct buf path, body;
	struct httpc_call call = {.method = HTTP1_POST,
				  .timeout_ms = TIMEOUT_MS,
				  .answer_max_bytes = ANSWER_MAX_BYTES};

	buf_init_fixed(&path, path_text, sizeof(path_text));
	buf_str(&path, "/v1/balancers/");
	buf_str(&path, view->policy->balancer_id);
	buf_str(&path, "/report");
	buf_init(&body, REPORT_JSON_MAX);
	put_report(r, view, &body);
	call.path = buf_cstr(&path);
	call.body = buf_view(&body);
	r->busy = true;
	httpc_request(r->client, &call, on_answer, r);
	buf_fini(&body);
}

static void on_tick(void *arg)
{
	struct reporter *r = arg;
	struct view *view;

	if (r->busy) {
		r->app->reported.skipped++;
		return;
	}
	if (!take_client(r))
		return;
	view = view_shelf_take_newest(r->app->shelf);
	if (view)
		send_report(r, view);
	view_unref(&view);
}

struct reporter *reporter_new(struct balancer *app,
			      const struct balancer_settings *settings)
{
	struct reporter *r = mem_alloc(sizeof(*r));
	struct rng rng;

	rng_seed_os(&rng);
	r->app = app;
	r->urls = settings->registry;
	memcpy(r->token, settings->registry_token, sizeof(r->token));
	/* Two processes of one host may start in the same millisecond. */
	r->boot_epoch = (uint64_t)clk_wall_ms() * 1000 + rng_below(&rng, 1000);
	r->tally = report_tally_new();
	r->timer = loop_timer_new(app->ctx->loop, on_tick, r);
	loop_timer_every(r->timer, PERIOD_MS);
	return r;
}

void reporter_free(struct reporter **reporter)
{
	struct reporter *r = *reporter;

	*reporter = NULL;
	if (!r)
		return;
	if (r->client)
		httpc_free(&r->client); /* ends the call under way */
	loop_timer_free(&r->timer);
	report_tally_free(&r->tally);
	mem_free(r);
}
