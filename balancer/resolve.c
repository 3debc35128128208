/*
 * resolve.c - the public listener's handler: reads a query, finds the client
 * on the map, draws, answers. Runs on a worker's thread; everything it reads
 * is the worker's own or in the current view, which nobody writes.
 */
#include "balancer/resolve.h"

#include "balancer/answer.h"
#include "balancer/etag.h"
#include "balancer/resolve_refuse.h"
#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/proto/url.h"

void resolve_init(struct resolver *resolver, struct qsbr_slot *current,
		  struct demand_counter *demand, struct suspect_ring *reports,
		  struct ratelimit *limit)
{
	memset(resolver, 0, sizeof(*resolver));
	resolver->current = current;
	resolver->demand = demand;
	resolver->reports = reports;
	resolver->limit = limit;
	resolver->until_sample = 1;
	rng_seed_os(&resolver->rng);
}

/* All replicas must give a device the same key, so this is no secret; it
 * steers only which node a caller gets, and anybody may choose an id. */
uint64_t resolve_key(struct sv device)
{
	static const struct hash_key key = {0x7065726968656c69ULL,
					    0x6f6e2d6465766963ULL};

	return hash_sip(&key, device);
}

const char *resolve_result_str(enum resolve_result result)
{
	static const char *const names[RESOLVE_RESULT_COUNT] = {
		[RESOLVE_OK] = "ok",
		[RESOLVE_PANIC] = "panic",
		[RESOLVE_EMPTY] = "empty",
		[RESOLVE_GOIM] = "goim",
		[RESOLVE_NOT_MODIFIED] = "not_modified",
	};

	return names[result];
}

/* ---- what the query and the goim form share ---- */

/* Who asks; his bucket's memory is asked for. */
static enum query_refusal claim(struct resolve_turn *turn,
				const struct addr *ip)
{
	enum query_refusal refusal =
		client_addr_claim(turn->view->policy, turn->resolver->limit,
				  turn->req, ip, &turn->claim);

	turn->client.address = addr_unmap(&turn->claim.client);
	return refusal;
}

/* Whether his network may. */
static enum query_refusal admit(struct resolve_turn *turn)
{
	return client_addr_admit(turn->view->policy, turn->resolver->limit,
				 &turn->claim, turn->req->now_ms);
}

/* Both, for those who do not look ahead. */
static enum query_refusal find_client(struct resolve_turn *turn)
{
	enum query_refusal refusal = claim(turn, NULL);

	return refusal == QUERY_OK ? admit(turn) : refusal;
}

static void locate(struct resolve_turn *turn, struct sv device)
{
	struct answer_client *client = &turn->client;

	turn->place_id = place_note_begin(turn->view->map->notes,
					  &client->address, &client->cell);
	client->key = device.len > 0 ? resolve_key(device)
				     : rng_u64(&turn->resolver->rng);
}

/* The place's memory was asked for by locate(). */
static void read_place(struct resolve_turn *turn)
{
	struct place_note *place = &turn->client.place;

	place_note_end(turn->view->map->notes, turn->place_id, place);
	counter_add(&turn->resolver->counters.source[place->source], 1);
}

/* Draw; an anonymous client may get the key of another. */
static void draw_for(struct resolve_turn *turn, struct draw_query *query,
		     struct sv device)
{
	struct resolver *resolver = turn->resolver;

	if (device.len > 0) {
		draw_nodes(query, &turn->list);
		return;
	}
	draw_share_nodes(&resolver->share, query, turn->view->number,
			 turn->req->now_ms, &turn->list);
	if (query->key == turn->client.key)
		return;
	turn->client.key = query->key;
	counter_add(&resolver->counters.shared, 1);
}

/* The first entry's site is of the cell's own candidates. */
static void count_first(struct resolve_counters *counters,
			const struct draw_query *query, unsigned rank)
{
	counter_add(&counters->first_rank[rank], 1);
	if (!(query->service->cells[query->cell].nearest_ranks >> rank & 1))
		counter_add(&counters->spill, 1);
}

