/*
 * balancer_admin.c - shows what the balancer knows and why it answers as it
 * does. Main thread; a view is held while it is read.
 */
#include "balancer/balancer_admin.h"

#include "balancer/answer_id.h"
#include "balancer/balancer.h"
#include "balancer/explain.h"
#include "lib/base/clk.h"
#include "lib/base/num.h"
#include "lib/proto/jsonw.h"
#include "lib/proto/url.h"

#define BODY_MAX_BYTES (64U << 20)

/* What the admin paths may be asked. */
struct question {
	struct query query; /* host, ip, n, family, device */
	bool has_id;
	struct answer_id id; /* instead of all of it but ip */
	char id_text[128];   /* what id has views of */
};

static void problem(struct httpd_request *req, unsigned status,
		    const char *type, const char *title, const char *detail)
{
	httpd_problem_simple(req, status, type, title, detail);
}

static void reply(struct httpd_request *req, struct buf *body)
{
	if (body->failed)
		problem(req, 500, "too-big", "Answer too big",
			"the answer is larger than 64 MiB");
	else
		httpd_reply(req, 200, "application/json",
			    SV("Cache-Control: no-store\r\n"), buf_view(body));
	buf_fini(body);
}

/* ---- questions ---- */

static bool read_id(struct sv value, struct question *q)
{
	size_t len;

	if (q->has_id || value.len > sizeof(q->id_text) ||
	    url_decode(value, q->id_text, &len) != 0)
		return false;
	q->has_id = true;
	return answer_id_parse(sv_of(q->id_text, len), &q->id) == 0;
}

/* Take id= off the query; the rest is /resolve's language. Beside an id, which
 * says everything else, only ip= may stand: for showing the place. */
static bool split_id(struct sv query, struct buf *rest, struct question *q)
{
	struct sv name, value;
	unsigned others = 0;
	bool good = true;

	while (url_query_next(&query, &name, &value)) {
		if (sv_eq(name, SV("id"))) {
			good = good && read_id(value, q);
			continue;
		}
		others += !sv_eq(name, SV("ip"));
		buf_sv(rest, name);
		buf_char(rest, '=');
		buf_sv(rest, value);
		buf_char(rest, '&');
	}
	return good && !rest->failed && (!q->has_id || others == 0);
}

/* Read the question; when it is refused it is answered and false returned. */
static bool read_question(struct httpd_request *req, struct question *q,
			  char *text, size_t text_bytes)
{
	enum query_refusal refusal;
	struct buf rest;

	memset(q, 0, sizeof(*q));
	buf_init_fixed(&rest, text, text_bytes);
	if (!split_id(req->head->query, &rest, q)) {
		problem(req, 400, "bad-parameter", "Bad parameter",
			"id is the id of an answer, whole, and only ip may "
			"stand beside it");
		return false;
	}
	refusal = query_parse(buf_view(&rest), &q->query);
	if (refusal != QUERY_OK) {
		const struct query_refusal_row *row =
			query_refusal_row(refusal);

		problem(req, row->status, row->type, row->title, row->detail);
		return false;
	}
	if (!q->query.has_ip && !q->has_id) {
		problem(req, 400, "ip-required", "Which client?",
			"say ip= of a client or id= of an answer");
		return false;
	}
	return true;
}

static struct view *take_view(struct balancer *app, struct httpd_request *req,
			      const struct question *q)
{
	struct view *view = q->has_id
				    ? view_shelf_take(app->shelf, q->id.number)
				    : view_shelf_take_newest(app->shelf);

	if (view && view->snapshot &&
	    (!q->has_id ||
	     sv_eq(q->id.balancer, sv_str(view->policy->balancer_id))))
		return view;
	view_unref(&view);
	if (q->has_id)
		problem(req, 404, "snapshot-gone", "Snapshot not kept",
			"only the last snapshots_kept snapshots of this "
			"process can be explained; another balancer's answers "
			"by that balancer");
	else
		problem(req, 503, "not-ready", "Starting",
			"no state from the registry yet");
	return NULL;
}

/* ---- /explain ---- */

/* All that an id tells about a client: the centre of the cell. */
static void place_of_cell(const struct view *view, uint16_t cell,
			  struct explain_client *client)
{
	unsigned count;
	const struct cellmap_cell *cells =
		cellmap_cells(view->map->map, &count);

