/*
 * admin_explain.c - from a question to a snapshot that can answer it. A what-if
 * leaves with everything that it needs and comes back whole: nothing here
 * waits.
 */
#include "balancer/admin_explain.h"

#include "balancer/balancer_admin.h"
#include "balancer/question.h"
#include "lib/base/clk.h"
#include "lib/base/mem.h"

static void refuse(struct httpd_request *req,
		   const struct query_refusal_row *why)
{
	httpd_problem_simple(req, why->status, why->type, why->title,
			     why->detail);
}

/* -- what a question is about -------------------------------------------- */

static struct view *take_view(struct balancer *app, const struct question *q)
{
	struct view *view = q->has_id
				    ? view_shelf_take(app->shelf, q->id.number)
				    : view_shelf_take_newest(app->shelf);

	if (view && view->snapshot &&
	    (!q->has_id ||
	     sv_eq(q->id.balancer, sv_str(view->policy->balancer_id))))
		return view;
	view_unref(&view);
	return NULL;
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
	client->place.carrier =
		cellmap_carrier_name(view->map->map, cells[cell].carrier);
	memcpy(client->place.country, cells[cell].country,
	       sizeof(client->place.country));
}

static void find_client(const struct view *view, const struct question *q,
			struct explain_client *client)
{
	if (!q->query.has_ip) {
		place_of_cell(view, q->id.cell, client);
		return;
	}
	client->address = addr_unmap(&q->query.ip);
	client->by_cell = false;
	cellmap_find(view->map->map, &client->address, &client->place);
}

static struct draw_query draw_of(const struct question *q,
				 const struct view_service *service,
				 const struct explain_client *client)
{
	if (q->has_id)
		return (struct draw_query){
			.service = service->ranking,
			.key = q->id.key,
			.cell = q->id.cell,
			.want = q->id.want,
			.family = q->id.family,
		};
	return (struct draw_query){
		.service = service->ranking,
		.key = resolve_key(q->query.device),
		.cell = client->place.cell,
		.want = q->query.want,
		.family = q->query.family,
	};
}

/* -- why ----------------------------------------------------------------- */

static void answer_why(struct httpd_request *req, const struct question *q,
		       const struct view *view,
		       const struct view_service *service)
{
	struct explain_client client;
	struct draw_query query;
	struct buf body;

	find_client(view, q, &client);
	query = draw_of(q, service, &client);
	buf_init(&body, BALANCER_ADMIN_BODY_MAX);
	explain_put(&body, view->snapshot, &query, &client,
		    &view->policy->ranking, clk_mono_ms());
	balancer_admin_reply(req, &body);
}

/* -- what if ------------------------------------------------------------- */

static const struct query_refusal_row other_map = {
	"other_map", 409, "map-changed", "Another map",
	"the map has changed since that answer: its cell has another number "
	"now; ask with ip="};

static void busy(struct httpd_request *req)
{
	httpd_reply(req, 503, PROBLEM_CONTENT_TYPE,
		    SV("Retry-After: 1\r\nCache-Control: no-store\r\n"),
		    SV("{\"type\":\"urn:perihelion:busy\","
		       "\"title\":\"Busy\",\"status\":503,"
		       "\"detail\":\"one what-if at a time\"}"));
}

/* The changes of @q beside the world as it is; @view is given away. */
static struct what_if *new_what_if(struct balancer *app,
				   const struct question *q, struct view *view)
{
	struct what_if *w = mem_alloc(sizeof(*w));

	memcpy(w->changes, q->changes, sizeof(w->changes));
	w->change_count = q->change_count;
	w->view = view;
	buf_init(&w->body, BALANCER_ADMIN_BODY_MAX);
	w->reply_to = app->answers;
	return w;
}

/* Off it goes; admin_explain_answer() takes it back. */
static void send_off(struct balancer *app, struct httpd_request *req,
		     struct what_if *w)
{
	w->later = httpd_defer(req);
	app->what_if_pending = true;
	builder_what_if(app->builder, w);
}

/* @view is that of the id; what is asked is asked of the newest. */
static void ask_what_if(struct balancer *app, struct httpd_request *req,
			const struct question *q, const struct view *view,
			const struct view_service *service)
{
	struct what_if *w;

	if (app->what_if_pending) {
		busy(req);
		return;
	}
	if (view->map_serial != view->map->serial) {
		refuse(req, &other_map);
		return;
	}
	w = new_what_if(app, q, view_shelf_take_newest(app->shelf));
	memcpy(w->service, service->name.ptr, service->name.len);
	find_client(w->view, q, &w->client);
	w->query = draw_of(q, service, &w->client);
	w->query.service = NULL;
	send_off(app, req, w);
}

static void put_missing(const struct what_if *w, struct httpd_later *later)
{
	char text[256];
	struct buf detail;
	struct problem problem = {
		.status = 404,
		.type = "unknown-name",
		.title = "Nobody has this name",
	};

	buf_init_fixed(&detail, text, sizeof(text));
	buf_printf(&detail, "%s=%s: there is no such %s",
		   what_if_kind_str(w->missing->kind), w->missing->name,
		   intent_scope_str(w->missing->scope));
	problem.detail = buf_cstr(&detail);
	httpd_later_problem(later, &problem);
}

void admin_explain_answer(void *what_if, void *app)
{
	struct what_if *w = what_if;
	struct balancer *balancer = app;

	balancer->what_if_pending = false;
	if (w->missing)
		put_missing(w, w->later);
	else
		httpd_later_reply(w->later, 200, "application/json",
				  SV("Cache-Control: no-store\r\n"),
				  buf_view(&w->body));
	what_if_free(&w);
}

/* -- the path ------------------------------------------------------------ */

static void answer(struct balancer *app, struct httpd_request *req,
		   const struct question *q, const struct view *view)
{
	static const struct query_refusal_row unknown_host = {
		"unknown_host", 404, "unknown-host", "No such service",
		"no node has registered for this host, or there are several: "
		"say host="};
	const struct view_service *service = service_of(view, q);

	if (!service)
		refuse(req, &unknown_host);
	else if (q->change_count > 0)
		ask_what_if(app, req, q, view, service);
	else
		answer_why(req, q, view, service);
}

static const struct query_refusal_row not_ready = {
	"not_ready", 503, "not-ready", "Starting",
	"no state from the registry yet"};

void admin_explain_preview(struct balancer *app, struct httpd_request *req)
{
	const struct query_refusal_row *why;
	struct question q;
	struct view *view;
	struct what_if *w;

	why = question_parse_changes(req->head->query, &q);
	if (why) {
		refuse(req, why);
		return;
	}
	if (app->what_if_pending) {
		busy(req);
		return;
	}
	view = view_shelf_take_newest(app->shelf);
	if (!view || !view->snapshot) {
		view_unref(&view);
		refuse(req, &not_ready);
		return;
	}
	w = new_what_if(app, &q, view);
	w->asked = WHAT_IF_ALL;
	send_off(app, req, w);
}

void admin_explain(struct balancer *app, struct httpd_request *req)
{
	static const struct query_refusal_row gone = {
		"gone", 404, "snapshot-gone", "Snapshot not kept",
		"only the last snapshots_kept snapshots of this process can be "
		"explained; another balancer's answers by that balancer"};
	const struct query_refusal_row *why;
	struct question q;
	struct view *view;

	why = question_parse(req->head->query, &q);
	if (why) {
		refuse(req, why);
		return;
	}
	view = take_view(app, &q);
	if (view)
		answer(app, req, &q, view);
	else
		refuse(req, q.has_id ? &gone : &not_ready);
	view_unref(&view);
}
