/*
 * cell_grid.c - gives each place its cell. The key of a cell sorts overrides
 * behind databases, then by latitude, longitude, country, carrier; the sorted
 * distinct keys are the cells. A key that is given up points to another one
 * that takes its places.
 */
#include "geo/cell_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define CELLS_PER_DEG 2
#define CELLS_MAX     65535

/* A distinct cell while they are counted and sorted. */
struct key {
	uint64_t position; /* of the square, or exact for an override */
	uint16_t country;
	uint8_t is_override;
	uint8_t carrier;
	uint32_t index;	    /* in order of arrival */
	uint32_t place;	    /* one of its places */
	uint64_t addresses; /* of all its places */
};

struct keys {
	struct key *list; /* owned; in order of arrival */
	uint32_t *into;	  /* owned; by index: the key that takes its places,
			   * itself when it is a cell */
	uint32_t count, room;
	uint32_t merged;
	struct idset set;
};

static uint32_t bits_of(float f)
{
	uint32_t bits;

	f += 0.0f; /* -0 becomes 0 */
	memcpy(&bits, &f, sizeof(bits));
	/* Order of the numbers as order of unsigned bits. */
	return bits >> 31 ? ~bits : bits | (uint32_t)1 << 31;
}

/* The row or column of @deg; the last one includes its far edge. */
static uint32_t square(float deg, float span_deg)
{
	uint32_t last = (uint32_t)(2 * span_deg * CELLS_PER_DEG) - 1;
	uint32_t at = (uint32_t)floorf((deg + span_deg) * CELLS_PER_DEG);

	return at < last ? at : last;
}

static uint64_t square_of(const struct cell_place *place)
{
	return (uint64_t)square(place->lat_deg, 90) << 32 |
	       square(place->lon_deg, 180);
}

static struct key key_of(const struct cell_place *place)
{
	struct key key = {.carrier = place->carrier};

	key.country = (uint16_t)((unsigned char)place->country[0] << 8 |
				 (unsigned char)place->country[1]);
	key.is_override = place->source == CELLMAP_OVERRIDE;
	key.position = key.is_override
			       ? (uint64_t)bits_of(place->lat_deg) << 32 |
					 bits_of(place->lon_deg)
			       : square_of(place);
	return key;
}

static int compare_keys(const void *a_ptr, const void *b_ptr)
{
	const struct key *a = a_ptr, *b = b_ptr;

	if (a->is_override != b->is_override)
		return a->is_override - b->is_override;
	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	if (a->country != b->country)
		return a->country < b->country ? -1 : 1;
	return (a->carrier > b->carrier) - (a->carrier < b->carrier);
}

static bool same_key(uint32_t id, const void *wanted, const void *arg)
{
	const struct keys *keys = arg;

	return compare_keys(&keys->list[id], wanted) == 0;
}

/* The index of the key like @key, a new one if need be. */
static uint32_t find_or_add(struct keys *keys, const struct key *key)
{
	uint32_t hash = (uint32_t)hash_mix(hash_mix(key->position) ^
					   ((uint64_t)key->carrier << 32 |
					    (uint32_t)key->country << 1 |
					    key->is_override));
	uint32_t id = idset_find(&keys->set, hash, same_key, key, keys);

	if (id != IDSET_NONE)
		return id;
	if (keys->count == keys->room) {
		keys->room = keys->room * 2 + 1024;
		keys->list =
			mem_grow(keys->list, keys->room, sizeof(*keys->list));
		keys->into =
			mem_grow(keys->into, keys->room, sizeof(*keys->into));
	}
	id = keys->count++;
	keys->list[id] = *key;
	keys->list[id].index = id;
	keys->list[id].addresses = 0;
	keys->into[id] = id;
	idset_add(&keys->set, hash, id);
	return id;
}

/* ---- too many cells ---- */

/* First all carriers go, then the exact positions of overrides. */
enum widening { OF_CARRIERS, OF_OVERRIDES };

static int compare_sizes(const void *a_ptr, const void *b_ptr)
{
	const struct key *a = a_ptr, *b = b_ptr;

	if (a->addresses != b->addresses)
		return a->addresses < b->addresses ? -1 : 1;
	return compare_keys(a, b);
}

/* To the key that takes the places of @key. */
static void widen(const struct cell_places *places, enum widening step,
		  struct key *key)
{
	if (step == OF_CARRIERS) {
		key->carrier = 0;
		return;
	}
	key->is_override = 0;
	key->position = square_of(&places->list[key->place]);
}

static bool is_too_many(const struct keys *keys)
{
	return keys->count - keys->merged > CELLS_MAX;
}

/* Merge the smallest of the cells that can be widened until the rest is few
 * enough. What they merge into cannot be widened in the same step. */
static void merge(struct keys *keys, const struct cell_places *places,
		  enum widening step)
{
	struct key *list = mem_array(keys->count, sizeof(*list));
	uint32_t count = 0;

