/*
 * report_tally.c - see the header. Invariant: seen[][] holds what
 * demand_counted() said the last time; pages of cells that nobody asks from are
 * never touched.
 */
#include "balancer/report_tally.h"

#include <stdlib.h>

#include "balancer/balancer.h"
#include "balancer/view.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define LATENCY_TAKES 30 /* after so many the older half is let go */

/* Something with its rate, to be put in order. */
struct ranked {
	double per_s;
	uint32_t service, index;
};

struct report_tally {
	uint32_t seen[DEMAND_SLOTS][DEMAND_CELLS];
	uint32_t fresh[DEMAND_CELLS]; /* queries of this take; else 0 */
	uint64_t queries_total;
	int64_t taken_at_ms;
	unsigned takes;
	struct metrics_histogram older, newer; /* where latencies begin */
	struct ranked *ranked;		       /* scratch */
	size_t ranked_room;
	struct report_service services[REPORT_SERVICES_MAX];
	struct report_site sites[REPORT_SITES_MAX];
	struct report_area areas[REPORT_AREAS_MAX];
};

struct report_tally *report_tally_new(void)
{
	return mem_alloc(sizeof(struct report_tally));
}

void report_tally_free(struct report_tally **tally)
{
	if (!*tally)
		return;
	mem_free((*tally)->ranked);
	mem_free(*tally);
	*tally = NULL;
}

/* ---- the most of many ---- */

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->per_s != y->per_s)
		return x->per_s > y->per_s ? -1 : 1;
	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void grow_ranked(struct report_tally *tally, size_t count)
{
	if (count <= tally->ranked_room)
		return;
	tally->ranked = mem_grow(tally->ranked, count, sizeof(struct ranked));
	tally->ranked_room = count;
}

/* The first @max of @count in order; returns how many. */
static unsigned keep_most(struct report_tally *tally, size_t count,
			  unsigned max)
{
	if (count > 0)
		qsort(tally->ranked, count, sizeof(*tally->ranked),
		      compare_ranked);
	return count < max ? (unsigned)count : max;
}

/* ---- areas ---- */

/* Moves what was counted since the last time into fresh[]; returns the end of
 * the cells that were ever asked from. */
static uint32_t count_fresh(struct report_tally *tally,
			    const struct demand *demand)
{
	uint32_t all_end = 0;

	for (unsigned slot = 0; slot < DEMAND_SLOTS; slot++) {
		uint32_t end = demand_cell_end(demand, slot);

		for (uint32_t cell = 0; cell < end; cell++) {
			uint32_t now = demand_counted(demand, slot, cell);

			tally->fresh[cell] += now - tally->seen[slot][cell];
			tally->seen[slot][cell] = now;
		}
		all_end = end > all_end ? end : all_end;
	}
	return all_end;
}

static void fill_area(const struct ranked *from,
		      const struct cellmap_cell *cells, unsigned cell_count,
		      struct report_area *area)
{
	*area = (struct report_area){.cell = from->index, .per_s = from->per_s};
	/* A query that was counted with the map before. */
	if (from->index == 0 || from->index >= cell_count)
		return;
	memcpy(area->country, cells[from->index].country,
	       sizeof(area->country));
	area->lat_deg = (double)cells[from->index].lat_deg;
	area->lon_deg = (double)cells[from->index].lon_deg;
}

static void take_areas(struct report_tally *tally, const struct demand *demand,
		       const struct cellmap *map, double dt_s,
		       struct report *report)
{
	uint32_t end = count_fresh(tally, demand);
	unsigned cell_count;
	const struct cellmap_cell *cells = cellmap_cells(map, &cell_count);
	size_t count = 0;

	grow_ranked(tally, end);
	for (uint32_t cell = 0; cell < end; cell++) {
		if (tally->fresh[cell] == 0)
			continue;
		tally->ranked[count++] = (struct ranked){
			.per_s = dt_s > 0 ? tally->fresh[cell] / dt_s : 0,
			.index = cell,
		};
		tally->fresh[cell] = 0;
	}
	report->areas.items = tally->areas;
	report->areas.count = keep_most(tally, count, REPORT_AREAS_MAX);
	for (unsigned i = 0; i < report->areas.count; i++)
		fill_area(&tally->ranked[i], cells, cell_count,
			  &tally->areas[i]);
}

/* ---- services and sites ---- */

static void copy_name(char *dst, const char *src)
{
	/* Names of records fit; a longer one could not be in a snapshot. */
	if (sv_copy(sv_str(src), dst, NODE_ID_BYTES) != 0)
		dst[0] = '\0';
}

/* What all demand is multiplied by to get our own. */
static double own_part(const struct snapshot *snap,
		       const struct snapshot_service *service)
{
	return 1 / (service->kappa * snap->replica_count);
}

