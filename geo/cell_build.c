/*
 * cell_build.c - collects runs and places from databases and overrides and
 * compiles them. Building thread only; nothing of it survives the build but
 * the tables.
 */
#include "geo/cell_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "geo/geodb.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define PLACE_UNSEEN UINT32_MAX

enum { V4, V6, FAMILIES };

struct cell_build {
	struct cell_spans spans[FAMILIES];
	struct cell_places places;
};

/* One database while it is read. */
struct source {
	struct cell_build *build;
	struct cell_spans spans[FAMILIES];
	uint32_t *place_of; /* owned; record number -> place id */
	uint32_t room;
	uint64_t networks[FAMILIES];
};

static void spans_init(struct cell_spans *spans)
{
	for (int f = 0; f < FAMILIES; f++)
		cell_spans_init(&spans[f]);
}

static void spans_fini(struct cell_spans *spans)
{
	for (int f = 0; f < FAMILIES; f++)
		cell_spans_fini(&spans[f]);
}

struct cell_build *cell_build_new(void)
{
	struct cell_build *b = mem_alloc(sizeof(*b));

	spans_init(b->spans);
	cell_places_init(&b->places);
	return b;
}

void cell_build_free(struct cell_build **build)
{
	if (!*build)
		return;
	spans_fini((*build)->spans);
	cell_places_fini(&(*build)->places);
	mem_free(*build);
	*build = NULL;
}

/* The place of record @record; 0 for one without a position, which is as if
 * the network were not in the file. */
static int place_of(struct source *s, uint64_t record,
		    const struct geodb_place *from, uint32_t *id_r)
{
	struct cellmap_place place = {.source = CELLMAP_MMDB};
	int rc = 0;

	if (record >= s->room) {
		uint32_t room = (uint32_t)record * 2 + 1024;

		s->place_of = mem_grow(s->place_of, room, sizeof(*s->place_of));
		memset(s->place_of + s->room, 0xff,
		       (room - s->room) * sizeof(*s->place_of));
		s->room = room;
	}
	*id_r = s->place_of[record];
	if (*id_r != PLACE_UNSEEN)
		return 0;
	*id_r = 0;
	if (from->has_position) {
		place.lat_deg = from->lat_deg;
		place.lon_deg = from->lon_deg;
		place.area = from->area;
		place.city = from->city;
		memcpy(place.country, from->country, sizeof(place.country));
		rc = cell_places_add(&s->build->places, &place, id_r);
	}
	s->place_of[record] = *id_r;
	return rc;
}

static int visit(const struct addr_prefix *network, uint64_t record,
		 const struct geodb_place *place, void *arg)
{
	struct source *s = arg;
	int family = network->base.family == ADDR_V4 ? V4 : V6;
	uint32_t id;
	int rc = place_of(s, record, place, &id);

	if (rc < 0 || id == 0)
		return rc;
	s->networks[family]++;
	return cell_spans_append_prefix(&s->spans[family], network, id);
}

static bool is_empty(const struct cell_spans *s)
{
	return s->count == 1 && s->place[0] == 0;
}

/* Lay @top over @base; most files have one family, and are the only one. */
static int lay_over(struct cell_spans *base, struct cell_spans *top)
{
	struct cell_spans swap = *base;

	if (is_empty(top))
		return 0;
	if (!is_empty(base))
		return cell_spans_overlay(base, top);
	*base = *top;
	*top = swap;
	return 0;
}

static int complain_limit(struct buf *why, const char *what)
{
	buf_str(why, what);
	return ERR_LIMIT;
}

int cell_build_database(struct cell_build *b, const char *path,
			struct cellmap_stats *stats, struct buf *why)
{
	struct source s = {.build = b};
	struct geodb *db;
	int64_t wall_s;
	int rc = geodb_open(path, &db, why);

	if (rc < 0)
		return rc;
	wall_s = geodb_build_wall_s(db);
	if (stats->database_wall_s == 0 || wall_s < stats->database_wall_s)
		stats->database_wall_s = wall_s;
	spans_init(s.spans);
	rc = geodb_visit(db, visit, &s, why);
	/* Before the files are laid over each other, which needs the room. */
	geodb_close(&db);
	for (int f = 0; rc == 0 && f < FAMILIES; f++)
		rc = lay_over(&b->spans[f], &s.spans[f]);
	if (rc == ERR_LIMIT && why->len == 0) {
		buf_str(why, path);
		rc = complain_limit(why, ": holds more places than a map can; "
					 "use a city database");
	}
	stats->ipv4_networks += s.networks[V4];
	stats->ipv6_networks += s.networks[V6];
	spans_fini(s.spans);
	mem_free(s.place_of);
	return rc;
}

/* An override as a run. */
struct layer {
	cell_key first, last;
	uint32_t place;
	uint32_t order; /* in the operator's list */
};

