/*
 * balancer_metrics.c - adds up what workers and builder counted, when somebody
 * asks for /metrics. Main thread; relaxed reads of other threads' counters.
 */
#include "balancer/balancer_metrics.h"

#include "balancer/balancer.h"
#include "lib/base/clk.h"
#include "lib/base/num.h"

#define LABEL_BYTES 96

/* name="value" with a constant of ours; @room holds LABEL_BYTES. */
static const char *label(char *room, const char *name, const char *value)
{
	struct buf b;

	buf_init_fixed(&b, room, LABEL_BYTES);
	buf_str(&b, name);
	buf_str(&b, "=\"");
	buf_str(&b, value);
	buf_char(&b, '"');
	return buf_cstr(&b);
}

/* ---- queries ---- */

static void collect_requests(struct metrics_writer *w, void *arg)
{
	char room[LABEL_BYTES];
	uint64_t refused = 0;

	for (unsigned i = 0; i < RESOLVE_RESULT_COUNT; i++)
		metrics_sample_u64(w,
				   label(room, "result", resolve_result_str(i)),
				   BALANCER_SUM_AT(arg, results, i));
	for (unsigned i = 1; i < QUERY_REFUSAL_COUNT; i++)
		refused += BALANCER_SUM_AT(arg, refusals, i);
	metrics_sample_u64(w, "result=\"refused\"", refused);
}

static void collect_refusals(struct metrics_writer *w, void *arg)
{
	char room[LABEL_BYTES];

	for (unsigned i = 1; i < QUERY_REFUSAL_COUNT; i++)
		metrics_sample_u64(
			w, label(room, "reason", query_refusal_row(i)->label),
			BALANCER_SUM_AT(arg, refusals, i));
}

static void collect_ranks(struct metrics_writer *w, void *arg)
{
	static const char *const names[SNAPSHOT_CANDIDATES] = {"0", "1", "2",
							       "3", "4", "5"};
	char room[LABEL_BYTES];

	for (unsigned i = 0; i < SNAPSHOT_CANDIDATES; i++)
		metrics_sample_u64(w, label(room, "rank", names[i]),
				   BALANCER_SUM_AT(arg, first_rank, i));
}

static void collect_spill(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", BALANCER_SUM(arg, spill));
}

static void collect_sources(struct metrics_writer *w, void *arg)
{
	char room[LABEL_BYTES];

	for (unsigned i = 0; i < 4; i++)
		metrics_sample_u64(w,
				   label(room, "source", cellmap_source_str(i)),
				   BALANCER_SUM_AT(arg, source, i));
}

static void collect_panics(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", BALANCER_SUM(arg, panics));
}

static void collect_failed(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", BALANCER_SUM(arg, failed_reports));
}

static void collect_lost(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	uint64_t lost = 0;

	for (unsigned i = 0; i < app->worker_count; i++)
		lost += counter_get(&app->reports[i].lost);
	metrics_sample_u64(w, "", lost);
}

static void collect_shared(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", BALANCER_SUM(arg, shared));
}

static void collect_duration(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	struct metrics_histogram sum = {.count = 0};

	for (unsigned i = 0; i < app->worker_count; i++)
		metrics_histogram_add(
			&sum,
			&query_worker_counters(app->workers[i])->duration);
	metrics_sample_histogram(w, "", &sum);
}

/* ---- snapshot ---- */

static void collect_nodes(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view && view->snapshot) {
		metrics_sample_u64(w, "state=\"up\"", view->snapshot->nodes_up);
		metrics_sample_u64(w, "state=\"suspect\"",
				   view->snapshot->nodes_suspect);
		metrics_sample_u64(w, "state=\"down\"",
				   view->snapshot->nodes_down);
	}
	view_unref(&view);
}

/* Nodes that are given to nobody new, by the reason that explain shows. */
static void collect_excluded(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);
	const struct snapshot *snap = view ? view->snapshot : NULL;
	uint64_t counts[WHY_COUNT] = {0};
	char room[LABEL_BYTES];

	for (uint32_t i = 0; snap && i < snap->service_count; i++)
		for (uint32_t n = 0; n < snap->services[i].node_count; n++)
			if (snap->services[i].nodes[n].tier != TIER_OPEN)
				counts[snap->services[i].nodes[n].why]++;
	for (unsigned why = WHY_EXPIRED; why <= WHY_MAINTENANCE; why++)
		metrics_sample_u64(w,
				   label(room, "reason", snapshot_why_str(why)),
				   counts[why]);
	view_unref(&view);
}

