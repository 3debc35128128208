/*
 * registry_metrics.c - the registry's metrics. Labels are region ids, which
 * were checked when they came in, and constants. Loop thread.
 */
#include "registry/registry_metrics.h"

#include "registry/fleet_metrics.h"
#include "registry/registry.h"
#include "registry/relay.h"

static struct registry *registry_of(void *arg)
{
	return arg;
}

/* One sample with one label. */
static void sample(struct metrics_writer *w, const char *label,
		   const char *value, uint64_t count)
{
	char storage[128];
	struct buf labels;

	buf_init_fixed(&labels, storage, sizeof(storage));
	buf_printf(&labels, "%s=\"%s\"", label, value);
	metrics_sample_u64(w, buf_cstr(&labels), count);
}

static void collect_nodes(struct metrics_writer *w, void *arg)
{
	const struct lease_table *leases = registry_of(arg)->leases;

	sample(w, "state", "up", lease_count_in(leases, NODE_UP));
	sample(w, "state", "suspect", lease_count_in(leases, NODE_SUSPECT));
	sample(w, "state", "down", lease_count_in(leases, NODE_DOWN));
}

static void collect_registrations(struct metrics_writer *w, void *arg)
{
	const struct lease_counters *c =
		lease_counters(registry_of(arg)->leases);

	sample(w, "kind", "new", c->registered);
	sample(w, "kind", "changed", c->changed);
	sample(w, "kind", "same", c->same);
}

static void collect_renewals(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   lease_counters(registry_of(arg)->leases)->renewals);
}

static void collect_transitions(struct metrics_writer *w, void *arg)
{
	const struct lease_counters *c =
		lease_counters(registry_of(arg)->leases);

	sample(w, "to", "suspect", c->suspected);
	sample(w, "to", "down", c->expired);
	sample(w, "to", "up", c->revived);
	sample(w, "to", "forgotten", c->forgotten);
	sample(w, "to", "left", c->left);
}

static void collect_balancers(struct metrics_writer *w, void *arg)
{
	int count = balancer_table_count(registry_of(arg)->balancers);

	if (count >= 0)
		metrics_sample_u64(w, "", (uint64_t)count);
}

static void collect_balancer_reports(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", registry_of(arg)->balancer_reports);
}

static void collect_pauses(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   lease_counters(registry_of(arg)->leases)->pauses);
}

static void collect_refused(struct metrics_writer *w, void *arg)
{
	const struct refusal_counters *c = &registry_of(arg)->refusals;

	for (unsigned i = 0; i < REFUSAL_COUNT; i++)
		sample(w, "reason", refusal_name((enum refusal)i),
		       c->by_reason[i]);
}

static void collect_revision(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", feed_hub_rev(registry_of(arg)->hub));
}

static void collect_watchers(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   feed_hub_counters(registry_of(arg)->hub)->watchers);
}

static void collect_watches(struct metrics_writer *w, void *arg)
{
	const struct feed_hub_counters *c =
		feed_hub_counters(registry_of(arg)->hub);

	sample(w, "start", "full", c->watchers_total - c->resumed - c->reset);
	sample(w, "start", "resumed", c->resumed);
	sample(w, "start", "reset", c->reset);
}

static void collect_watch_trouble(struct metrics_writer *w, void *arg)
{
	const struct feed_hub_counters *c =
		feed_hub_counters(registry_of(arg)->hub);

	sample(w, "kind", "closed_slow", c->closed_slow);
	sample(w, "kind", "lagged", c->lagged);
}

static void collect_feed_lines(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   feed_hub_counters(registry_of(arg)->hub)->lines);
}

static void collect_feed_bytes(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   feed_hub_counters(registry_of(arg)->hub)->bytes);
}

