/*
 * cell_grid.c - gives each place its cell. The key of a cell is one number
 * that sorts overrides behind databases, then by latitude, longitude, country;
 * the sorted distinct keys are the cells.
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
	uint32_t first_seen; /* index before sorting */
};

struct keys {
	struct key *list; /* owned */
	uint32_t count, room;
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

static struct key key_of(const struct cell_place *place)
{
	struct key key = {0};

	key.country = (uint16_t)((unsigned char)place->country[0] << 8 |
				 (unsigned char)place->country[1]);
	key.is_override = place->source == CELLMAP_OVERRIDE;
	if (key.is_override)
		key.position = (uint64_t)bits_of(place->lat_deg) << 32 |
			       bits_of(place->lon_deg);
	else
		key.position = (uint64_t)square(place->lat_deg, 90) << 32 |
			       square(place->lon_deg, 180);
	return key;
}

static int compare_keys(const void *a_ptr, const void *b_ptr)
{
	const struct key *a = a_ptr, *b = b_ptr;

	if (a->is_override != b->is_override)
		return a->is_override - b->is_override;
	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	return (a->country > b->country) - (a->country < b->country);
}

static bool same_key(uint32_t id, const void *wanted, const void *arg)
{
	const struct keys *keys = arg;

	return compare_keys(&keys->list[id], wanted) == 0;
}

/* The index of the place's cell in order of arrival. */
static uint32_t key_index(struct keys *keys, const struct cell_place *place)
{
	struct key key = key_of(place);
	uint32_t hash = (uint32_t)hash_mix(
		hash_mix(key.position) ^
		((uint32_t)key.country << 1 | key.is_override));
	uint32_t id = idset_find(&keys->set, hash, same_key, &key, keys);

	if (id != IDSET_NONE)
		return id;
	if (keys->count == keys->room) {
		keys->room = keys->room * 2 + 1024;
		keys->list =
			mem_grow(keys->list, keys->room, sizeof(*keys->list));
	}
	key.first_seen = keys->count;
	keys->list[keys->count] = key;
	idset_add(&keys->set, hash, keys->count);
	return keys->count++;
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

		sums[3 * cell] += weight;
		sums[3 * cell + 1] += weight * (double)place->lat_deg;
		sums[3 * cell + 2] += weight * (double)place->lon_deg;
		memcpy(grid->cells[cell].country, place->country, 2);
		grid->addresses[cell] += addresses[i];
	}
	grid->addresses[0] = addresses[0];
	for (uint32_t i = 1; i < grid->count; i++) {
		const double *sum = &sums[3 * i];

		grid->cells[i].lat_deg = (float)(sum[1] / sum[0]);
		grid->cells[i].lon_deg = (float)(sum[2] / sum[0]);
	}
	mem_free(sums);
}

/* From order of arrival to order of keys. */
static void number(struct keys *keys, uint32_t *index_of, uint32_t count,
		   uint16_t *cells)
{
	uint16_t *number_of = mem_array(keys->count, sizeof(*number_of));

	if (keys->count > 0)
		qsort(keys->list, keys->count, sizeof(*keys->list),
		      compare_keys);
	for (uint32_t i = 0; i < keys->count; i++)
		number_of[keys->list[i].first_seen] = (uint16_t)(i + 1);
	for (uint32_t i = 1; i < count; i++)
		cells[i] = number_of[index_of[i]];
	mem_free(number_of);
}

int cell_grid_build(struct cell_grid *grid, struct cell_places *places,
		    const uint64_t *addresses)
{
	uint32_t *index_of = mem_array(places->count, sizeof(*index_of));
	struct keys keys = {0};
	int rc = 0;

	memset(grid, 0, sizeof(*grid));
	idset_init(&keys.set);
	for (uint32_t i = 1; i < places->count; i++)
		index_of[i] = key_index(&keys, &places->list[i]);
	idset_fini(&keys.set);
	places->cells = mem_array(places->count, sizeof(*places->cells));
	if (keys.count > CELLS_MAX) {
		rc = ERR_LIMIT;
	} else {
		number(&keys, index_of, places->count, places->cells);
		grid->count = keys.count + 1;
		grid->cells = mem_array(grid->count, sizeof(*grid->cells));
		grid->addresses =
			mem_array(grid->count, sizeof(*grid->addresses));
		weigh(grid, places, addresses);
	}
	mem_free(keys.list);
	mem_free(index_of);
	return rc;
}

void cell_grid_fini(struct cell_grid *grid)
{
	mem_free(grid->cells);
	mem_free(grid->addresses);
	memset(grid, 0, sizeof(*grid));
}