static void collect_intents(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	char room[LABEL_BYTES];

	for (unsigned i = INTENT_NODE; i <= INTENT_REGION; i++)
		metrics_sample_u64(w, label(room, "scope", intent_scope_str(i)),
				   counter_get(&app->counters.intents[i]));
}

static void collect_distance(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	const struct flow_distances *d = &app->reported.distances;
	double bounds_m[FLOW_TALLY_KM_BOUNDS];

	for (unsigned i = 0; i < FLOW_TALLY_KM_BOUNDS; i++)
		bounds_m[i] = flow_tally_bound_km(i) * 1000.0;
	metrics_sample_buckets(w, bounds_m, d->within, FLOW_TALLY_KM_BOUNDS,
			       d->km_sum * 1000);
}

static void collect_suspects(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);
	const struct snapshot *snap = view ? view->snapshot : NULL;
	uint64_t count = 0;

	for (uint32_t i = 0; snap && i < snap->service_count; i++)
		count += snap->services[i].by_clients_count;
	metrics_sample_u64(w, "", count);
	view_unref(&view);
}

static void collect_number(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view && view->snapshot)
		metrics_sample_u64(w, "", view->snapshot->number);
	view_unref(&view);
}

static void collect_age(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view && view->snapshot)
		metrics_sample_real(
			w, "",
			(double)(clk_mono_ms() - view->snapshot->built_at_ms) /
				1000);
	view_unref(&view);
}

static void collect_tau(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view && view->snapshot)
		metrics_sample_real(w, "", view->snapshot->session_tau_s);
	view_unref(&view);
}

static void collect_replicas(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view && view->snapshot)
		metrics_sample_u64(w, "", view->snapshot->replica_count);
	view_unref(&view);
}

static void collect_reports(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;

	metrics_sample_u64(w, "result=\"ok\"", app->reported.ok);
	metrics_sample_u64(w, "result=\"failed\"", app->reported.failed);
	metrics_sample_u64(w, "result=\"skipped\"", app->reported.skipped);
}

static void collect_explains_refused(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;

	metrics_sample_u64(w, "", app->explains_refused);
}

static void collect_kappa(struct metrics_writer *w, void *arg)
{
	char room[LABEL_BYTES];
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);
	const struct snapshot *snap = view ? view->snapshot : NULL;

	for (unsigned i = 0; snap && i < snap->service_count; i++)
		metrics_sample_real(
			w, label(room, "service", snap->services[i].name),
			snap->services[i].kappa);
	view_unref(&view);
}

static void collect_build_seconds(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;

	metrics_sample_real(w, "",
			    (double)counter_get(&app->counters.build_us_total) /
				    1e6);
}

static void collect_last_build(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;

	metrics_sample_real(
		w, "", (double)counter_get(&app->counters.build_us_last) / 1e6);
}

static void collect_geo_databases(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view)
		metrics_sample_u64(w, "", view->map->databases);
	view_unref(&view);
}

static void collect_merged_cells(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);

	if (view)
		metrics_sample_u64(w, "",
				   cellmap_stats(view->map->map)->merged_cells);
	view_unref(&view);
}

static void collect_geo_age(struct metrics_writer *w, void *arg)
{
	struct balancer *app = arg;
	struct view *view = view_shelf_take_newest(app->shelf);
	int64_t built_wall_s =
		view ? cellmap_stats(view->map->map)->database_wall_s : 0;

	if (built_wall_s > 0)
		metrics_sample_real(
			w, "",
			(double)(clk_wall_ms() - built_wall_s * 1000) / 1000);
	view_unref(&view);
}

/* ---- single counters of the builder ---- */

#define COLLECT(name, member)                                                  \
	static void collect_##name(struct metrics_writer *w, void *arg)        \
	{                                                                      \
		const struct balancer *app = arg;                              \
                                                                               \
		metrics_sample_u64(w, "", counter_get(&app->counters.member)); \
	}
