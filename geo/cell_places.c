/*
 * cell_places.c - the places of a map and their texts, without duplicates.
 * Ids are given in the order of arrival, so equal input gives equal ids.
 */
#include "geo/cell_places.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

static_assert(sizeof(struct cell_place) == 4 * 4 + 4,
	      "struct cell_place has no padding: its bytes are compared");

#define PLACES_MAX ((uint32_t)1 << 24)
#define TEXTS_MAX  ((uint32_t)1 << 28)

/* Grow @array for one more element; *@room is its room. */
static void *more(void *array, uint32_t count, uint32_t *room, size_t bytes)
{
	if (count < *room)
		return array;
	*room = *room * 2 + 64;
	return mem_grow(array, *room, bytes);
}

static uint32_t text_hash(struct sv text)
{
	return (uint32_t)hash_mix(hash_text(text));
}

static void text_push(struct cell_places *p, struct sv text)
{
	while (p->texts_room - p->texts_bytes < text.len + 1) {
		p->texts_room = p->texts_room * 2 + 4096;
		p->texts = mem_grow(p->texts, p->texts_room, 1);
	}
	p->starts = more(p->starts, p->text_count, &p->text_room,
			 sizeof(*p->starts));
	p->starts[p->text_count] = p->texts_bytes;
	p->texts[p->texts_bytes++] = (char)text.len;
	if (text.len > 0)
		memcpy(p->texts + p->texts_bytes, text.ptr, text.len);
	p->texts_bytes += (uint32_t)text.len;
	idset_add(&p->text_set, text_hash(text), p->text_count++);
}

void cell_places_init(struct cell_places *p)
{
	memset(p, 0, sizeof(*p));
	idset_init(&p->place_set);
	idset_init(&p->text_set);
	text_push(p, SV(""));
	p->list = more(p->list, 0, &p->room, sizeof(*p->list));
	memset(&p->list[0], 0, sizeof(p->list[0]));
	p->count = 1;
	p->carrier_count = 1;
}

void cell_places_fini(struct cell_places *p)
{
	mem_free(p->list);
	mem_free(p->cells);
	mem_free(p->texts);
	mem_free(p->starts);
	idset_fini(&p->place_set);
	idset_fini(&p->text_set);
	memset(p, 0, sizeof(*p));
}

struct sv cell_places_text(const struct cell_places *p, uint32_t number)
{
	const char *at = p->texts + p->starts[number];

	return sv_of(at + 1, (unsigned char)*at);
}

/* At most CELL_PLACES_TEXT_MAX bytes, no character cut in two. */
static struct sv shorten(struct sv text)
{
	if (text.len <= CELL_PLACES_TEXT_MAX)
		return text;
	text.len = CELL_PLACES_TEXT_MAX;
	while (text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80)
		text.len--;
	return text;
}

static bool same_text(uint32_t id, const void *wanted, const void *arg)
{
	return sv_eq(cell_places_text(arg, id), *(const struct sv *)wanted);
}

static uint32_t text_add(struct cell_places *p, struct sv text)
{
	struct sv shorter = shorten(text);
	uint32_t id = idset_find(&p->text_set, text_hash(shorter), same_text,
				 &shorter, p);

	if (id != IDSET_NONE)
		return id;
	text_push(p, shorter);
	return p->text_count - 1;
}

static bool same_place(uint32_t id, const void *wanted, const void *arg)
{
	const struct cell_places *p = arg;

	/* Bytes, not values: -0 and 0 may be two places, no harm. */
	return memcmp(&p->list[id], wanted, sizeof(p->list[id])) == 0;
}

static uint32_t place_hash(const struct cell_place *place)
{
	uint32_t lat, lon;
	uint64_t h;

	memcpy(&lat, &place->lat_deg, sizeof(lat));
	memcpy(&lon, &place->lon_deg, sizeof(lon));
	h = hash_mix((uint64_t)lat << 32 | lon);
	h = hash_mix(h ^ ((uint64_t)place->area << 32 | place->city));
	h ^= (uint64_t)(unsigned char)place->country[0] << 16 |
	     (uint64_t)(unsigned char)place->country[1] << 8 | place->source |
	     (uint64_t)place->carrier << 24;
	return (uint32_t)hash_mix(h);
}

