/*
 * cell_build.c - collects runs and places from databases and overrides and
 * compiles them. Building thread only; nothing of it survives the build but
 * the tables.
 */
#include "geo/cell_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "geo/cell_carriers.h"
#include "geo/cell_layers.h"
#include "geo/geodb.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define PLACE_UNSEEN UINT32_MAX

struct cell_build {
	struct cell_spans spans[CELL_FAMILIES];
	struct cell_carriers carriers;
	struct cell_places places;
};

/* One database while it is read. */
struct source {
	struct cell_build *build;
	struct cell_spans spans[CELL_FAMILIES];
	uint32_t *place_of; /* owned; record number -> place id */
	uint32_t room;
	uint64_t networks[CELL_FAMILIES];
};

struct cell_build *cell_build_new(void)
{
	struct cell_build *b = mem_alloc(sizeof(*b));

	cell_spans_init_all(b->spans);
	cell_carriers_init(&b->carriers);
	cell_places_init(&b->places);
	return b;
}

void cell_build_free(struct cell_build **build)
{
	if (!*build)
		return;
	cell_spans_fini_all((*build)->spans);
	cell_carriers_fini(&(*build)->carriers);
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
	int family = network->base.family == ADDR_V4 ? CELL_V4 : CELL_V6;
	uint32_t id;
	int rc = place_of(s, record, place, &id);

	if (rc < 0 || id == 0)
		return rc;
	s->networks[family]++;
	return cell_spans_append_prefix(&s->spans[family], network, id);
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
	int rc = geodb_open(path, GEODB_CITY, &db, why);

	if (rc < 0)
		return rc;
	wall_s = geodb_build_wall_s(db);
	if (stats->database_wall_s == 0 || wall_s < stats->database_wall_s)
		stats->database_wall_s = wall_s;
	cell_spans_init_all(s.spans);
	rc = geodb_visit(db, visit, &s, why);
	/* Before the files are laid over each other, which needs the room. */
	geodb_close(&db);
	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++)
		rc = cell_spans_overlay(&b->spans[f], &s.spans[f]);
	if (rc == ERR_LIMIT && why->len == 0) {
		buf_str(why, path);
		rc = complain_limit(why, ": holds more places than a map can; "
					 "use a city database");
	}
	stats->ipv4_networks += s.networks[CELL_V4];
	stats->ipv6_networks += s.networks[CELL_V6];
	cell_spans_fini_all(s.spans);
	mem_free(s.place_of);
	return rc;
}

/* The place that override @o gives. */
static int layer_of(struct cell_build *b, const struct cellmap_override *o,
		    uint32_t order, struct cell_layer *layer_r)
{
	struct cellmap_place place = {
		.source = CELLMAP_OVERRIDE,
		.lat_deg = o->lat_deg,
		.lon_deg = o->lon_deg,
		.area = sv_str(o->area),
	};
	uint32_t id = 0;
	int rc;

	memcpy(place.country, o->country, sizeof(place.country));
	rc = cell_places_add(&b->places, &place, &id);
	if (rc == 0)
		*layer_r = cell_layers_of(&o->prefix, id, order);
	return rc;
}

static int lay_family(struct cell_build *b, int family,
		      const struct cellmap_override *list, unsigned count)
{
	enum addr_family wanted = family == CELL_V4 ? ADDR_V4 : ADDR_V6;
	struct cell_layer *layers = mem_array(count, sizeof(*layers));
	unsigned used = 0;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++)
		if (list[i].asn == 0 && list[i].has_place &&
		    list[i].prefix.base.family == wanted)
			rc = layer_of(b, &list[i], i, &layers[used++]);
	if (rc == 0)
		rc = cell_layers_over(&b->spans[family], layers, used);
	mem_free(layers);
	return rc;
}

static int check_override(const struct cellmap_override *o, struct buf *why)
{
	unsigned most = o->prefix.base.family == ADDR_V4 ? 32 : 128;

	if (o->asn != 0)
		return 0;
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
	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++)
		rc = lay_family(b, f, list, count);
	return rc == ERR_LIMIT ? complain_limit(why, "too many overrides") : rc;
}

int cell_build_carriers(struct cell_build *b,
			const struct cellmap_config *config, struct buf *why)
{
	int rc = cell_carriers_collect(&b->carriers, &b->places, config, why);

	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++) {
		rc = cell_carriers_apply(&b->carriers, &b->places,
					 (enum cell_family)f, &b->spans[f]);
		if (rc == ERR_LIMIT)
			(void)complain_limit(why, "the map has too many "
						  "places with carriers");
	}
	return rc;
}

/* IPv4 addresses of each place. */
static uint64_t *count_addresses(const struct cell_build *b)
{
	const struct cell_spans *s = &b->spans[CELL_V4];
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
	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++) {
		rc = cell_trie_build(f == CELL_V4 ? &t->ipv4 : &t->ipv6,
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
