/*
 * report_tally.c - see the header. Main thread.
 */
#include "balancer/report_tally.h"

#include "balancer/balancer.h"
#include "balancer/flow_tally.h"
#include "balancer/view.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define LATENCY_TAKES 30 /* after so many the older half is let go */

struct report_tally {
	struct flow_tally *flows;
	uint64_t queries_total;
	int64_t taken_at_ms;
	unsigned takes;
	struct metrics_histogram older, newer; /* where latencies begin */
	struct most most;		       /* scratch */
	struct report_service services[REPORT_SERVICES_MAX];
	struct report_site sites[REPORT_SITES_MAX];
	struct report_node nodes[REPORT_NODES_MAX];
};

struct report_tally *report_tally_new(void)
{
	struct report_tally *tally = mem_alloc(sizeof(*tally));

	tally->flows = flow_tally_new();
	return tally;
}

void report_tally_free(struct report_tally **tally)
{
	if (!*tally)
		return;
	flow_tally_free(&(*tally)->flows);
	most_fini(&(*tally)->most);
	mem_free(*tally);
	*tally = NULL;
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

static void offer_sites(struct report_tally *tally, const struct snapshot *snap,
			uint32_t index)
{
	const struct snapshot_service *service = &snap->services[index];
	double part = own_part(snap, service);

	for (uint32_t s = 0; s < service->site_count; s++) {
		const struct most_item item = {
			.per_s = service->sites[s].admitted_per_s * part,
			.major = index,
			.minor = s};

		if (item.per_s > 0)
			most_offer(&tally->most, &item);
	}
}

static void take_sites(struct report_tally *tally, const struct snapshot *snap,
		       struct report *report)
{
	most_begin(&tally->most, REPORT_SITES_MAX);
	for (uint32_t i = 0; i < snap->service_count; i++)
		offer_sites(tally, snap, i);
	most_sort(&tally->most);
	report->sites.items = tally->sites;
	report->sites.count = (unsigned)tally->most.count;
	for (unsigned i = 0; i < report->sites.count; i++) {
		const struct most_item *from = &tally->most.items[i];
		const struct snapshot_service *service =
			&snap->services[from->major];
		const struct snapshot_site *site = &service->sites[from->minor];
		struct report_site *to = &tally->sites[i];

		copy_name(to->service, service->name);
		copy_name(to->region, site->region);
		copy_name(to->zone, site->zone);
		to->per_s = from->per_s;
	}
}

/* A site's first choices fall to its nodes by their weights. */
static void offer_nodes(struct report_tally *tally, const struct snapshot *snap,
			uint32_t index)
{
	const struct snapshot_service *service = &snap->services[index];
	double part = own_part(snap, service);

	for (uint32_t i = 0; i < service->node_count; i++) {
		const struct snapshot_node *node = &service->nodes[i];
		const struct most_item item = {
			.per_s = node->weight * part *
				 service->sites[node->site].admitted_per_s,
			.major = index,
			.minor = i};

		if (item.per_s > 0)
			most_offer(&tally->most, &item);
	}
}

static void take_nodes(struct report_tally *tally, const struct snapshot *snap,
		       struct report *report)
{
	most_begin(&tally->most, REPORT_NODES_MAX);
	for (uint32_t i = 0; i < snap->service_count; i++)
		offer_nodes(tally, snap, i);
	most_sort(&tally->most);
	report->nodes.items = tally->nodes;
	report->nodes.count = (unsigned)tally->most.count;
	for (unsigned i = 0; i < report->nodes.count; i++) {
		const struct most_item *from = &tally->most.items[i];

		copy_name(tally->nodes[i].id, snap->services[from->major]
						      .nodes[from->minor]
						      .card->record.id);
		tally->nodes[i].per_s = from->per_s;
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
	report->spill_total = BALANCER_SUM(app, spill);
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
	take_nodes(tally, snap, report);
}

static void take_map(struct report_tally *tally, const struct balancer *app,
		     const struct view *view, double dt_s,
		     struct report *report)
{
	const struct cellmap_stats *stats = cellmap_stats(view->map->map);
	struct flow_source source = {
		.demand = app->demand,
		.snapshot = view->snapshot,
		.dt_s = dt_s,
	};

	source.cells = cellmap_cells(view->map->map, &source.cell_count);
	flow_tally_take(tally->flows, &source, report);
	report->geo.databases = view->map->databases;
	report->geo.rows = stats->ipv4_networks + stats->ipv6_networks;
	report->geo.database_wall_s = stats->database_wall_s;
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
	take_map(tally, app, view, dt_s, report);
	tally->queries_total = report->queries_total;
	tally->taken_at_ms = now_ms;
}

const struct flow_distances *
report_tally_distances(const struct report_tally *tally)
{
	return flow_tally_distances(tally->flows);
}
