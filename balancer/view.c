/*
 * view.c - joins snapshot, map and policy and renders what all answers of a
 * service share. A view is written by view_new() only; holders are counted
 * atomically.
 */
#include "balancer/view.h"

#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

/* Head and tail of one service: name, id, fallback names of 253 bytes. */
#define VIEW_TEXT_BYTES 4096

/* ---- maps ---- */

struct view_map *view_map_new(struct cellmap *map, unsigned databases)
{
	struct view_map *m = mem_alloc(sizeof(*m));

	m->holders = 1;
	m->map = map;
	m->notes = place_note_new(map);
	m->databases = databases;
	m->loaded_wall_s = clk_wall_s();
	return m;
}

struct view_map *view_map_ref(struct view_map *map)
{
	atomic_fetch_add(&map->holders, 1);
	return map;
}

void view_map_unref(struct view_map **map)
{
	struct view_map *m = *map;

	*map = NULL;
	if (!m || atomic_fetch_sub(&m->holders, 1) != 1)
		return;
	place_note_free(&m->notes);
	cellmap_free(&m->map);
	mem_free(m);
}

/* ---- views ---- */

static struct sv since(const struct buf *b, size_t *mark)
{
	struct sv part = sv_of(b->data + *mark, b->len - *mark);

	*mark = b->len;
	return part;
}

/* ,"ttl":60,"id":"b3:18842: */
static void put_id(struct buf *b, const struct view *view)
{
	buf_str(b, ",\"ttl\":");
	buf_sv(b, view->policy->ttl);
	buf_str(b, ",\"id\":\"");
	buf_str(b, view->policy->balancer_id);
	buf_char(b, ':');
	buf_u64(b, view->snapshot->number);
	buf_char(b, ':');
}

static void put_tail(struct buf *b, const struct view *view, struct sv name)
{
	buf_sv(b, SV("],"));
	buf_sv(b, view->policy->rates);
	buf_sv(b, SV(",\"fallback\":["));
	/* A name without a dot is no host that DNS could know. */
	if (view->policy->fallback_count > 0)
		buf_sv(b, view->policy->fallback);
	else if (memchr(name.ptr, '.', name.len))
		buf_json_str(b, name);
	buf_char(b, ']');
}

static void render(struct view *view)
{
	size_t bytes = (size_t)(view->service_count + 1) * VIEW_TEXT_BYTES;
	struct buf b;
	size_t mark = 0;

	view->text = mem_alloc(bytes);
	buf_init_fixed(&b, view->text, bytes);
	for (unsigned i = 0; i < view->service_count; i++) {
		struct view_service *service = &view->services[i];

		buf_str(&b, "{\"host\":");
		buf_json_str(&b, service->name);
		put_id(&b, view);
		service->head = since(&b, &mark);
		put_tail(&b, view, service->name);
		service->tail = since(&b, &mark);
		service->text_hash =
			hash_mix(hash_text(service->name) ^
				 hash_mix(hash_text(view->policy->headers) ^
					  hash_text(service->tail)));
	}
	put_id(&b, view);
	view->nobody_head = since(&b, &mark);
}

struct view *view_new(const struct view_parts *parts)
{
	struct view *view = mem_alloc(sizeof(*view));

	view->holders = 1;
	view->from_file = parts->from_file;
	view->snapshot = parts->snapshot;
	view->map = view_map_ref(parts->map);
	view->map_serial =
		parts->map_serial ? parts->map_serial : parts->map->serial;
	view->policy = policy_ref(parts->policy);
	if (!view->snapshot)
		return view;
	view->number = view->snapshot->number;
	view->service_count = view->snapshot->service_count;
	for (unsigned i = 0; i < view->service_count; i++) {
		struct view_service *service = &view->services[i];

		service->ranking = &view->snapshot->services[i];
		service->name = sv_str(service->ranking->name);
		service->slot = service->ranking->demand_slot;
		service->index = (uint8_t)i;
	}
	render(view);
	return view;
}

struct view *view_ref(struct view *view)
{
	atomic_fetch_add(&view->holders, 1);
	return view;
}

void view_unref(struct view **view)
{
	struct view *v = *view;

	*view = NULL;
	if (!v || atomic_fetch_sub(&v->holders, 1) != 1)
		return;
	if (v->snapshot)
		snapshot_free(v->snapshot);
	view_map_unref(&v->map);
	policy_unref(&v->policy);
	mem_free(v->text);
	mem_free(v);
}

void view_retire(void *view)
{
	struct view *v = view;

	view_unref(&v);
}

const struct view_service *view_find_service(const struct view *view,
					     struct sv host)
{
	if (host.len == 0)
		host = sv_str(view->policy->default_service);
	if (host.len == 0)
		return view->service_count == 1 ? &view->services[0] : NULL;
	for (unsigned i = 0; i < view->service_count; i++)
		if (sv_eq(view->services[i].name, host))
			return &view->services[i];
	return NULL;
}
