/*
 * cell_sample.c - IPv4 networks by cell: a counting sort of the table's runs.
 */
#include "geo/cell_sample.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"

/* One run of addresses; it reaches up to the next one's before, or the cell's
 * last address. A cell has fewer than 2^32 addresses before its last run. */
struct range {
	uint32_t first;
	uint32_t before; /* addresses of the cell in front of it */
};

struct cell_sample {
	uint32_t cell_count;
	uint32_t *starts;     /* owned; cell -> its first range, one more */
	uint64_t *sizes;      /* owned; addresses of each cell */
	struct range *ranges; /* owned */
};

/* A pass over the table: neighbours of one cell become one run. */
struct pass {
	struct cell_sample *sample;
	const uint16_t *cells; /* by leaf */
	cell_key first, last;
	uint32_t cell; /* 0 = no run is open */
	bool is_counting;
};

static void end_run(struct pass *p)
{
	struct cell_sample *s = p->sample;
	uint32_t first = (uint32_t)(p->first >> 96);
	uint32_t at;

	if (p->cell == 0)
		return;
	if (p->is_counting) {
		s->starts[p->cell + 1]++;
		return;
	}
	/* While placing, starts[c + 1] is where the next run of c goes. */
	at = s->starts[p->cell + 1]++;
	s->ranges[at] = (struct range){first, (uint32_t)s->sizes[p->cell]};
	s->sizes[p->cell] += (uint64_t)((uint32_t)(p->last >> 96) - first) + 1;
}

static int leaf_of_run(cell_key first, cell_key last, uint32_t leaf, void *arg)
{
	struct pass *p = arg;

	if (p->cells[leaf] == p->cell) {
		p->last = last;
		return 0;
	}
	end_run(p);
	p->cell = p->cells[leaf];
	p->first = first;
	p->last = last;
	return 0;
}

static void pass(struct cell_sample *s, const struct cell_trie *trie,
		 bool is_counting)
{
	struct pass p = {
		.sample = s, .cells = trie->cells, .is_counting = is_counting};

	(void)cell_trie_each(trie, leaf_of_run, &p);
	end_run(&p);
}

struct cell_sample *cell_sample_new(const struct cell_trie *trie,
				    uint32_t cell_count)
{
	struct cell_sample *s = mem_alloc(sizeof(*s));
	uint32_t total = 0;

	s->cell_count = cell_count;
	s->starts = mem_array((size_t)cell_count + 1, sizeof(*s->starts));
	s->sizes = mem_array(cell_count, sizeof(*s->sizes));
	pass(s, trie, true);
	for (uint32_t c = 1; c <= cell_count; c++) {
		uint32_t n = s->starts[c];

		s->starts[c] = total;
		total += n;
	}
	s->ranges = mem_array(total, sizeof(*s->ranges));
	pass(s, trie, false);
	return s;
}

void cell_sample_free(struct cell_sample **sample)
{
	if (!*sample)
		return;
	mem_free((*sample)->starts);
	mem_free((*sample)->sizes);
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
	uint32_t low, high;
	uint64_t wanted, end;

	if (cell == 0 || cell >= s->cell_count || s->sizes[cell] == 0)
		return ERR_NOTFOUND;
	low = s->starts[cell];
	high = s->starts[cell + 1] - 1;
	wanted = (uint64_t)(clamp_unit(unit_a) * (double)s->sizes[cell]);
	while (low < high) {
		uint32_t mid = low + (high - low + 1) / 2;

		if (s->ranges[mid].before <= wanted)
			low = mid;
		else
			high = mid - 1;
	}
	end = low + 1 < s->starts[cell + 1] ? s->ranges[low + 1].before
					    : s->sizes[cell];
	*addr_r = addr_from_v4_host(
		s->ranges[low].first +
		(uint32_t)(clamp_unit(unit_b) *
			   (double)(end - s->ranges[low].before)));
	return 0;
}