static void draw(struct resolve_turn *turn, struct sv device)
{
	struct resolver *resolver = turn->resolver;
	struct draw_query query = {
		.service = turn->service->ranking,
		.key = turn->client.key,
		.cell = turn->client.cell,
		.want = turn->client.want,
		.family = turn->client.family,
	};

	demand_count(resolver->demand, turn->service->slot, query.cell);
	draw_for(turn, &query, device);
	if (turn->list.panic)
		counter_add(&resolver->counters.panics, 1);
	if (turn->list.count > 0 && !turn->list.anywhere)
		count_first(&resolver->counters, &query, turn->list.rank);
}

/* ---- /resolve ---- */

static void count_result(const struct resolve_turn *turn)
{
	enum resolve_result result =
		turn->list.panic ? RESOLVE_PANIC : RESOLVE_OK;

	if (turn->list.count == 0)
		result = RESOLVE_EMPTY;
	counter_add(&turn->resolver->counters.results[result], 1);
}

static void reply_list(struct resolve_turn *turn, struct sv headers)
{
	struct buf *out = httpd_reply_begin(turn->req, 200, headers);

	answer_put(out, turn->service, &turn->client, &turn->list);
	httpd_reply_end(turn->req);
	count_result(turn);
}

/* A device may have this list already. */
static void reply_device(struct resolve_turn *turn)
{
	const struct policy *policy = turn->view->policy;
	uint64_t tag = etag_of(turn->service, &turn->client, &turn->list);
	char text[ETAG_HEADERS_BYTES];
	struct buf room;

	buf_init_fixed(&room, text, sizeof(text));
	if (turn->list.count == 0 || !etag_is_known(turn->req->head, tag)) {
		etag_put_headers(&room, policy->headers, tag);
		reply_list(turn, buf_view(&room));
		return;
	}
	etag_put_headers(&room, policy->kept_headers, tag);
	httpd_reply(turn->req, 304, NULL, buf_view(&room), sv_of("", 0));
	counter_add(&turn->resolver->counters.results[RESOLVE_NOT_MODIFIED], 1);
}

static void reply_nobody(struct resolve_turn *turn, struct sv host)
{
	struct buf *out =
		httpd_reply_begin(turn->req, 200, turn->view->policy->headers);

	locate(turn, sv_of("", 0));
	read_place(turn);
	answer_put_nobody(out, turn->view, host, &turn->client);
	httpd_reply_end(turn->req);
	counter_add(&turn->resolver->counters.results[RESOLVE_EMPTY], 1);
}

/* Why @host found no service. QUERY_OK: it is right, but nobody is there; the
 * default service stays known when all its nodes are gone. */
static enum query_refusal why_missing(const struct view *view, struct sv host)
{
	struct sv known = sv_str(view->policy->default_service);

	if (view->service_count == 0)
		return QUERY_OK;
	if (host.len == 0)
		return known.len > 0 ? QUERY_OK : QUERY_HOST_REQUIRED;
	return sv_eq(host, known) ? QUERY_OK : QUERY_UNKNOWN_HOST;
}

/* For the builder, which decides what to believe. */
static void report_failed(const struct resolve_turn *turn)
{
	const struct query *query = &turn->query;
	struct suspects_report report = {
		.reporter = turn->client.address,
		.service_hash = hash_text(turn->service->name),
	};

	counter_add(&turn->resolver->counters.failed_reports,
		    query->failed_count);
	for (unsigned i = 0; i < query->failed_count; i++) {
		report.node = query->failed[i];
		suspect_ring_put(turn->resolver->reports, &report);
	}
}

/* Who asks, for what: the first step. */
static void read_request(struct resolve_turn *turn)
{
	struct query *query = &turn->query;
	enum query_refusal of_client;

	turn->refusal = query_parse(turn->req->head->query, query);
	of_client = claim(turn, query->has_ip ? &query->ip : NULL);
	turn->claims = of_client == QUERY_OK;
	if (turn->refusal == QUERY_OK)
		turn->refusal = of_client;
}

/* Whether he may, for which service: the second step. Bad queries count for the
 * limit, too. */
static void admit_request(struct resolve_turn *turn)
{
	struct query *query = &turn->query;

	if (turn->claims && admit(turn) != QUERY_OK)
		turn->refusal = QUERY_RATE_LIMITED;
	if (turn->refusal == QUERY_OK && !turn->view->snapshot)
		turn->refusal = QUERY_NOT_READY;
	if (turn->refusal != QUERY_OK)
		return;
	turn->client.family = query->family;
	turn->client.want = query->want;
	turn->service = view_find_service(turn->view, query->host);
	if (!turn->service)
		turn->refusal = why_missing(turn->view, query->host);
}

