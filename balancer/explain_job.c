/*
 * explain_job.c - from a question to a snapshot that can answer it, and what
 * that says.
 */
#include "balancer/explain_job.h"

#include "balancer/resolve.h"
#include "lib/base/clk.h"
#include "lib/base/mem.h"

struct explain_job *explain_job_new(struct view_shelf *shelf,
				    enum what_if_asked asked)
{
	struct explain_job *job = mem_alloc(sizeof(*job));

	job->shelf = shelf;
	job->what_if = mem_alloc(sizeof(*job->what_if));
	job->what_if->asked = asked;
	buf_init(&job->what_if->body, EXPLAIN_JOB_BODY_MAX);
	return job;
}

void explain_job_free(struct explain_job **job)
{
	if (*job)
		what_if_free(&(*job)->what_if);
	mem_free(*job);
	*job = NULL;
}

bool explain_job_is_long(const struct explain_job *job)
{
	const struct question *q = &job->question;

	return q->change_count > 0 ||
	       (q->has_id && view_shelf_is_past(job->shelf, q->id.number));
}

static void refuse(struct explain_job *job, const struct query_refusal_row *why)
{
	job->problem = (struct problem){
		.status = why->status,
		.type = why->type,
		.title = why->title,
		.detail = why->detail,
	};
}

/* -- what it is about ---------------------------------------------------- */

/* With the snapshot that answers; NULL when there is none. Held. */
static struct view *take_view(const struct explain_job *job)
{
	const struct question *q = &job->question;
	struct view *view;

	if (q->has_id)
		view = view_shelf_take(job->shelf, q->id.number);
	else if (job->what_if->view)
		view = view_ref(job->what_if->view);
	else
		view = view_shelf_take_newest(job->shelf);
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

/* -- why, and what if ---------------------------------------------------- */

static void put_why(struct explain_job *job, const struct view *view,
		    const struct view_service *service)
{
	struct explain_client client;
	struct draw_query query;

	find_client(view, &job->question, &client);
	query = draw_of(&job->question, service, &client);
	explain_put(&job->what_if->body, view->snapshot, &query, &client,
		    &view->policy->ranking, clk_mono_ms());
}

static void put_missing(struct explain_job *job,
			const struct what_if_change *missing)
{
	struct buf detail;

	buf_init_fixed(&detail, job->detail, sizeof(job->detail));
	buf_printf(&detail, "%s=%s: there is no such %s",
		   what_if_kind_str(missing->kind), missing->name,
		   intent_scope_str(missing->scope));
	job->problem = (struct problem){
		.status = 404,
		.type = "unknown-name",
		.title = "Nobody has this name",
		.detail = buf_cstr(&detail),
	};
}

static void put_what_if(struct explain_job *job)
{
	struct what_if *w = job->what_if;

	memcpy(w->changes, job->question.changes, sizeof(w->changes));
	w->change_count = job->question.change_count;
	what_if_run(w);
	if (w->missing)
		put_missing(job, w->missing);
}

/* @view is that of the id; what is asked is asked of the world's. */
static void put_what_if_of(struct explain_job *job, const struct view *view,
			   const struct view_service *service)
{
	static const struct query_refusal_row other_map = {
		"other_map", 409, "map-changed", "Another map",
		"the map has changed since that answer: its cell has another "
		"number now; ask with ip="};
	struct what_if *w = job->what_if;

	if (view->map_serial != w->view->map->serial) {
		refuse(job, &other_map);
		return;
	}
	memcpy(w->service, service->name.ptr, service->name.len);
	find_client(w->view, &job->question, &w->client);
	w->query = draw_of(&job->question, service, &w->client);
	w->query.service = NULL;
	put_what_if(job);
}

/* -- the answer ---------------------------------------------------------- */

static void put_client(struct explain_job *job, const struct view *view)
{
	static const struct query_refusal_row unknown_host = {
		"unknown_host", 404, "unknown-host", "No such service",
		"no node has registered for this host, or there are several: "
		"say host="};
	const struct view_service *service = service_of(view, &job->question);

	if (!service)
		refuse(job, &unknown_host);
	else if (job->question.change_count > 0)
		put_what_if_of(job, view, service);
	else
		put_why(job, view, service);
}

void explain_job_run(struct explain_job *job)
{
	static const struct query_refusal_row gone = {
		"gone", 404, "snapshot-gone", "Snapshot not kept",
		"only the last snapshots_kept snapshots of this process can be "
		"explained; another balancer's answers by that balancer"};
	static const struct query_refusal_row not_ready = {
		"not_ready", 503, "not-ready", "Starting",
		"no state from the registry yet"};
	static const struct query_refusal_row too_big = {
		"too_big", 500, "too-big", "Answer too big",
		"the answer is larger than 64 MiB"};
	struct view *view = take_view(job);

	if (!view)
		refuse(job, job->question.has_id ? &gone : &not_ready);
	else if (job->what_if->asked == WHAT_IF_ALL)
		put_what_if(job);
	else
		put_client(job, view);
	view_unref(&view);
	if (job->what_if->body.failed)
		refuse(job, &too_big);
}
