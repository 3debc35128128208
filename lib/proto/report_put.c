/*
 * report_put.c - writes a balancer's report. Pure, any thread.
 */
#include "lib/proto/report.h"

static void put_services(struct jsonw *w, const struct report *report)
{
	jsonw_array(w, "services");
	for (unsigned i = 0; i < report->services.count; i++) {
		const struct report_service *service =
			&report->services.items[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "name", service->name);
		jsonw_fixed(w, "own_per_s", service->own_per_s, 2);
		jsonw_fixed(w, "demand_per_s", service->demand_per_s, 2);
		jsonw_fixed(w, "kappa", service->kappa, 3);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_sites(struct jsonw *w, const struct report *report)
{
	jsonw_array(w, "sites");
	for (unsigned i = 0; i < report->sites.count; i++) {
		const struct report_site *site = &report->sites.items[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "service", site->service);
		jsonw_str(w, "region", site->region);
		jsonw_str(w, "zone", site->zone);
		jsonw_fixed(w, "per_s", site->per_s, 2);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_areas(struct jsonw *w, const struct report *report)
{
	jsonw_array(w, "areas");
	for (unsigned i = 0; i < report->areas.count; i++) {
		const struct report_area *area = &report->areas.items[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "country", area->country);
		jsonw_u64(w, "cell", area->cell);
		jsonw_fixed(w, "lat", area->lat_deg, 2);
		jsonw_fixed(w, "lon", area->lon_deg, 2);
		jsonw_fixed(w, "per_s", area->per_s, 2);
		jsonw_fixed(w, "nearest_per_s", area->nearest_per_s, 2);
		jsonw_fixed(w, "km_p50", area->km_p50, 0);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_flows(struct jsonw *w, const struct report *report)
{
	jsonw_array(w, "flows");
	for (unsigned i = 0; i < report->flows.count; i++) {
		const struct report_flow *flow = &report->flows.items[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "country", flow->country);
		jsonw_u64(w, "cell", flow->cell);
		jsonw_fixed(w, "lat", flow->lat_deg, 2);
		jsonw_fixed(w, "lon", flow->lon_deg, 2);
		jsonw_str(w, "region", flow->region);
		jsonw_fixed(w, "per_s", flow->per_s, 2);
		jsonw_bool(w, "spill", flow->spill);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_nodes(struct jsonw *w, const struct report *report)
{
	jsonw_array(w, "nodes");
	for (unsigned i = 0; i < report->nodes.count; i++) {
		jsonw_array(w, NULL);
		jsonw_str(w, NULL, report->nodes.items[i].id);
		jsonw_fixed(w, NULL, report->nodes.items[i].per_s, 2);
		jsonw_array_end(w);
	}
	jsonw_array_end(w);
}

static void put_geo(struct jsonw *w, const struct report_geo *geo)
{
	jsonw_object(w, "geo");
	jsonw_u64(w, "databases", geo->databases);
	jsonw_u64(w, "rows", geo->rows);
	jsonw_i64(w, "database_wall_s", geo->database_wall_s);
	jsonw_object_end(w);
}

void report_put_brief(struct jsonw *w, const struct report *report)
{
	jsonw_u64(w, "boot_epoch", report->boot_epoch);
	jsonw_str(w, "version", report->version);
	jsonw_u64(w, "queries_total", report->queries_total);
	jsonw_u64(w, "refused_total", report->refused_total);
	jsonw_u64(w, "spill_total", report->spill_total);
	jsonw_u64(w, "misses_total", report->misses_total);
	jsonw_u64(w, "panic_total", report->panic_total);
	jsonw_u64(w, "empty_total", report->empty_total);
	jsonw_fixed(w, "queries_per_s", report->queries_per_s, 2);
	jsonw_fixed(w, "p50_us", report->p50_us, 1);
	jsonw_fixed(w, "p99_us", report->p99_us, 1);
	jsonw_u64(w, "snapshot_number", report->snapshot_number);
	jsonw_u64(w, "snapshot_revision", report->snapshot_revision);
	jsonw_i64(w, "snapshot_age_ms", report->snapshot_age_ms);
	jsonw_u64(w, "replicas", report->replicas);
	jsonw_fixed(w, "placed_per_s", report->placed_per_s, 2);
	jsonw_fixed(w, "nearest_per_s", report->nearest_per_s, 2);
	put_geo(w, &report->geo);
	put_services(w, report);
	put_sites(w, report);
	put_areas(w, report);
}

void report_put(struct jsonw *w, const struct report *report)
{
	report_put_brief(w, report);
	put_flows(w, report);
	put_nodes(w, report);
}