static void collect_intents(struct metrics_writer *w, void *arg)
{
	const struct override_table *overrides = registry_of(arg)->overrides;
	char storage[64];
	struct buf labels;

	for (enum intent_scope scope = INTENT_NODE; scope <= INTENT_REGION;
	     scope++) {
		for (enum intent_state state = INTENT_UP;
		     state <= INTENT_MAINTENANCE; state++) {
			buf_init_fixed(&labels, storage, sizeof(storage));
			buf_printf(&labels, "scope=\"%s\",state=\"%s\"",
				   intent_scope_str(scope),
				   intent_state_str(state));
			metrics_sample_u64(
				w, buf_cstr(&labels),
				override_count_in(overrides, scope, state));
		}
	}
}

static void collect_intent_changes(struct metrics_writer *w, void *arg)
{
	const struct intent_keeper_counters *c =
		intent_keeper_counters(registry_of(arg)->intents);

	sample(w, "action", "put", c->put);
	sample(w, "action", "release", c->released);
	sample(w, "action", "expire", c->expired);
}

static void collect_store_up(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", store_counters(registry_of(arg)->store)->up);
}

static void collect_store_probes(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   store_counters(registry_of(arg)->store)->probes);
}

static void collect_store_queue(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   store_counters(registry_of(arg)->store)->queued);
}

static void collect_store_changes(struct metrics_writer *w, void *arg)
{
	const struct store_counters *c =
		store_counters(registry_of(arg)->store);

	sample(w, "result", "ok", c->ok);
	sample(w, "result", "failed", c->failed);
	sample(w, "result", "refused", c->refused);
}

static void collect_store_transactions(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(
		w, "", store_counters(registry_of(arg)->store)->transactions);
}

static void collect_store_unreadable(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   store_counters(registry_of(arg)->store)->unreadable);
}

static void collect_store_latency(struct metrics_writer *w, void *arg)
{
	metrics_sample_histogram(
		w, "", &store_counters(registry_of(arg)->store)->latency);
}

static void collect_events(struct metrics_writer *w, void *arg)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++)
		sample(w, "kind", event_kind_str((enum event_kind)i),
		       event_log_total(registry_of(arg)->events,
				       (enum event_kind)i));
}

static const struct history_keeper_counters *history_of(void *arg)
{
	return history_keeper_counters(registry_of(arg)->history);
}

static void collect_history_up(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", history_of(arg)->up);
}

static void collect_history_batches(struct metrics_writer *w, void *arg)
{
	sample(w, "result", "ok", history_of(arg)->written);
	sample(w, "result", "failed", history_of(arg)->failed);
}

static void collect_history_lost(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", history_of(arg)->lost_frames);
}

static void collect_history_damaged(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", history_of(arg)->damaged);
}

static void collect_history_duration(struct metrics_writer *w, void *arg)
{
	metrics_sample_histogram(w, "", &history_of(arg)->look);
}

static void collect_history_left_out(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "",
			   history_source_left_out(history_keeper_source(
				   registry_of(arg)->history)));
}

static void collect_history_bytes(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(
		w, "",
		history_bytes(history_source_history(
			history_keeper_source(registry_of(arg)->history))));
}

static void collect_viewers(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(
		w, "", viewer_hub_counters(registry_of(arg)->viewers)->viewers);
}

static void collect_viewer_bytes(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(
		w, "", viewer_hub_counters(registry_of(arg)->viewers)->bytes);
}

static void collect_viewer_starts(struct metrics_writer *w, void *arg)
{
	const struct viewer_hub_counters *c =
		viewer_hub_counters(registry_of(arg)->viewers);

	sample(w, "kind", "begun", c->viewers_total);
	sample(w, "kind", "resumed", c->resumed);
	sample(w, "kind", "reset", c->resets);
	sample(w, "kind", "refused", c->refused);
}

static void collect_sessions(struct metrics_writer *w, void *arg)
{
	const struct registry *r = arg;

	metrics_sample_u64(
		w, "", access_sessions(r->access, loop_now_ms(r->ctx->loop)));
}

static void collect_logins(struct metrics_writer *w, void *arg)
{
	const struct access_counters *c =
		access_counters(registry_of(arg)->access);

	sample(w, "result", "ok", c->logins);
	sample(w, "result", "refused", c->bad_logins);
	sample(w, "result", "bad_bearer", c->bad_bearers);
	sample(w, "result", "barred", c->barred);
}

