/*
 * balancer_admin.c - shows what the balancer knows and why it answers as it
 * does. Main thread; a view is held while it is read.
 */
#include "balancer/balancer_admin.h"

#include "balancer/admin_explain.h"
#include "balancer/balancer.h"
#include "lib/base/clk.h"
#include "lib/proto/jsonw.h"

static void problem(struct httpd_request *req, unsigned status,
		    const char *type, const char *title, const char *detail)
{
	httpd_problem_simple(req, status, type, title, detail);
}

void balancer_admin_reply(struct httpd_request *req, struct buf *body)
{
	if (body->failed)
		problem(req, 500, "too-big", "Answer too big",
			"the answer is larger than 64 MiB");
	else
		httpd_reply(req, 200, "application/json",
			    SV("Cache-Control: no-store\r\n"), buf_view(body));
	buf_fini(body);
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
	static const struct query_refusal_row no_ip = {
		"no_ip", 400, "ip-required", "Which address?", "say ip="};
	char addr[ADDR_TEXT_MAX];
	struct cellmap_place place;
	struct query q;
	enum query_refusal refusal = query_parse(req->head->query, &q);
	const struct query_refusal_row *why = query_refusal_row(refusal);
	struct view *view;
	struct jsonw w;
	struct buf body;

	if (refusal == QUERY_OK && !q.has_ip)
		why = &no_ip;
	if (why->status != 200) {
		problem(req, why->status, why->type, why->title, why->detail);
		return;
	}
	view = view_shelf_take_newest(app->shelf);
	if (!view) {
		problem(req, 503, "not-ready", "Starting", "no map yet");
		return;
	}
	cellmap_find(view->map->map, &q.ip, &place);
	buf_init(&body, BALANCER_ADMIN_BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ip", addr_text(&q.ip, addr));
	put_place(&w, &place);
	jsonw_object_end(&w);
	balancer_admin_reply(req, &body);
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
	struct view *view = view_shelf_take_newest(app->shelf);
	struct buf body;

	if (view && view->snapshot) {
		buf_init(&body, BALANCER_ADMIN_BODY_MAX);
		put_snapshot(&body, app, view);
		balancer_admin_reply(req, &body);
	} else {
		problem(req, 503, "not-ready", "Starting",
			"no state from the registry yet");
	}
	view_unref(&view);
}

bool balancer_admin_handle(struct service_context *ctx,
			   struct httpd_request *req)
{
	static const struct route {
		struct sv path;
		void (*handle)(struct balancer *app, struct httpd_request *req);
	} routes[] = {
		{{"/explain", 8}, admin_explain},
		{{"/v1/explain", 11}, admin_explain},
		{{"/v1/preview", 11}, admin_explain_preview},
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
