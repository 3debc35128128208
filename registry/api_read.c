/*
 * api_read.c - answers that only look. Lists are read page by page in the
 * order of ids; the cursor is the last id of the page before, so a page stays
 * right whatever comes and goes in between. Loop thread.
 */
#include "registry/api_read.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "registry/lease_sums.h"
#include "registry/registry_metrics.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     500
#define BODY_MAX      (16u << 20)

/* What GET /v1/nodes asks for; views point into storage. */
struct filter {
	struct sv service, region, cursor;
	bool has_state;
	enum node_state state;
	uint64_t limit;
	struct buf text;
	char storage[512];
};

static void put_revision(struct jsonw *w, const struct registry *r)
{
	jsonw_str(w, "epoch", feed_hub_epoch(r->hub));
	jsonw_u64(w, "revision", feed_hub_rev(r->hub));
}

/* An id from the query into *@id_r; false: it has been refused. */
static bool read_id(const struct api_call *call, struct filter *f,
		    const char *name, struct sv *id_r)
{
	if (api_parameter(call, name, &f->text, id_r) == 0 &&
	    (id_r->len == 0 || node_id_is_valid(*id_r)))
		return true;
	api_refuse_parameter(call, name, "must be 1-64 of a-z 0-9 . - _");
	return false;
}

static bool read_state(const struct api_call *call, struct filter *f)
{
	struct sv text;
	int rc = api_parameter(call, "state", &f->text, &text);

	f->has_state = text.len > 0;
	if (rc == 0 &&
	    (text.len == 0 || node_state_parse(text, &f->state) == 0))
		return true;
	api_refuse_parameter(call, "state", "must be up, suspect or down");
	return false;
}

static bool read_limit(const struct api_call *call, struct filter *f)
{
	struct sv text;
	int rc = api_parameter(call, "limit", &f->text, &text);

	f->limit = LIMIT_DEFAULT;
	if (rc == 0 && text.len == 0)
		return true;
	if (rc == 0 && num_u64(text, LIMIT_MAX, &f->limit) == 0 && f->limit > 0)
		return true;
	api_refuse_parameter(call, "limit", "must be 1..500");
	return false;
}

static bool read_filter(const struct api_call *call, struct filter *f)
{
	static const char *const names[] = {"service", "region", "state",
					    "limit",   "cursor", NULL};

	buf_init_fixed(&f->text, f->storage, sizeof(f->storage));
	return api_check_parameters(call, names) &&
	       read_id(call, f, "service", &f->service) &&
	       read_id(call, f, "region", &f->region) &&
	       read_id(call, f, "cursor", &f->cursor) && read_state(call, f) &&
	       read_limit(call, f);
}

static bool passes(const struct filter *f, const struct lease *lease)
{
	const struct node_record *record = &lease->record;

	return (f->service.len == 0 ||
		sv_eq(f->service, sv_str(record->service))) &&
	       (f->region.len == 0 ||
		sv_eq(f->region, sv_str(record->region))) &&
	       (!f->has_state || f->state == lease->state);
}

static void put_node(struct jsonw *w, const struct api_call *call,
		     const struct lease *lease)
{
	const struct lease_table *leases = call->registry->leases;
	struct feed_node node;

	lease_to_feed(lease, call->req->now_ms, &node);
	feed_node_put(w, &node);
	jsonw_u64(w, "renew_ms", lease_renew_ms(leases, lease));
	if (lease->state != NODE_DOWN)
		jsonw_i64(w, "expires_in_ms",
			  lease_due_ms(leases, lease) - call->req->now_ms);
}

/* The array of one page; the id of its last node when there are more. */
static const char *put_page(struct jsonw *w, const struct api_call *call,
			    const struct filter *f, size_t at)
{
	const struct lease_table *leases = call->registry->leases;
	const struct lease *lease, *last = NULL;
	uint64_t count = 0;

	for (; (lease = lease_at(leases, at)) != NULL; at++) {
		if (!passes(f, lease))
			continue;
		if (count++ == f->limit)
			return last->record.id;
		jsonw_object(w, NULL);
		put_node(w, call, lease);
		jsonw_object_end(w);
		last = lease;
	}
	return NULL;
}