/* The id of @place, all of whose bytes count. */
static uint32_t find_or_add(struct cell_places *p,
			    const struct cell_place *place)
{
	uint32_t hash = place_hash(place);
	uint32_t id = idset_find(&p->place_set, hash, same_place, place, p);

	if (id != IDSET_NONE)
		return id;
	p->list = more(p->list, p->count, &p->room, sizeof(*p->list));
	p->list[p->count] = *place;
	idset_add(&p->place_set, hash, p->count);
	return p->count++;
}

int cell_places_add(struct cell_places *p, const struct cellmap_place *place,
		    uint32_t *id_r)
{
	struct cell_place new;

	if (p->count >= PLACES_MAX || p->texts_bytes >= TEXTS_MAX)
		return ERR_LIMIT;
	memset(&new, 0, sizeof(new));
	new.lat_deg = place->lat_deg;
	new.lon_deg = place->lon_deg;
	new.area = text_add(p, place->area);
	new.city = text_add(p, place->city);
	new.source = (uint8_t)place->source;
	memcpy(new.country, place->country, 2);
	*id_r = find_or_add(p, &new);
	return 0;
}

int cell_places_add_carrier(struct cell_places *p, struct sv name,
			    uint32_t *number_r)
{
	uint32_t text = text_add(p, name);

	for (uint32_t i = 1; i < p->carrier_count; i++)
		if (p->carriers[i] == text) {
			*number_r = i;
			return 0;
		}
	if (p->carrier_count > CELLMAP_CARRIERS_MAX)
		return ERR_LIMIT;
	p->carriers[p->carrier_count] = text;
	*number_r = p->carrier_count++;
	return 0;
}

int cell_places_with_carrier(struct cell_places *p, uint32_t id,
			     uint32_t number, uint32_t *id_r)
{
	struct cell_place place = p->list[id];

	if (p->count >= PLACES_MAX)
		return ERR_LIMIT;
	place.carrier = (uint8_t)number;
	*id_r = find_or_add(p, &place);
	return 0;
}

struct sv cell_places_carrier(const struct cell_places *p, uint32_t number)
{
	return cell_places_text(p, p->carriers[number]);
}

static int compare_positions(const void *a_ptr, const void *b_ptr)
{
	const struct cell_place *a = a_ptr, *b = b_ptr;
	int c = memcmp(a->country, b->country, 2);

	if (c == 0)
		c = (a->lat_deg > b->lat_deg) - (a->lat_deg < b->lat_deg);
	if (c == 0)
		c = (a->lon_deg > b->lon_deg) - (a->lon_deg < b->lon_deg);
	return c;
}

void cell_places_mark_countries(struct cell_places *p)
{
	struct cell_place *centres = NULL;
	uint32_t count = 0, room = 0;

	for (uint32_t i = 1; i < p->count; i++) {
		const struct cell_place *place = &p->list[i];

		if (place->source != CELLMAP_MMDB || place->city != 0 ||
		    place->area != 0)
			continue;
		centres = more(centres, count, &room, sizeof(*centres));
		centres[count++] = *place;
	}
	if (count == 0)
		return;
	qsort(centres, count, sizeof(*centres), compare_positions);
	for (uint32_t i = 1; i < p->count; i++) {
		struct cell_place *place = &p->list[i];

		if (place->source == CELLMAP_MMDB && place->city == 0 &&
		    bsearch(place, centres, count, sizeof(*centres),
			    compare_positions))
			place->source = CELLMAP_COUNTRY;
	}
	mem_free(centres);
}

void cell_places_settle(struct cell_places *p)
{
	idset_fini(&p->place_set);
	idset_fini(&p->text_set);
	p->list = mem_grow(p->list, p->count, sizeof(*p->list));
	p->texts = mem_grow(p->texts, p->texts_bytes, 1);
	p->starts = mem_grow(p->starts, p->text_count, sizeof(*p->starts));
	p->room = p->count;
	p->texts_room = p->texts_bytes;
	p->text_room = p->text_count;
}

uint64_t cell_places_bytes(const struct cell_places *p)
{
	return (uint64_t)p->room * sizeof(*p->list) +
	       (uint64_t)p->count * sizeof(*p->cells) + p->texts_room +
	       (uint64_t)p->text_room * sizeof(*p->starts);
}