COLLECT(builds, builds)
COLLECT(held, publish_held)
COLLECT(past, past_snapshots)
COLLECT(past_bytes, past_bytes)
COLLECT(state_refused, state_refused)
COLLECT(dropped, fleet_dropped)
COLLECT(reports_unknown, reports_unknown)
COLLECT(doubts, doubts)
COLLECT(sync_lines, sync.lines)
COLLECT(sync_bad_lines, sync.bad_lines)
COLLECT(sync_opens, sync.opens)
COLLECT(sync_failures, sync.failures)
COLLECT(sync_resets, sync.resets)
COLLECT(sync_held_back, sync.held_back)
COLLECT(sync_revision, sync.revision)
COLLECT(saves, chores.saves)
COLLECT(save_errors, chores.save_errors)
COLLECT(maps, chores.maps_loaded)
COLLECT(map_errors, chores.map_errors)

static void collect_sync_state(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	enum sync_state now =
		(enum sync_state)counter_get(&app->counters.sync.state);
	char room[LABEL_BYTES];

	for (unsigned i = SYNC_WAITING; i <= SYNC_FOLLOWING; i++)
		metrics_sample_u64(w, label(room, "state", sync_state_str(i)),
				   i == now);
}

static void collect_heard(struct metrics_writer *w, void *arg)
{
	const struct balancer *app = arg;
	int64_t at_ms = (int64_t)counter_get(&app->counters.heard_at_ms);

	if (at_ms > 0)
		metrics_sample_real(w, "",
				    (double)(clk_mono_ms() - at_ms) / 1000);
}