void api_read_nodes(const struct api_call *call)
{
	const struct registry *r = call->registry;
	char after[NODE_ID_BYTES];
	const char *next;
	struct filter f;
	struct buf body;
	struct jsonw w;
	size_t at = 0;

	if (!read_filter(call, &f))
		return;
	if (f.cursor.len > 0 && sv_copy(f.cursor, after, sizeof(after)) == 0)
		at = lease_index_after(r->leases, after);
	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_revision(&w, r);
	jsonw_array(&w, "nodes");
	next = put_page(&w, call, &f, at);
	jsonw_array_end(&w);
	if (next)
		jsonw_str(&w, "next", next);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}

void api_read_node(const struct api_call *call)
{
	const struct registry *r = call->registry;
	const struct lease *lease = lease_find(r->leases, call->id);
	struct buf body;
	struct jsonw w;

	if (!lease) {
		api_refuse(call, REFUSAL_UNKNOWN_NODE, NULL);
		return;
	}
	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_node(&w, call, lease);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}

static void put_sum(struct jsonw *w, const struct lease_sum *sum)
{
	jsonw_object(w, "nodes");
	jsonw_u64(w, "up", sum->nodes[NODE_UP]);
	jsonw_u64(w, "suspect", sum->nodes[NODE_SUSPECT]);
	jsonw_u64(w, "down", sum->nodes[NODE_DOWN]);
	jsonw_object_end(w);
	jsonw_u64(w, "conns", sum->conns);
	jsonw_u64(w, "capacity", sum->capacity);
	jsonw_fixed(w, "utilisation",
		    sum->capacity > 0
			    ? (double)sum->conns / (double)sum->capacity
			    : 0,
		    4);
}

void api_read_regions(const struct api_call *call)
{
	static const struct lease_sum none;
	const struct registry *r = call->registry;
	const struct region *region = NULL;
	const struct lease_sum *sum;
	struct buf body;
	struct jsonw w;

	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_revision(&w, r);
	jsonw_array(&w, "regions");
	while ((region = region_table_next(r->regions, region)) != NULL) {
		sum = lease_sums_find(lease_regions(r->leases),
				      region->feed.id);
		jsonw_object(&w, NULL);
		feed_region_put(&w, &region->feed);
		put_sum(&w, sum ? sum : &none);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}

static void put_service(const struct lease_sum *sum, void *arg)
{
	struct jsonw *w = arg;

	jsonw_object(w, NULL);
	jsonw_str(w, "service", sum->name);
	put_sum(w, sum);
	jsonw_object_end(w);
}

void api_read_services(const struct api_call *call)
{
	const struct registry *r = call->registry;
	struct buf body;
	struct jsonw w;

	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_revision(&w, r);
	jsonw_array(&w, "services");
	lease_sums_each(lease_services(r->leases), put_service, &w);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}

void api_read_watch(const struct api_call *call)
{
	static const char *const names[] = {"from", NULL};
	char storage[128];
	struct buf text;
	struct sv from;
	int rc;

	if (!api_check_parameters(call, names))
		return;
	buf_init_fixed(&text, storage, sizeof(storage));
	rc = api_parameter(call, "from", &text, &from);
	if (rc == 0)
		rc = feed_hub_watch(call->registry->hub, call->req, from);
	if (rc == ERR_LIMIT)
		api_refuse(call, REFUSAL_TOO_MANY_WATCHERS, NULL);
	else if (rc != 0)
		api_refuse_parameter(call, "from",
				     "must be EPOCH:REV of an earlier line");
}

void api_read_healthz(const struct api_call *call)
{
	httpd_reply(call->req, 200, API_JSON, SV(""),
		    SV("{\"status\":\"ok\"}\n"));
}

void api_read_readyz(const struct api_call *call)
{
	char storage[256];
	struct buf why;

	buf_init_fixed(&why, storage, sizeof(storage));
	if (registry_is_ready(call->registry, &why))
		httpd_reply(call->req, 200, API_JSON, SV(""),
			    SV("{\"status\":\"ready\"}\n"));
	else
		httpd_problem_simple(call->req, 503, "not-ready", "Not ready",
				     buf_cstr(&why));
}

void api_read_metrics(const struct api_call *call)
{
	const struct metrics_table *const tables[] = {registry_metrics_table()};
	void *const args[] = {call->registry};
	struct buf body;

	buf_init(&body, BODY_MAX);
	metrics_put(&body, tables, ARRAY_LEN(tables), args);
	httpd_reply(call->req, 200, "text/plain; version=0.0.4; charset=utf-8",
		    SV(""), buf_view(&body));
	buf_fini(&body);
}