static void take_services(struct report_tally *tally,
			  const struct snapshot *snap, struct report *report)
{
	report->services.items = tally->services;
	report->services.count = snap->service_count;
	for (unsigned i = 0; i < snap->service_count; i++) {
		const struct snapshot_service *from = &snap->services[i];
		struct report_service *to = &tally->services[i];

		copy_name(to->name, from->name);
		to->own_per_s = from->demand_per_s * own_part(snap, from);
		to->demand_per_s = from->demand_per_s;
		to->kappa = from->kappa;
	}
}

static size_t rank_sites(struct report_tally *tally,
			 const struct snapshot *snap)
{
	size_t count = 0, room = 0;

	for (unsigned i = 0; i < snap->service_count; i++)
		room += snap->services[i].site_count;
	grow_ranked(tally, room);
	for (unsigned i = 0; i < snap->service_count; i++) {
		const struct snapshot_service *service = &snap->services[i];
		double part = own_part(snap, service);

		for (uint32_t s = 0; s < service->site_count; s++)
			if (service->sites[s].admitted_per_s > 0)
				tally->ranked[count++] = (struct ranked){
					service->sites[s].admitted_per_s * part,
					i, s};
	}
	return count;
}

static void take_sites(struct report_tally *tally, const struct snapshot *snap,
		       struct report *report)
{
	size_t count = rank_sites(tally, snap);

	report->sites.items = tally->sites;
	report->sites.count = keep_most(tally, count, REPORT_SITES_MAX);
	for (unsigned i = 0; i < report->sites.count; i++) {
		const struct ranked *from = &tally->ranked[i];
		const struct snapshot_service *service =
			&snap->services[from->service];
		const struct snapshot_site *site = &service->sites[from->index];
		struct report_site *to = &tally->sites[i];

		copy_name(to->service, service->name);
		copy_name(to->region, site->region);
		copy_name(to->zone, site->zone);
		to->per_s = from->per_s;
	}
}

/* ---- totals ---- */

static void take_latency(struct report_tally *tally, const struct balancer *app,
			 struct report *report)
{
	struct metrics_histogram now = {.count = 0}, part;

	for (unsigned i = 0; i < app->worker_count; i++)
		metrics_histogram_add(
			&now,
			&query_worker_counters(app->workers[i])->duration);
	part = now;
	for (unsigned i = 0; i <= METRICS_BUCKETS; i++)
		part.bucket[i] -= tally->older.bucket[i];
	report->p50_us = metrics_quantile_us(&part, 0.5);
	report->p99_us = metrics_quantile_us(&part, 0.99);
	if (++tally->takes % LATENCY_TAKES != 0)
		return;
	tally->older = tally->newer;
	tally->newer = now;
}

static void take_totals(const struct balancer *app, struct report *report)
{
	for (unsigned i = 0; i < RESOLVE_RESULT_COUNT; i++)
		report->queries_total += BALANCER_SUM_AT(app, results, i);
	for (unsigned i = 0; i < QUERY_REFUSAL_COUNT; i++)
		report->refused_total += BALANCER_SUM_AT(app, refusals, i);
	for (unsigned i = 1; i < SNAPSHOT_CANDIDATES; i++)
		report->spill_total += BALANCER_SUM_AT(app, first_rank, i);
	report->misses_total = BALANCER_SUM_AT(app, source, CELLMAP_NOWHERE);
	report->panic_total = BALANCER_SUM(app, panics);
	report->empty_total = BALANCER_SUM_AT(app, results, RESOLVE_EMPTY);
}

static void take_snapshot(struct report_tally *tally,
			  const struct snapshot *snap, int64_t now_ms,
			  struct report *report)
{
	report->snapshot_number = snap->number;
	report->snapshot_revision = snap->revision;
	report->snapshot_age_ms =
		now_ms > snap->built_at_ms ? now_ms - snap->built_at_ms : 0;
	report->replicas = snap->replica_count;
	take_services(tally, snap, report);
	take_sites(tally, snap, report);
}

void report_tally_take(struct report_tally *tally, const struct balancer *app,
		       const struct view *view, int64_t now_ms,
		       struct report *report)
{
	double dt_s = tally->taken_at_ms > 0
			      ? (double)(now_ms - tally->taken_at_ms) / 1000
			      : 0;

	*report = (struct report){.snapshot_age_ms = -1};
	take_totals(app, report);
	if (dt_s > 0)
		report->queries_per_s =
			(double)(report->queries_total - tally->queries_total) /
			dt_s;
	take_latency(tally, app, report);
	if (view->snapshot)
		take_snapshot(tally, view->snapshot, now_ms, report);
	take_areas(tally, app->demand, view->map->map, dt_s, report);
	tally->queries_total = report->queries_total;
	tally->taken_at_ms = now_ms;
}