static void resolve(struct resolve_turn *turn)
{
	if (turn->refusal != QUERY_OK) {
		resolve_refuse(turn->resolver, turn->req, turn->refusal,
			       turn->query.culprit);
		return;
	}
	if (!turn->service) {
		reply_nobody(turn, turn->query.host);
		return;
	}
	if (turn->query.failed_count > 0)
		report_failed(turn);
	read_place(turn);
	if (turn->query.device.len > 0)
		reply_device(turn);
	else
		reply_list(turn, turn->view->policy->headers);
}

/* ---- /goim/nodes/weighted ---- */

/* goim ignores parameters that it does not know. */
static enum answer_goim goim_form(struct sv query)
{
	struct sv name, value;

	while (url_query_next(&query, &name, &value))
		if (sv_eq(name, SV("platform")))
			return sv_eq(value, SV("web")) ? ANSWER_GOIM_HOSTS
						       : ANSWER_GOIM_ADDRS;
	return ANSWER_GOIM_ADDRS;
}

/* goim has no form for a refusal: its clients get the fallback names, and we
 * count the reason as we do elsewhere. */
static void count_goim(const struct resolve_turn *turn)
{
	struct resolve_counters *counters = &turn->resolver->counters;
	enum query_refusal refusal = QUERY_OK;

	if (!turn->view->snapshot)
		refusal = QUERY_NOT_READY;
	else if (!turn->service)
		refusal = why_missing(turn->view, sv_of("", 0));
	if (refusal == QUERY_OK)
		counter_add(&counters->results[RESOLVE_GOIM], 1);
	else
		counter_add(&counters->refusals[refusal], 1);
}

static void goim(struct resolve_turn *turn)
{
	static const struct sv headers =
		SV("Content-Type: application/json; "
		   "charset=utf-8\r\n" RESOLVE_CORS_LINE
		   "Cache-Control: no-store\r\n");
	enum query_refusal refusal;
	struct buf *out;

	refusal = find_client(turn);
	if (refusal != QUERY_OK) {
		resolve_refuse(turn->resolver, turn->req, refusal,
			       sv_of("", 0));
		return;
	}
	if (turn->view->snapshot)
		turn->service = view_find_service(turn->view, sv_of("", 0));
	if (turn->service) {
		locate(turn, sv_of("", 0));
		draw(turn, sv_of("", 0));
		read_place(turn);
	}
	out = httpd_reply_begin(turn->req, 200, headers);
	answer_put_goim(out, turn->view, turn->service, &turn->list,
			goim_form(turn->req->head->query));
	httpd_reply_end(turn->req);
	count_goim(turn);
}

/* ---- health ---- */

static void healthz(struct resolve_turn *turn)
{
	httpd_reply(turn->req, 200, "text/plain", sv_of("", 0), SV("ok\n"));
}

static void readyz(struct resolve_turn *turn)
{
	const struct snapshot *snap = turn->view->snapshot;

	if (snap && snap->nodes_total > 0)
		httpd_reply(turn->req, 200, "text/plain", sv_of("", 0),
			    SV("ready\n"));
	else
		httpd_reply(turn->req, 503, "text/plain",
			    SV("Retry-After: 1\r\n"), SV("no nodes yet\n"));
}

/* ---- paths ---- */

static const struct route {
	struct sv path;
	resolve_answer_cb *answer;
} routes[] = {
	{{"/resolve", 8}, resolve},
	{{"/v1/resolve", 11}, resolve},
	{{"/goim/nodes/weighted", 20}, goim},
	{{"/healthz", 8}, healthz},
	{{"/readyz", 7}, readyz},
};

/* A browser asks first when a page sends headers of its own. */
static void preflight(struct resolve_turn *turn)
{
	enum query_refusal refusal = find_client(turn);

	if (refusal != QUERY_OK) {
		resolve_refuse(turn->resolver, turn->req, refusal,
			       sv_of("", 0));
		return;
	}
	httpd_reply(turn->req, 204, NULL,
		    SV(RESOLVE_CORS_LINE
		       "Access-Control-Allow-Methods: GET, HEAD\r\n"
		       "Access-Control-Allow-Headers: *\r\n"
		       "Access-Control-Max-Age: 86400\r\n"
		       "Allow: GET, HEAD, OPTIONS\r\n"),
		    sv_of("", 0));
}