	memset(client, 0, sizeof(*client));
	if (cell == CELLMAP_UNKNOWN || cell >= count ||
	    view->map_serial != view->map->serial)
		return;
	client->by_cell = true;
	client->place.lat_deg = cells[cell].lat_deg;
	client->place.lon_deg = cells[cell].lon_deg;
	client->place.carrier = cellmap_carrier_name(view->map->map,
						     cells[cell].carrier);
	memcpy(client->place.country, cells[cell].country,
	       sizeof(client->place.country));
}

static void put_explanation(struct buf *body, const struct view *view,
			    const struct view_service *service,
			    const struct question *q)
{
	struct explain_client client;
	struct draw_query query = {
		.service = service->ranking,
		.key = q->has_id ? q->id.key : resolve_key(q->query.device),
		.want = q->has_id ? q->id.want : q->query.want,
		.family = q->has_id ? q->id.family : q->query.family,
	};

	if (q->query.has_ip) {
		client.address = addr_unmap(&q->query.ip);
		client.by_cell = false;
		cellmap_find(view->map->map, &client.address, &client.place);
	} else {
		place_of_cell(view, q->id.cell, &client);
	}
	query.cell = q->has_id ? q->id.cell : client.place.cell;
	explain_put(body, view->snapshot, &query, &client,
		    &view->policy->ranking, clk_mono_ms());
}

/* An id says which; its snapshot numbers them as it did then. */
static const struct view_service *service_of(const struct view *view,
					     const struct question *q)
{
	if (!q->has_id)
		return view_find_service(view, q->query.host);
	return q->id.service < view->service_count
		       ? &view->services[q->id.service]
		       : NULL;
}

static void explain(struct balancer *app, struct httpd_request *req)
{
	char text[HTTP1_TARGET_MAX];
	struct question q;
	struct view *view;
	const struct view_service *service;
	struct buf body;

	if (!read_question(req, &q, text, sizeof(text)))
		return;
	view = take_view(app, req, &q);
	if (!view)
		return;
	service = service_of(view, &q);
	if (service) {
		buf_init(&body, BODY_MAX_BYTES);
		put_explanation(&body, view, service, &q);
		reply(req, &body);
	} else {
		problem(req, 404, "unknown-host", "No such service",
			"no node has registered for this host, or there are "
			"several: say host=");
	}
	view_unref(&view);
}

/* ---- /v1/geo ---- */

static void put_place(struct jsonw *w, const struct cellmap_place *place)
{
	jsonw_str(w, "source", cellmap_source_str(place->source));
	jsonw_u64(w, "cell", place->cell);
	if (place->carrier.len > 0)
		jsonw_text(w, "carrier", place->carrier);
	if (place->source == CELLMAP_NOWHERE)
		return;
	jsonw_str(w, "country", place->country);
	jsonw_text(w, "area", place->area);
	jsonw_text(w, "city", place->city);
	jsonw_fixed(w, "lat", (double)place->lat_deg, 4);
	jsonw_fixed(w, "lon", (double)place->lon_deg, 4);
}

static void geo(struct balancer *app, struct httpd_request *req)
{
	char text[HTTP1_TARGET_MAX], addr[ADDR_TEXT_MAX];
	struct cellmap_place place;
	struct question q;
	struct view *view;
	struct jsonw w;
	struct buf body;

	if (!read_question(req, &q, text, sizeof(text)))
		return;
	view = view_shelf_take_newest(app->shelf);
	if (!view) {
		problem(req, 503, "not-ready", "Starting", "no map yet");
		return;
	}
	cellmap_find(view->map->map, &q.query.ip, &place);
	buf_init(&body, BODY_MAX_BYTES);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ip", addr_text(&q.query.ip, addr));
	put_place(&w, &place);
	jsonw_object_end(&w);
	reply(req, &body);
	view_unref(&view);
}

/* ---- /v1/snapshot ---- */

static void put_site(struct jsonw *w, const struct snapshot_site *site)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "region", site->region);
	jsonw_str(w, "zone", site->zone);
	if (site->has_position) {
		jsonw_fixed(w, "lat", (double)site->lat_deg, 4);
		jsonw_fixed(w, "lon", (double)site->lon_deg, 4);
	}
	jsonw_u64(w, "nodes", site->node_count);
	jsonw_u64(w, "usable", site->ready[TIER_OPEN][SNAPSHOT_V46]);
	jsonw_fixed(w, "limit", site->limit, 0);
	jsonw_fixed(w, "est", site->est, 1);
	jsonw_fixed(w, "headroom_per_s", site->headroom_per_s, 2);
	jsonw_fixed(w, "admitted_per_s", site->admitted_per_s, 2);
	jsonw_bool(w, "panic", site->panic != 0);
	jsonw_object_end(w);
}