static const struct metrics_row rows[] = {
	{"peri_resolve_requests_total", METRICS_COUNTER,
	 "Answers to clients by what they held.", "result", collect_requests},
	{"peri_resolve_refusals_total", METRICS_COUNTER,
	 "Requests of clients that were refused.", "reason", collect_refusals},
	{"peri_resolve_duration_seconds", METRICS_HISTOGRAM,
	 "Time from a parsed request to its answer, 1 of 64 requests.", "",
	 collect_duration},
	{"peri_resolve_first_choice_total", METRICS_COUNTER,
	 "First nodes of answers by their site's place in the order of cost.",
	 "rank", collect_ranks},
	{"peri_resolve_spill_total", METRICS_COUNTER,
	 "Answers whose first node is in a site that costs more than the "
	 "cheapest, whatever state that is in; a region's zones cost the same.",
	 "", collect_spill},
	{"peri_resolve_distance_meters", METRICS_HISTOGRAM,
	 "Distance from the client's cell to its first choice, as the shares "
	 "in force split the cell's clients; up to the last report.",
	 "", collect_distance},
	{"peri_resolve_places_total", METRICS_COUNTER,
	 "Queries by where the client's place came from; none is a miss.",
	 "source", collect_sources},
	{"peri_resolve_panic_total", METRICS_COUNTER,
	 "Answers flagged panic: every node in reach was full.", "",
	 collect_panics},
	{"peri_resolve_failed_reports_total", METRICS_COUNTER,
	 "Addresses that clients reported as failed.", "", collect_failed},
	{"peri_resolve_failed_reports_lost_total", METRICS_COUNTER,
	 "Such reports that came faster than they could be read.", "",
	 collect_lost},
	{"peri_balancer_failed_reports_unknown_total", METRICS_COUNTER,
	 "Such reports of addresses that no node of the service has.", "",
	 collect_reports_unknown},
	{"peri_balancer_doubts_total", METRICS_COUNTER,
	 "Times that clients' reports made a node doubted.", "",
	 collect_doubts},
	{"peri_balancer_nodes_suspect_by_clients", METRICS_GAUGE,
	 "Nodes given last because of what clients report.", "",
	 collect_suspects},
	{"peri_resolve_shared_draws_total", METRICS_COUNTER,
	 "Answers to clients without a device id with the draw of another.", "",
	 collect_shared},
	{"peri_balancer_nodes", METRICS_GAUGE, "Nodes in the snapshot.",
	 "state", collect_nodes},
	{"peri_balancer_nodes_excluded", METRICS_GAUGE,
	 "Nodes that are given to nobody new.", "reason", collect_excluded},
	{"peri_balancer_intents", METRICS_GAUGE,
	 "Operators' intents that are followed.", "scope", collect_intents},
	{"peri_balancer_snapshot_number", METRICS_GAUGE,
	 "Number of the snapshot in force; begins anywhere with each process.",
	 "", collect_number},
	{"peri_balancer_snapshot_age_seconds", METRICS_GAUGE,
	 "Age of the snapshot in force.", "", collect_age},
	{"peri_balancer_session_tau_seconds", METRICS_GAUGE,
	 "Mean session of a connection, from the nodes' reports.", "",
	 collect_tau},
	{"peri_balancer_replicas", METRICS_GAUGE,
	 "Live balancers that demand is multiplied by (R).", "",
	 collect_replicas},
	{"peri_balancer_reports_total", METRICS_COUNTER,
	 "Reports to the registry; skipped: the one before hung.", "result",
	 collect_reports},
	{"peri_balancer_kappa", METRICS_GAUGE,
	 "Accepted over predicted connections: what demand is multiplied by.",
	 "service", collect_kappa},
	{"peri_balancer_snapshot_build_seconds", METRICS_GAUGE,
	 "How long the last snapshot took.", "", collect_last_build},
	{"peri_balancer_snapshot_build_seconds_total", METRICS_COUNTER,
	 "Time spent building snapshots.", "", collect_build_seconds},
	{"peri_balancer_snapshots_total", METRICS_COUNTER, "Snapshots built.",
	 "", collect_builds},
	{"peri_balancer_views_retired", METRICS_GAUGE,
	 "Replaced views that a worker may still read.", "", collect_held},
	{"peri_balancer_past_snapshots", METRICS_GAUGE,
	 "Past snapshots that explain can still read.", "", collect_past},
	{"peri_balancer_past_snapshots_bytes", METRICS_GAUGE,
	 "Memory of the past snapshots.", "", collect_past_bytes},
	{"peri_balancer_explains_refused_total", METRICS_COUNTER,
	 "What-ifs, previews and explanations of past snapshots refused "
	 "because too many waited.",
	 "", collect_explains_refused},
	{"peri_balancer_nodes_dropped_total", METRICS_COUNTER,
	 "Nodes, regions and intents ignored for the limits.", "",
	 collect_dropped},
	{"peri_balancer_sync_state", METRICS_GAUGE,
	 "1 for the state of the registry's stream.", "state",
	 collect_sync_state},
	{"peri_balancer_sync_age_seconds", METRICS_GAUGE,
	 "Since the registry was last heard.", "", collect_heard},
	{"peri_balancer_sync_revision", METRICS_GAUGE,
	 "Revision of the registry's feed.", "", collect_sync_revision},
	{"peri_balancer_sync_lines_total", METRICS_COUNTER,
	 "Lines of the registry's stream.", "", collect_sync_lines},
	{"peri_balancer_sync_bad_lines_total", METRICS_COUNTER,
	 "Lines that were refused; each ends its stream.", "",
	 collect_sync_bad_lines},
	{"peri_balancer_sync_opens_total", METRICS_COUNTER,
	 "Streams that a registry opened.", "", collect_sync_opens},
	{"peri_balancer_sync_failures_total", METRICS_COUNTER,
	 "Streams that ended or never opened.", "", collect_sync_failures},
	{"peri_balancer_sync_resets_total", METRICS_COUNTER,
	 "Whole states sent anew by the registry.", "", collect_sync_resets},
	{"peri_balancer_sync_held_back_total", METRICS_COUNTER,
	 "Whole states that lacked most nodes and took effect late.", "",
	 collect_sync_held_back},
	{"peri_balancer_state_refused_total", METRICS_COUNTER,
	 "Saved states that were refused.", "", collect_state_refused},
	{"peri_balancer_state_saves_total", METRICS_COUNTER, "States saved.",
	 "", collect_saves},
	{"peri_balancer_state_save_errors_total", METRICS_COUNTER,
	 "States that could not be saved.", "", collect_save_errors},
	{"peri_balancer_geo_databases", METRICS_GAUGE,
	 "City databases in the map in force.", "", collect_geo_databases},
	{"peri_balancer_geo_database_age_seconds", METRICS_GAUGE,
	 "Since the oldest database of the map in force was made; absent "
	 "without one.",
	 "", collect_geo_age},
	{"peri_balancer_geo_merged_cells", METRICS_GAUGE,
	 "Cells of carriers and overrides that the map in force gave up for "
	 "the limit of 65,535.",
	 "", collect_merged_cells},
	{"peri_balancer_geo_loads_total", METRICS_COUNTER, "Maps compiled.", "",
	 collect_maps},
	{"peri_balancer_geo_errors_total", METRICS_COUNTER,
	 "Maps that could not be compiled; the old one stayed.", "",
	 collect_map_errors},
};

const struct metrics_table *balancer_metrics_table(void)
{
	static const struct metrics_table table = {rows, ARRAY_LEN(rows)};

	return &table;
}