static void refuse_path(struct resolve_turn *turn)
{
	resolve_refuse(turn->resolver, turn->req, QUERY_PATH, sv_of("", 0));
}

static void refuse_method(struct resolve_turn *turn)
{
	resolve_refuse(turn->resolver, turn->req, QUERY_METHOD, sv_of("", 0));
}

static resolve_answer_cb *choose(const struct http1_request *head)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!sv_eq(head->path, routes[i].path))
			continue;
		if (head->method == HTTP1_OPTIONS)
			return preflight;
		return head->method == HTTP1_GET || head->method == HTTP1_HEAD
			       ? routes[i].answer
			       : refuse_method;
	}
	return refuse_path;
}

/* ---- ahead ---- */

/*
 * Looking up the place and writing the list wait for memory many times, each
 * time because of what was read before: so each of these reads what the one
 * before it has asked for, and asks for the next.
 */
static void fetch_root(struct resolve_turn *turn)
{
	place_note_fetch(turn->view->map->notes, &turn->client.address,
			 CELLMAP_FIRST);
}

static void fetch_branch(struct resolve_turn *turn)
{
	place_note_fetch(turn->view->map->notes, &turn->client.address,
			 CELLMAP_NEXT);
}

static void fetch_leaf(struct resolve_turn *turn)
{
	place_note_fetch(turn->view->map->notes, &turn->client.address,
			 CELLMAP_LEAF);
}

static void fetch_cell(struct resolve_turn *turn)
{
	const struct snapshot_service *ranking = turn->service->ranking;

	locate(turn, turn->query.device);
	if (turn->client.cell < ranking->cell_count)
		__builtin_prefetch(&ranking->cells[turn->client.cell]);
}

static void fetch_texts(struct resolve_turn *turn)
{
	draw(turn, turn->query.device);
	answer_fetch_texts(turn->service, &turn->list, turn->client.family);
}

static void fetch_bytes(struct resolve_turn *turn)
{
	answer_fetch_bytes(turn->service, &turn->list, turn->client.family);
}

static void (*const steps[])(struct resolve_turn *turn) = {
	fetch_root, fetch_branch, fetch_leaf,
	fetch_cell, fetch_texts,  fetch_bytes,
};
_Static_assert(ARRAY_LEN(steps) + 1 == RESOLVE_STEPS, "all are called");

static void begin(struct resolver *resolver, struct httpd_request *req,
		  struct resolve_turn *turn)
{
	turn->resolver = resolver;
	turn->req = req;
	turn->answer = choose(req->head);
	turn->view = qsbr_read(resolver->current);
	turn->service = NULL;
	turn->client.family = SNAPSHOT_V46;
	turn->client.want = DRAW_DEFAULT;
	turn->list.count = 0;
	turn->began_us = 0;
	if (UNLIKELY(--resolver->until_sample == 0)) {
		resolver->until_sample = RESOLVE_SAMPLE;
		turn->began_us = clk_mono_us();
	}
}

void resolve_ahead(struct httpd_request *req, unsigned step, void *resolver)
{
	struct resolver *r = resolver;
	struct resolve_turn *turn = &r->turns[req->slot];

	if (step == 0) {
		begin(r, req, turn);
		if (turn->answer == resolve)
			read_request(turn);
		return;
	}
	if (step == 1 && turn->answer == resolve)
		admit_request(turn);
	if (turn->service)
		steps[step - 1](turn);
}

void resolve_handle(struct httpd_request *req, void *resolver)
{
	struct resolver *r = resolver;
	struct resolve_turn *turn = &r->turns[req->slot];

	turn->answer(turn);
	if (UNLIKELY(turn->began_us > 0))
		metrics_observe_us(&r->counters.duration,
				   (uint64_t)(clk_mono_us() - turn->began_us));
}

enum httpd_admission resolve_admit(const struct addr *peer, void *resolver)
{
	const struct resolver *r = resolver;
	const struct view *view = qsbr_read(r->current);

	if (policy_is_speaker(view->policy, peer))
		return HTTPD_PROXY_HEADER;
	return policy_is_proxy(view->policy, peer) ? HTTPD_PROXY : HTTPD_CLIENT;
}
