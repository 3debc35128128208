/*
 * figures.c - see the header.
 */
#include "tests/sim/ranking/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define FAR_KM 500

void figures_init(struct figures *f, unsigned node_count, double duration_s)
{
	size_t cells;

	memset(f, 0, sizeof(*f));
	f->node_count = node_count;
	f->window_count =
		(unsigned)ceil(duration_s * 1000 / FIGURES_WINDOW_MS) + 1;
	cells = (size_t)f->window_count * node_count;
	f->accepts = mem_array(cells, sizeof(*f->accepts));
	f->firsts = mem_array(cells, sizeof(*f->firsts));
	f->last_first_ms = mem_array(node_count, sizeof(int64_t));
	f->level_end = mem_array(node_count, sizeof(double));
	f->fair = mem_array(node_count, sizeof(double));
	for (unsigned i = 0; i < node_count; i++)
		f->last_first_ms[i] = -1;
}

void figures_fini(struct figures *f)
{
	mem_free(f->accepts);
	mem_free(f->firsts);
	mem_free(f->last_first_ms);
	mem_free(f->level_end);
	mem_free(f->fair);
}

void figures_time(struct figures *f, int64_t at_ms, double warmup_s)
{
	f->window = (unsigned)(at_ms / FIGURES_WINDOW_MS);
	f->warm = (double)at_ms >= warmup_s * 1000;
}

void figures_first(struct figures *f, unsigned node, uint64_t count,
		   int64_t at_ms)
{
	if (count == 0)
		return;
	f->firsts[f->window * f->node_count + node] += (uint32_t)count;
	f->last_first_ms[node] = at_ms;
}

void figures_accept(struct figures *f, unsigned node, uint64_t count)
{
	f->accepts[f->window * f->node_count + node] += (uint32_t)count;
	if (f->warm)
		f->accepted += count;
}

void figures_extra(struct figures *f, uint64_t count, double extra_km)
{
	if (!f->warm)
		return;
	f->placed += count;
	f->extra_sum_km += extra_km * (double)count;
	if (extra_km > FAR_KM)
		f->far += count;
}

void figures_level(struct figures *f, const struct machines *machines)
{
	double conns = 0, capacity = 0, highest = 0;

	if (!f->warm)
		return;
	for (unsigned i = 0; i < machines->count; i++) {
		const struct machine *m = &machines->list[i];

		if (!machine_counts(m))
			continue;
		conns += m->conns;
		capacity += m->capacity;
		highest = fmax(highest, (double)m->conns / m->capacity);
	}
	if (conns <= 0)
		return;
	f->utilisation_max = fmax(f->utilisation_max, highest);
	f->of_end = highest / (conns / capacity);
	f->of_peak = fmax(f->of_peak, f->of_end);
}

/* -- the end ------------------------------------------------------------- */

static double weight_of(const struct machine *m)
{
	return machine_counts(m) ? (double)m->capacity * m->weight : 0;
}

double figures_af(const struct figures *f, unsigned node, unsigned window)
{
	const uint32_t *accepts = &f->accepts[window * f->node_count];
	double sum = 0;

	for (unsigned i = 0; i < f->node_count; i++)
		sum += accepts[i];
	return sum > 0 && f->fair[node] > 0
		       ? accepts[node] / (sum * f->fair[node])
		       : -1;
}

static void share_fairly(struct figures *f, const struct machines *machines)
{
	double weight = 0;

	for (unsigned i = 0; i < f->node_count; i++)
		weight += f->fair[i] = weight_of(&machines->list[i]);
	for (unsigned i = 0; i < f->node_count && weight > 0; i++)
		f->fair[i] /= weight;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void rank_af(struct figures *f, double warmup_s)
{
	double *all = mem_array((size_t)f->window_count * f->node_count,
				sizeof(double));
	unsigned first = (unsigned)ceil(warmup_s * 1000 / FIGURES_WINDOW_MS);
	size_t count = 0;

	/* The last window that was begun is not whole. */
	for (unsigned w = first; w < f->window; w++)
		for (unsigned i = 0; i < f->node_count; i++) {
			double af = figures_af(f, i, w);

			if (af >= 0)
				all[count++] = af;
		}
	qsort(all, count, sizeof(*all), compare_doubles);
	if (count > 0) {
		f->af_p99 = all[(size_t)((double)(count - 1) * 0.99)];
		f->af_max = all[count - 1];
	}
	mem_free(all);
}

static double per_10k(uint64_t part, uint64_t of)
{
	return of > 0 ? 1e4 * (double)part / (double)of : 0;
}

void figures_end(struct figures *f, const struct machines *machines,
		 double warmup_s)
{
	share_fairly(f, machines);
	rank_af(f, warmup_s);
	if (f->placed > 0) {
		f->extra_km = f->extra_sum_km / (double)f->placed;
		f->far_part = (double)f->far / (double)f->placed;
	}
	f->refused_per_10k = per_10k(f->refused, f->lists);
	f->failed_per_10k = per_10k(f->failed, f->lists);
	f->orphan_failed_per_10k = per_10k(f->orphan_failed, f->orphan_lists);
	for (unsigned i = 0; i < f->node_count; i++) {
		const struct machine *m = &machines->list[i];

		if (m->weight > 0)
			f->level_end[i] = m->conns / ((double)m->capacity *
						      m->weight / 100);
	}
}