static void collect_relayed(struct metrics_writer *w, void *arg)
{
	const struct relay_counters *c =
		relay_counters(registry_of(arg)->relay);

	sample(w, "result", "answered", c->answered);
	sample(w, "result", "failed", c->failed);
}

static const struct metrics_row rows[] = {
	{"peri_registry_nodes", METRICS_GAUGE, "Leases by state.", "state",
	 collect_nodes},
	{"peri_registry_registrations_total", METRICS_COUNTER,
	 "Accepted registrations.", "kind", collect_registrations},
	{"peri_registry_renewals_total", METRICS_COUNTER, "Accepted renewals.",
	 "", collect_renewals},
	{"peri_registry_transitions_total", METRICS_COUNTER,
	 "Leases that changed state: down is an expiry.", "to",
	 collect_transitions},
	{"peri_registry_pauses_total", METRICS_COUNTER,
	 "Times when the registry was deaf for over a second, so that all "
	 "leases got a full TTL again.",
	 "", collect_pauses},
	{"peri_registry_refused_total", METRICS_COUNTER,
	 "Refused requests; the reason is the problem type of the answer.",
	 "reason", collect_refused},
	{"peri_registry_balancers", METRICS_GAUGE,
	 "Balancers that reported within 5 s; none in the first 5 s.", "",
	 collect_balancers},
	{"peri_registry_balancer_reports_total", METRICS_COUNTER,
	 "Accepted reports of balancers.", "", collect_balancer_reports},
	{"peri_registry_feed_revision", METRICS_GAUGE,
	 "Revision of the change stream.", "", collect_revision},
	{"peri_registry_watchers", METRICS_GAUGE, "Open watch streams.", "",
	 collect_watchers},
	{"peri_registry_watches_total", METRICS_COUNTER,
	 "Watch streams by how they began.", "start", collect_watches},
	{"peri_registry_watch_trouble_total", METRICS_COUNTER,
	 "Watchers that fell behind, or were closed because they do not read.",
	 "kind", collect_watch_trouble},
	{"peri_registry_feed_lines_total", METRICS_COUNTER,
	 "Lines sent to watchers.", "", collect_feed_lines},
	{"peri_registry_feed_bytes_total", METRICS_COUNTER,
	 "Bytes sent to watchers.", "", collect_feed_bytes},
	{"peri_registry_intents", METRICS_GAUGE,
	 "Intents of operators in force.", "scope, state", collect_intents},
	{"peri_registry_intent_changes_total", METRICS_COUNTER,
	 "Changes of intents that took effect.", "action",
	 collect_intent_changes},
	{"peri_registry_store_up", METRICS_GAUGE,
	 "1 when the last write to the store succeeded.", "", collect_store_up},
	{"peri_registry_store_probes_total", METRICS_COUNTER,
	 "Small writes to see whether a store that fails is back.", "",
	 collect_store_probes},
	{"peri_registry_store_queue", METRICS_GAUGE,
	 "Changes that wait to be durable.", "", collect_store_queue},
	{"peri_registry_store_changes_total", METRICS_COUNTER,
	 "Changes given to the store.", "result", collect_store_changes},
	{"peri_registry_store_transactions_total", METRICS_COUNTER,
	 "Transactions of the store.", "", collect_store_transactions},
	{"peri_registry_store_unreadable_total", METRICS_COUNTER,
	 "Stored entries that could not be decoded at the start.", "",
	 collect_store_unreadable},
	{"peri_registry_store_latency_seconds", METRICS_HISTOGRAM,
	 "From a change until it is durable.", "", collect_store_latency},
	{"peri_registry_events_total", METRICS_COUNTER,
	 "Events of the log since the start.", "kind", collect_events},
	{"peri_registry_history_up", METRICS_GAUGE,
	 "1 when the history's file takes what is new.", "",
	 collect_history_up},
	{"peri_registry_history_batches_total", METRICS_COUNTER,
	 "Batches for the history's file.", "result", collect_history_batches},
	{"peri_registry_history_lost_moments_total", METRICS_COUNTER,
	 "Moments that the history's file did not take: they are in memory "
	 "only.",
	 "", collect_history_lost},
	{"peri_registry_history_damaged_total", METRICS_COUNTER,
	 "Damaged history files that were put aside.", "",
	 collect_history_damaged},
	{"peri_registry_history_moment_seconds", METRICS_HISTOGRAM,
	 "Time of the main loop that a moment of the history takes, each 5 s.",
	 "", collect_history_duration},
	{"peri_registry_history_nodes_left_out", METRICS_GAUGE,
	 "Nodes without a history, for the limit history_nodes.", "",
	 collect_history_left_out},
	{"peri_registry_history_bytes", METRICS_GAUGE, "Memory of the history.",
	 "", collect_history_bytes},
	{"peri_registry_viewers", METRICS_GAUGE,
	 "Open streams of the dashboard.", "", collect_viewers},
	{"peri_registry_viewer_bytes_total", METRICS_COUNTER,
	 "Bytes of events sent to them.", "", collect_viewer_bytes},
	{"peri_registry_viewer_streams_total", METRICS_COUNTER,
	 "Streams of the dashboard: begun, resumed where they had ended, told "
	 "to "
	 "read everything again, refused.",
	 "kind", collect_viewer_starts},
	{"peri_registry_sessions", METRICS_GAUGE,
	 "Browsers that are logged in.", "", collect_sessions},
	{"peri_registry_logins_total", METRICS_COUNTER,
	 "Log-ins with a token or code, wrong bearer tokens, and what was not "
	 "looked at because its address had failed too often.",
	 "result", collect_logins},
	{"peri_registry_relayed_total", METRICS_COUNTER,
	 "Questions that a balancer was asked for the dashboard.", "result",
	 collect_relayed},
	{"peri_region_nodes", METRICS_GAUGE, "Nodes by region and state.",
	 "region, state", fleet_metrics_region_nodes},
	{"peri_region_nodes_excused", METRICS_GAUGE,
	 "Nodes that are down and in maintenance: no alarm. Only while "
	 "something is in maintenance.",
	 "region", fleet_metrics_region_excused},
	{"peri_region_connections", METRICS_GAUGE,
	 "Connections of a region's nodes that are not down.", "region",
	 fleet_metrics_region_conns},
	{"peri_region_capacity", METRICS_GAUGE,
	 "Capacity of a region's nodes that are not down.", "region",
	 fleet_metrics_region_capacity},
	{"peri_region_utilisation_ratio", METRICS_GAUGE,
	 "Connections over capacity of a region.", "region",
	 fleet_metrics_region_utilisation},
	{"peri_region_weight", METRICS_GAUGE,
	 "Sum of the weights that a region's nodes report, if not down.",
	 "region", fleet_metrics_region_weight},
	{"peri_node_up", METRICS_GAUGE,
	 "1 when the node's lease is held. Rows of nodes are those of the "
	 "first "
	 "metrics_nodes ids.",
	 "region, node", fleet_metrics_node_up},
	{"peri_node_connections", METRICS_GAUGE,
	 "Connections that the node reported last.", "region, node",
	 fleet_metrics_node_conns},
	{"peri_node_capacity", METRICS_GAUGE, "Connections it can hold.",
	 "region, node", fleet_metrics_node_capacity},
	{"peri_node_utilisation_ratio", METRICS_GAUGE,
	 "Connections over capacity of a node.", "region, node",
	 fleet_metrics_node_utilisation},
	{"peri_node_weight", METRICS_GAUGE,
	 "Weight in force: the operator's, else the node's; 0 when it takes no "
	 "new clients.",
	 "region, node", fleet_metrics_node_weight},
	{"peri_node_series_left_out", METRICS_GAUGE,
	 "Nodes without rows of their own, for the limit metrics_nodes.", "",
	 fleet_metrics_nodes_left_out},
};

static const struct metrics_table table = {rows, ARRAY_LEN(rows)};

const struct metrics_table *registry_metrics_table(void)
{
	return &table;
}
