/*
 * cell_sample.c - IPv4 networks by cell: a counting sort of the table's runs.
 */
#include "geo/cell_sample.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"

/* One run of addresses; within a cell in address order. */
struct range {
	uint32_t first;
	uint32_t size_less_1;
	uint64_t before; /* addresses of the cell in front of it */
};

struct cell_sample {
	const struct cell_trie *trie; /* borrowed while building */
	uint32_t cell_count;
	uint32_t *starts;     /* owned; cell -> its first range, one more */
	struct range *ranges; /* owned */
};

/* Ways that begin inside an address (the last node's rest) are not ranges. */
static bool is_whole(cell_key first)
{
	return (first & (((cell_key)1 << 96) - 1)) == 0;
}

static int count_one(cell_key first, cell_key last UNUSED, uint32_t leaf,
		     void *arg)
{
	struct cell_sample *s = arg;

	if (is_whole(first))
		s->starts[s->trie->cells[leaf] + 1]++;
	return 0;
}

/* starts[c + 1] is where the next range of cell c goes. */
static int place_one(cell_key first, cell_key last, uint32_t leaf, void *arg)
{
	struct cell_sample *s = arg;
	uint32_t from = (uint32_t)(first >> 96), to = (uint32_t)(last >> 96);

	if (is_whole(first))
		s->ranges[s->starts[s->trie->cells[leaf] + 1]++] =
			(struct range){from, to - from, 0};
	return 0;
}

static void sum_up(struct cell_sample *s)
{
	for (uint32_t c = 0; c < s->cell_count; c++) {
		uint64_t before = 0;

		for (uint32_t i = s->starts[c]; i < s->starts[c + 1]; i++) {
			s->ranges[i].before = before;
			before += (uint64_t)s->ranges[i].size_less_1 + 1;
		}
	}
}

struct cell_sample *cell_sample_new(const struct cell_trie *trie,
				    uint32_t cell_count)
{
	struct cell_sample *s = mem_alloc(sizeof(*s));
	uint32_t total = 0;

	s->trie = trie;
	s->cell_count = cell_count;
	s->starts = mem_array((size_t)cell_count + 1, sizeof(*s->starts));
	(void)cell_trie_each(trie, count_one, s);
	for (uint32_t c = 1; c <= cell_count; c++) {
		uint32_t n = s->starts[c];

		s->starts[c] = total;
		total += n;
	}
	s->ranges = mem_array(total, sizeof(*s->ranges));
	(void)cell_trie_each(trie, place_one, s);
	sum_up(s);
	s->trie = NULL;
	return s;
}

void cell_sample_free(struct cell_sample **sample)
{
	if (!*sample)
		return;
	mem_free((*sample)->starts);
	mem_free((*sample)->ranges);
	mem_free(*sample);
	*sample = NULL;
}

static double clamp_unit(double unit)
{
	return unit >= 0 && unit < 1 ? unit : 0;
}

int cell_sample_draw(const struct cell_sample *s, uint32_t cell, double unit_a,
		     double unit_b, struct addr *addr_r)
{
	const struct range *range;
	uint32_t low, high;
	uint64_t wanted;

	if (cell == 0 || cell >= s->cell_count ||
	    s->starts[cell] == s->starts[cell + 1])
		return ERR_NOTFOUND;
	low = s->starts[cell];
	high = s->starts[cell + 1] - 1;
	range = &s->ranges[high];
	wanted = (uint64_t)(clamp_unit(unit_a) *
			    (double)(range->before + range->size_less_1 + 1));
	while (low < high) {
		uint32_t mid = low + (high - low + 1) / 2;

		if (s->ranges[mid].before <= wanted)
			low = mid;
		else
			high = mid - 1;
	}
	range = &s->ranges[low];
	*addr_r = addr_from_v4_host(
		range->first + (uint32_t)(clamp_unit(unit_b) *
					  ((double)range->size_less_1 + 1)));
	return 0;
}
