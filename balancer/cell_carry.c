/*
 * cell_carry.c - new cells sorted by square and country; a handful share one.
 * A centre of gravity lies in the square of its places, so it moves inside.
 */
#include "balancer/cell_carry.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"

#define CELLS_PER_DEG 2

struct entry {
	uint64_t key; /* square and country */
	uint32_t cell;
};

static uint64_t key_of(const struct cellmap_cell *cell)
{
	uint64_t row =
		(uint64_t)floor(((double)cell->lat_deg + 90) * CELLS_PER_DEG);
	uint64_t column =
		(uint64_t)floor(((double)cell->lon_deg + 180) * CELLS_PER_DEG);

	return row << 32 | column << 16 |
	       (uint64_t)(uint8_t)cell->country[0] << 8 |
	       (uint8_t)cell->country[1];
}

static int compare_entries(const void *a_ptr, const void *b_ptr)
{
	const struct entry *a = a_ptr, *b = b_ptr;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->cell < b->cell ? -1 : a->cell > b->cell;
}

static struct entry *sorted(const struct cellmap_cell *cells, uint32_t count)
{
	struct entry *list = mem_array(count, sizeof(*list));

	for (uint32_t c = 1; c < count; c++)
		list[c] = (struct entry){key_of(&cells[c]), c};
	/* Cell 0 stays in front: it has the least key and number. */
	if (count > 0)
		qsort(list, count, sizeof(*list), compare_entries);
	return list;
}

/* The first entry with @key or more. */
static uint32_t first_of(const struct entry *list, uint32_t count, uint64_t key)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (list[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* How unlike two cells of a square are: other carriers beyond any distance. */
static double unlike(const struct cellmap_cell *a, const struct cellmap_cell *b)
{
	double lat = (double)(a->lat_deg - b->lat_deg);
	double lon = (double)(a->lon_deg - b->lon_deg);
	double squared = lat * lat + lon * lon; /* at most half a degree^2 */

	if (a->carrier == b->carrier)
		return squared;
	return squared + (b->carrier == 0 ? 10 : 20);
}

void cell_carry_find(const struct cellmap_cell *old, uint32_t old_count,
		     const struct cellmap_cell *new, uint32_t new_count,
		     uint16_t *to_r)
{
	struct entry *list = sorted(new, new_count);

	for (uint32_t c = 0; c < old_count; c++) {
		uint64_t key = c == 0 ? 0 : key_of(&old[c]);
		double least = INFINITY;

		to_r[c] = CELLMAP_UNKNOWN;
		for (uint32_t i = first_of(list, new_count, key);
		     c > 0 && i < new_count && list[i].key == key; i++) {
			double d = unlike(&old[c], &new[list[i].cell]);

			if (list[i].cell == 0 || !(d < least))
				continue;
			least = d;
			to_r[c] = (uint16_t)list[i].cell;
		}
	}
	mem_free(list);
}