/* Outer prefixes before inner ones. */
static int compare_layers(const void *a_ptr, const void *b_ptr)
{
	const struct layer *a = a_ptr, *b = b_ptr;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* The open prefixes around a position, outermost first: strictly nested, so
 * at most one of each length. */
struct nest {
	struct layer open[129];
	unsigned depth;
};

/* Close the prefixes that end before @key. */
static int close_before(struct nest *nest, struct cell_spans *spans,
			cell_key key)
{
	int rc = 0;

	while (rc == 0 && nest->depth > 0 &&
	       nest->open[nest->depth - 1].last < key) {
		cell_key after = nest->open[--nest->depth].last + 1;

		rc = cell_spans_append(
			spans, after,
			nest->depth ? nest->open[nest->depth - 1].place : 0);
	}
	return rc;
}

/* Sorted prefixes to runs without overlaps: the innermost one wins. */
static int flatten(const struct layer *layers, unsigned count,
		   struct cell_spans *spans)
{
	struct nest nest = {.depth = 0};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++) {
		const struct layer *l = &layers[i];
		struct layer *top;

		rc = close_before(&nest, spans, l->first);
		top = nest.depth ? &nest.open[nest.depth - 1] : NULL;
		if (top && top->first == l->first && top->last == l->last)
			*top = *l;
		else
			nest.open[nest.depth++] = *l;
		if (rc == 0)
			rc = cell_spans_append(spans, l->first, l->place);
	}
	/* Those that reach the end of the space need no closing. */
	return rc < 0 ? rc : close_before(&nest, spans, ~(cell_key)0);
}

static int layer_of(struct cell_build *b, const struct cellmap_override *o,
		    struct layer *layer_r)
{
	struct cellmap_place place = {
		.source = CELLMAP_OVERRIDE,
		.lat_deg = o->lat_deg,
		.lon_deg = o->lon_deg,
		.area = sv_str(o->area),
	};
	unsigned bits = o->prefix.bits;

	memcpy(place.country, o->country, sizeof(place.country));
	layer_r->first = cell_spans_key(&o->prefix.base);
	layer_r->last = bits == 0 ? ~(cell_key)0
				  : layer_r->first +
					    (((cell_key)1 << (128 - bits)) - 1);
	return cell_places_add(&b->places, &place, &layer_r->place);
}

static int lay_family(struct cell_build *b, int family,
		      const struct cellmap_override *list, unsigned count)
{
	enum addr_family wanted = family == V4 ? ADDR_V4 : ADDR_V6;
	struct layer *layers = mem_array(count, sizeof(*layers));
	struct cell_spans top;
	unsigned used = 0;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++) {
		if (list[i].prefix.base.family != wanted)
			continue;
		layers[used].order = i;
		rc = layer_of(b, &list[i], &layers[used++]);
	}
	if (used > 0)
		qsort(layers, used, sizeof(*layers), compare_layers);
	cell_spans_init(&top);
	if (rc == 0)
		rc = flatten(layers, used, &top);
	if (rc == 0)
		rc = lay_over(&b->spans[family], &top);
	cell_spans_fini(&top);
	mem_free(layers);
	return rc;
}

static int check_override(const struct cellmap_override *o, struct buf *why)
{
	unsigned most = o->prefix.base.family == ADDR_V4 ? 32 : 128;

	if (fabsf(o->lat_deg) <= 90 && fabsf(o->lon_deg) <= 180 &&
	    o->prefix.base.family != ADDR_NONE && o->prefix.bits <= most)
		return 0;
	buf_str(why, "override of ");
	addr_put(why, &o->prefix.base);
	buf_str(why, ": prefix or position out of range");
	return ERR_RANGE;
}

int cell_build_overrides(struct cell_build *b,
			 const struct cellmap_override *list, unsigned count,
			 struct buf *why)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = check_override(&list[i], why);
	if (rc < 0)
		return rc;
	for (int f = 0; rc == 0 && f < FAMILIES; f++)
		rc = lay_family(b, f, list, count);
	return rc == ERR_LIMIT ? complain_limit(why, "too many overrides") : rc;
}

/* IPv4 addresses of each place. */
static uint64_t *count_addresses(const struct cell_build *b)
{
	const struct cell_spans *s = &b->spans[V4];
	uint64_t *sums = mem_array(b->places.count, sizeof(*sums));

	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t end = i + 1 < s->count ? s->hi[i + 1] >> 32
						: (uint64_t)1 << 32;

		sums[s->place[i]] += end - (s->hi[i] >> 32);
	}
	return sums;
}

int cell_build_finish(struct cell_build *b, struct cell_tables *t,
		      struct buf *why)
{
	uint64_t *addresses = count_addresses(b);
	int rc;

	memset(t, 0, sizeof(*t));
	cell_places_mark_countries(&b->places);
	rc = cell_grid_build(&t->grid, &b->places, addresses);
	mem_free(addresses);
	if (rc < 0)
		(void)complain_limit(why, "the map has more than 65535 cells; "
					  "use fewer overrides");
	for (int f = 0; rc == 0 && f < FAMILIES; f++) {
		rc = cell_trie_build(f == V4 ? &t->ipv4 : &t->ipv6,
				     &b->spans[f], b->places.cells);
		cell_spans_fini(&b->spans[f]);
		if (rc < 0)
			(void)complain_limit(why,
					     "the map has more networks than "
					     "a table can hold");
	}
	if (rc < 0) {
		cell_build_tables_fini(t);
		return rc;
	}
	cell_places_settle(&b->places);
	t->places = b->places;
	memset(&b->places, 0, sizeof(b->places));
	return 0;
}

void cell_build_tables_fini(struct cell_tables *t)
{
	cell_trie_fini(&t->ipv4);
	cell_trie_fini(&t->ipv6);
	cell_places_fini(&t->places);
	cell_grid_fini(&t->grid);
}
