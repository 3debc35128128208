/*
 * picture_put.c - see the header. Pure.
 */
#include "registry/picture_put.h"

#include <time.h>

#include "lib/svc/service.h"
#include "registry/intent_tag.h"

/* Null when it is not known. */
static void put_real(struct jsonw *w, const char *key, double value,
		     unsigned decimals, bool is_known)
{
	if (is_known)
		jsonw_fixed(w, key, value, decimals);
	else
		jsonw_null(w, key);
}

static void put_share(struct jsonw *w, const char *key, double part, double all)
{
	put_real(w, key, all > 0 ? part / all : 0, 4, all > 0);
}

static void put_intent(struct jsonw *w, const struct override *entry)
{
	if (!entry) {
		jsonw_null(w, "intent");
		return;
	}
	jsonw_object(w, "intent");
	intent_put(w, &entry->intent);
	jsonw_object_end(w);
}

/* ---- registry, status ---- */

static void put_registry(struct jsonw *w,
			 const struct picture_registry *registry)
{
	const struct store_counters *store = registry->store;
	const struct metrics_histogram *latency = &store->latency;

	jsonw_object(w, "registry");
	jsonw_str(w, "version", SERVICE_VERSION);
	jsonw_i64(w, "uptime_s", registry->uptime_s);
	jsonw_str(w, "address", registry->address);
	jsonw_object(w, "store");
	jsonw_str(w, "kind", "sqlite");
	jsonw_bool(w, "up", store->up);
	put_real(w, "latency_ms", metrics_quantile_us(latency, 0.5) / 1000, 3,
		 latency->count > 0);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static void put_status(struct jsonw *w, const struct picture *picture)
{
	const struct report_sum *sum = picture->source.sum;
	bool told = sum->balancers > 0;

	jsonw_object(w, "status");
	jsonw_u64(w, "nodes", picture->sum.nodes);
	jsonw_u64(w, "ready", picture->sum.ready);
	jsonw_u64(w, "draining", picture->sum.draining);
	jsonw_u64(w, "suspect", picture->sum.suspect);
	jsonw_u64(w, "down", picture->sum.down);
	jsonw_u64(w, "conns", picture->sum.conns);
	jsonw_u64(w, "capacity", picture->sum.capacity);
	put_real(w, "resolves_per_s", sum->queries_per_s, 2, told);
	put_real(w, "p99_us", sum->p99_us, 1, sum->p99_us >= 0);
	put_share(w, "nearest_share", sum->nearest_per_s, sum->placed_per_s);
	put_share(w, "geo_miss_share", sum->misses_per_s, sum->demand_per_s);
	put_real(w, "panic_per_s", sum->panic_per_s, 2, told);
	jsonw_u64(w, "balancers", sum->balancers);
	jsonw_object_end(w);
}

void picture_put_head(struct jsonw *w, const struct picture *picture,
		      const struct picture_registry *registry)
{
	put_registry(w, registry);
	put_status(w, picture);
}

/* ---- intents ---- */

void picture_put_intent(struct jsonw *w, const struct override *entry)
{
	jsonw_object(w, NULL);
	intent_put(w, &entry->intent);
	intent_tag_put_member(w, &entry->intent);
	jsonw_object_end(w);
}

void picture_put_intents(struct jsonw *w,
			 const struct override_table *overrides)
{
	const struct override *entry = NULL;

	jsonw_array(w, "intents");
	while ((entry = override_next(overrides, entry)) != NULL)
		picture_put_intent(w, entry);
	jsonw_array_end(w);
}

/* ---- regions ---- */

static void put_place(struct jsonw *w, double lat_deg, double lon_deg,
		      bool is_known)
{
	put_real(w, "lat", lat_deg, 4, is_known);
	put_real(w, "lon", lon_deg, 4, is_known);
}

static void put_region(struct jsonw *w, const struct picture *picture,
		       const struct picture_region *region)
{
	const struct report_sum *sum = picture->source.sum;
	const struct report_sum_region *told =
		report_sum_find_region(sum, region->id);
	const struct feed_region *feed = region->feed;
	const struct override *entry = override_find(
		picture->source.overrides, INTENT_REGION, sv_str(region->id));
	double bias_km = feed ? feed->bias_km : 0;

	if (entry && entry->intent.has_bias)
		bias_km = entry->intent.bias_km;
	jsonw_object(w, NULL);
	jsonw_str(w, "id", region->id);
	jsonw_str(w, "title", feed ? feed->title : region->id);
	put_place(w, feed ? feed->lat_deg : 0, feed ? feed->lon_deg : 0, feed);
	jsonw_u64(w, "nodes", region->sum.nodes);
	jsonw_u64(w, "ready", region->sum.ready);
	jsonw_u64(w, "conns", region->sum.conns);
	jsonw_u64(w, "capacity", region->sum.capacity);
	jsonw_u64(w, "weight", region->sum.weight);
	put_real(w, "first_per_s", told ? told->per_s : 0, 2,
		 sum->balancers > 0);
	put_share(w, "first_share", told ? told->per_s : 0, sum->first_per_s);
	put_share(w, "spill_share", told ? told->spill_per_s : 0,
		  told ? told->flow_per_s : 0);
	jsonw_fixed(w, "bias_km", bias_km, 1);
	jsonw_str(w, "state", picture_region_state(&region->sum));
	put_intent(w, entry);
	jsonw_object_end(w);
}

void picture_put_regions(struct jsonw *w, const struct picture *picture)
{
	jsonw_array(w, "regions");
	for (size_t i = 0; i < picture->region_count; i++)
		put_region(w, picture, &picture->regions[i]);
	jsonw_array_end(w);
}

/* ---- areas and flows ---- */

static void put_area(struct jsonw *w, const struct report_sum *sum,
		     const struct report_sum_area *entry, double all_per_s)
{
	struct report_sum_top tops[REPORT_SUM_TOPS];
	const struct report_area *area = &entry->area;
	unsigned count = report_sum_tops(sum, entry, tops);
	bool is_placed = area->cell != 0;

	jsonw_object(w, NULL);
	jsonw_str(w, "country", area->country);
	jsonw_str(w, "name", "");
	put_place(w, area->lat_deg, area->lon_deg, is_placed);
	jsonw_fixed(w, "per_s", area->per_s, 2);
	put_share(w, "share", area->per_s, all_per_s);
	put_share(w, "nearest_share", area->nearest_per_s,
		  is_placed ? area->per_s : 0);
	put_real(w, "km_p50", area->km_p50, 0, area->km_p50 >= 0);
	jsonw_array(w, "regions");
	for (unsigned i = 0; i < count; i++) {
		jsonw_array(w, NULL);
		jsonw_str(w, NULL, tops[i].region);
		put_share(w, NULL, tops[i].per_s, area->per_s);
		jsonw_array_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void put_flow(struct jsonw *w, const struct report_sum_flow *entry)
{
	const struct report_flow *flow = &entry->flow;

	jsonw_object(w, NULL);
	if (entry->area >= 0)
		jsonw_i64(w, "area", entry->area);
	else
		jsonw_null(w, "area");
	jsonw_array(w, "from");
	jsonw_fixed(w, NULL, flow->lat_deg, 4);
	jsonw_fixed(w, NULL, flow->lon_deg, 4);
	jsonw_array_end(w);
	jsonw_str(w, "region", flow->region);
	jsonw_fixed(w, "per_s", flow->per_s, 2);
	jsonw_bool(w, "spill", flow->spill);
	jsonw_object_end(w);
}

void picture_put_demand(struct jsonw *w, const struct report_sum *sum)
{
	jsonw_array(w, "areas");
	for (unsigned i = 0; i < sum->area_count; i++)
		put_area(w, sum, &sum->areas[i], sum->demand_per_s);
	jsonw_array_end(w);
	jsonw_array(w, "flows");
	for (unsigned i = 0; i < sum->flow_count; i++) {
		if (sum->flows[i].flow.cell != 0)
			put_flow(w, &sum->flows[i]);
	}
	jsonw_array_end(w);
}

/* ---- balancers ---- */

/* "2026-11-01"; empty when it is not known. */
static void put_date(struct jsonw *w, const char *key, int64_t wall_s)
{
	time_t at = (time_t)wall_s;
	char storage[32];
	struct buf text;
	struct tm date;

	buf_init_fixed(&text, storage, sizeof(storage));
	if (wall_s > 0 && gmtime_r(&at, &date))
		buf_printf(&text, "%04d-%02d-%02d", date.tm_year + 1900,
			   date.tm_mon + 1, date.tm_mday);
	jsonw_text(w, key, buf_view(&text));
}

static void put_geo(struct jsonw *w, const struct report_geo *geo)
{
	if (geo->databases == 0) {
		jsonw_null(w, "geo");
		return;
	}
	jsonw_object(w, "geo");
	put_date(w, "date", geo->database_wall_s);
	jsonw_u64(w, "rows", geo->rows);
	jsonw_bool(w, "loaded", true);
	jsonw_object_end(w);
}

static void put_balancer(struct jsonw *w, const struct picture *picture,
			 const struct balancer_entry *entry)
{
	const struct report *report = &entry->report;
	int64_t age_ms = picture->now_ms - entry->reported_at_ms;
	uint64_t revision = picture->source.revision;
	bool has_snapshot = report->snapshot_age_ms >= 0;

	jsonw_object(w, NULL);
	jsonw_str(w, "id", entry->id);
	jsonw_str(w, "version", report->version);
	jsonw_i64(w, "age_ms", age_ms);
	jsonw_fixed(w, "queries_per_s", report->queries_per_s, 2);
	put_real(w, "p50_us", report->p50_us, 1, report->p50_us >= 0);
	put_real(w, "p99_us", report->p99_us, 1, report->p99_us >= 0);
	put_real(w, "snapshot_age_ms",
		 (double)(report->snapshot_age_ms + age_ms), 0, has_snapshot);
	put_real(w, "snapshot_revision", (double)report->snapshot_revision, 0,
		 has_snapshot);
	/* One that came from the registry's life before is ahead: not known. */
	put_real(w, "lag_revisions",
		 (double)(revision - report->snapshot_revision), 0,
		 has_snapshot && report->snapshot_revision <= revision);
	put_share(w, "misses_share", entry->rates.misses_per_s,
		  entry->rates.queries_per_s);
	jsonw_u64(w, "panic_total", report->panic_total);
	put_geo(w, &report->geo);
	jsonw_object_end(w);
}

void picture_put_balancers(struct jsonw *w, const struct picture *picture)
{
	const struct balancer_entry *entry;

	jsonw_array(w, "balancers");
	for (size_t i = 0;
	     (entry = balancer_table_at(picture->source.balancers, i)); i++)
		put_balancer(w, picture, entry);
	jsonw_array_end(w);
}

/* ---- nodes ---- */

static void put_addrs(struct jsonw *w, const struct node_record *record)
{
	char text[ADDR_TEXT_MAX];

	jsonw_array(w, "addrs");
	for (unsigned i = 0; i < record->ipv4_count; i++)
		jsonw_str(w, NULL, addr_text(&record->ipv4[i], text));
	for (unsigned i = 0; i < record->ipv6_count; i++)
		jsonw_str(w, NULL, addr_text(&record->ipv6[i], text));
	jsonw_array_end(w);
}

static void put_load(struct jsonw *w, const struct lease *lease, int64_t now_ms)
{
	bool told = lease->load_at_ms >= 0;

	put_real(w, "load_age_ms", (double)(now_ms - lease->load_at_ms), 0,
		 told);
	put_real(w, "cpu_pct", lease->load.cpu_pct, 1,
		 told && lease->load.cpu_pct >= 0);
}

static void put_choices(struct jsonw *w, const struct report_sum *sum,
			const char *id)
{
	double per_s = report_sum_node(sum, id);

	/* Only those that get most are reported. */
	put_real(w, "first_per_s", per_s, 2, sum->node_count > 0);
	put_share(w, "first_share", per_s,
		  sum->node_count > 0 ? sum->first_per_s : 0);
}

static void put_drain(struct jsonw *w, const struct picture_source *source,
		      const struct lease *lease)
{
	struct drain_progress drain;

	if (!source->drains ||
	    !drain_book_find(source->drains, lease->record.id,
			     lease->load.conns, &drain)) {
		jsonw_null(w, "drain");
		return;
	}
	jsonw_object(w, "drain");
	jsonw_u64(w, "conns_at_start", drain.conns_at_start);
	jsonw_fixed(w, "progress", drain.share, 4);
	jsonw_object_end(w);
}

void picture_put_node(struct jsonw *w, const struct picture_source *source,
		      const struct lease *lease, int64_t now_ms)
{
	const struct node_record *record = &lease->record;
	struct picture_node node = picture_node(source, lease);
	int64_t left_ms = lease_due_ms(source->leases, lease) - now_ms;

	jsonw_object(w, NULL);
	jsonw_str(w, "id", record->id);
	jsonw_str(w, "service", record->service);
	jsonw_str(w, "region", record->region);
	jsonw_str(w, "zone", record->zone);
	jsonw_str(w, "state", node_state_str(lease->state));
	jsonw_str(w, "why", node.why);
	jsonw_u64(w, "conns", node.conns);
	jsonw_u64(w, "capacity", record->capacity);
	jsonw_u64(w, "weight", record->weight);
	jsonw_u64(w, "effective_weight", node.weight);
	put_choices(w, source->sum, record->id);
	put_real(w, "lease_left_ms", (double)left_ms, 0,
		 lease->state != NODE_DOWN);
	jsonw_str(w, "version", record->version);
	put_addrs(w, record);
	jsonw_str(w, "host", record->host);
	jsonw_str(w, "carrier", record->carrier);
	jsonw_i64(w, "registered_age_s",
		  (now_ms - lease->registered_at_ms) / 1000);
	put_load(w, lease, now_ms);
	put_drain(w, source, lease);
	put_intent(w, override_find(source->overrides, INTENT_NODE,
				    sv_str(record->id)));
	jsonw_object_end(w);
}