	for (uint32_t i = 0; i < keys->count; i++)
		if (keys->into[i] == i &&
		    (step == OF_CARRIERS ? keys->list[i].carrier != 0
					 : keys->list[i].is_override))
			list[count++] = keys->list[i];
	if (count > 0)
		qsort(list, count, sizeof(*list), compare_sizes);
	for (uint32_t i = 0; i < count && is_too_many(keys); i++) {
		uint32_t from = list[i].index, to;

		widen(places, step, &list[i]);
		to = find_or_add(keys, &list[i]);
		keys->into[from] = to;
		keys->list[to].addresses += keys->list[from].addresses;
		keys->merged++;
	}
	mem_free(list);
}

/* Centres of gravity. A place that only IPv6 knows still weighs a little. */
static void weigh(struct cell_grid *grid, const struct cell_places *places,
		  const uint64_t *addresses)
{
	double *sums = mem_array(grid->count, 3 * sizeof(*sums));

	for (uint32_t i = 1; i < places->count; i++) {
		const struct cell_place *place = &places->list[i];
		uint16_t cell = places->cells[i];
		double weight = (double)addresses[i] + 1;

		grid->addresses[cell] += addresses[i];
		if (cell == 0)
			continue;
		sums[3 * cell] += weight;
		sums[3 * cell + 1] += weight * (double)place->lat_deg;
		sums[3 * cell + 2] += weight * (double)place->lon_deg;
	}
	grid->addresses[0] += addresses[0];
	for (uint32_t i = 1; i < grid->count; i++) {
		const double *sum = &sums[3 * i];

		grid->cells[i].lat_deg = (float)(sum[1] / sum[0]);
		grid->cells[i].lon_deg = (float)(sum[2] / sum[0]);
	}
	mem_free(sums);
}

/* From order of arrival to order of keys; what was given up follows. */
static void number(struct keys *keys, const struct cell_places *places,
		   struct cell_grid *grid, uint16_t *number_of)
{
	struct key *cells = mem_array(keys->count, sizeof(*cells));
	uint32_t count = 0;

	for (uint32_t i = 0; i < keys->count; i++)
		if (keys->into[i] == i)
			cells[count++] = keys->list[i];
	if (count > 0)
		qsort(cells, count, sizeof(*cells), compare_keys);
	for (uint32_t i = 0; i < count; i++) {
		struct cellmap_cell *cell = &grid->cells[i + 1];

		number_of[cells[i].index] = (uint16_t)(i + 1);
		memcpy(cell->country, places->list[cells[i].place].country, 2);
		cell->carrier = cellmap_carrier_id(
			cell_places_carrier(places, cells[i].carrier));
	}
	for (uint32_t i = 0; i < keys->count; i++) {
		uint32_t to = i;

		while (keys->into[to] != to)
			to = keys->into[to];
		number_of[i] = number_of[to];
	}
	mem_free(cells);
}

static void collect(struct keys *keys, const struct cell_places *places,
		    const uint64_t *addresses, uint32_t *index_of)
{
	for (uint32_t i = 1; i < places->count; i++) {
		struct key key = key_of(&places->list[i]);

		if (places->list[i].source == CELLMAP_NOWHERE)
			continue;
		key.place = i;
		index_of[i] = find_or_add(keys, &key);
		keys->list[index_of[i]].addresses += addresses[i];
	}
	if (is_too_many(keys))
		merge(keys, places, OF_CARRIERS);
	if (is_too_many(keys))
		merge(keys, places, OF_OVERRIDES);
}

static void fill(struct cell_grid *grid, struct keys *keys,
		 struct cell_places *places, const uint32_t *index_of)
{
	uint16_t *number_of = mem_array(keys->count, sizeof(*number_of));

	grid->merged = keys->merged;
	grid->count = keys->count - keys->merged + 1;
	grid->cells = mem_array(grid->count, sizeof(*grid->cells));
	grid->addresses = mem_array(grid->count, sizeof(*grid->addresses));
	number(keys, places, grid, number_of);
	for (uint32_t i = 1; i < places->count; i++)
		if (places->list[i].source != CELLMAP_NOWHERE)
			places->cells[i] = number_of[index_of[i]];
	mem_free(number_of);
}

int cell_grid_build(struct cell_grid *grid, struct cell_places *places,
		    const uint64_t *addresses)
{
	uint32_t *index_of = mem_array(places->count, sizeof(*index_of));
	struct keys keys = {0};
	int rc = 0;

	memset(grid, 0, sizeof(*grid));
	places->cells = mem_array(places->count, sizeof(*places->cells));
	idset_init(&keys.set);
	collect(&keys, places, addresses, index_of);
	if (is_too_many(&keys)) {
		rc = ERR_LIMIT;
	} else {
		fill(grid, &keys, places, index_of);
		weigh(grid, places, addresses);
	}
	idset_fini(&keys.set);
	mem_free(keys.list);
	mem_free(keys.into);
	mem_free(index_of);
	return rc;
}

void cell_grid_fini(struct cell_grid *grid)
{
	mem_free(grid->cells);
	mem_free(grid->addresses);
	memset(grid, 0, sizeof(*grid));
}