static void put_service(struct jsonw *w, const struct snapshot_service *service)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "name", service->name);
	jsonw_u64(w, "nodes", service->node_count);
	jsonw_u64(w, "usable", service->usable_count);
	jsonw_u64(w, "cells", service->cell_count);
	jsonw_fixed(w, "demand_per_s", service->demand_per_s, 2);
	jsonw_fixed(w, "kappa", service->kappa, 3);
	jsonw_array(w, "sites");
	for (unsigned i = 0; i < service->site_count; i++)
		put_site(w, &service->sites[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void put_geo(struct jsonw *w, const struct view_map *map)
{
	const struct cellmap_stats *stats = cellmap_stats(map->map);

	jsonw_object(w, "geo");
	jsonw_str(w, "source", map->databases ? "mmdb" : "none");
	jsonw_u64(w, "databases", map->databases);
	jsonw_u64(w, "serial", map->serial);
	jsonw_u64(w, "cells", stats->cells);
	jsonw_u64(w, "places", stats->places);
	jsonw_u64(w, "carriers", stats->carriers);
	jsonw_u64(w, "merged_cells", stats->merged_cells);
	jsonw_u64(w, "memory_bytes", stats->memory_bytes);
	jsonw_i64(w, "database_wall_s", stats->database_wall_s);
	jsonw_i64(w, "loaded_wall_s", map->loaded_wall_s);
	jsonw_object_end(w);
}

static void put_sync(struct jsonw *w, const struct balancer *app)
{
	const struct builder_counters *c = &app->counters;
	int64_t heard_ms = (int64_t)counter_get(&c->heard_at_ms);

	jsonw_object(w, "registry");
	jsonw_str(w, "state", sync_state_str(counter_get(&c->sync.state)));
	jsonw_u64(w, "revision", counter_get(&c->sync.revision));
	jsonw_i64(w, "heard_age_ms", heard_ms ? clk_mono_ms() - heard_ms : -1);
	jsonw_object_end(w);
}

static void put_counts(struct jsonw *w, const struct snapshot *snap)
{
	jsonw_object(w, "nodes");
	jsonw_u64(w, "total", snap->nodes_total);
	jsonw_u64(w, "up", snap->nodes_up);
	jsonw_u64(w, "suspect", snap->nodes_suspect);
	jsonw_u64(w, "down", snap->nodes_down);
	jsonw_u64(w, "unranked", snap->nodes_unranked);
	jsonw_object_end(w);
}

static void put_snapshot(struct buf *body, const struct balancer *app,
			 const struct view *view)
{
	const struct snapshot *snap = view->snapshot;
	struct jsonw w;

	jsonw_init(&w, body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "balancer", view->policy->balancer_id);
	jsonw_u64(&w, "number", snap->number);
	jsonw_u64(&w, "revision", snap->revision);
	jsonw_i64(&w, "age_ms", clk_mono_ms() - snap->built_at_ms);
	jsonw_i64(&w, "build_us", snap->build_us);
	jsonw_u64(&w, "replicas", snap->replica_count);
	jsonw_fixed(&w, "session_tau_s", snap->session_tau_s, 1);
	jsonw_str(&w, "source", view->from_file ? "file" : "registry");
	put_sync(&w, app);
	put_geo(&w, view->map);
	put_counts(&w, snap);
	jsonw_array(&w, "services");
	for (unsigned i = 0; i < snap->service_count; i++)
		put_service(&w, &snap->services[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

static void snapshot(struct balancer *app, struct httpd_request *req)
{
	static const struct question newest;
	struct view *view = take_view(app, req, &newest);
	struct buf body;

	if (!view)
		return;
	buf_init(&body, BODY_MAX_BYTES);
	put_snapshot(&body, app, view);
	reply(req, &body);
	view_unref(&view);
}

bool balancer_admin_handle(struct service_context *ctx,
			   struct httpd_request *req)
{
	static const struct route {
		struct sv path;
		void (*handle)(struct balancer *app, struct httpd_request *req);
	} routes[] = {
		{{"/explain", 8}, explain},
		{{"/v1/explain", 11}, explain},
		{{"/v1/snapshot", 12}, snapshot},
		{{"/v1/geo", 7}, geo},
	};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!sv_eq(req->head->path, routes[i].path))
			continue;
		if (req->head->method != HTTP1_GET &&
		    req->head->method != HTTP1_HEAD)
			problem(req, 405, "method-not-allowed",
				"Method not allowed", "use GET");
		else
			routes[i].handle(ctx->app, req);
		return true;
	}
	return false;
}
