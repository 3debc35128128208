/*
 * report.c - a balancer's report as JSON, both directions. Pure, any thread.
 */
#include "lib/proto/report.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define AT(type, member)                                                       \
	.offset = offsetof(struct type, member),                               \
	.size = sizeof(((struct type *)NULL)->member)
/* No machine answers more, and sums of many stay exact. */
#define RATE_MAX  1e9
#define COUNT_MAX 9e15

/* ---- writing ---- */

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
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void report_put(struct jsonw *w, const struct report *report)
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
	put_services(w, report);
	put_sites(w, report);
	put_areas(w, report);
}

/* ---- reading ---- */

/* An id of the registry's kind. */
static int decode_id(const struct json *v, void *member, struct json_problem *p)
{
	struct sv text;

	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, "", "must be a string");
	if (!node_id_is_valid(text) || sv_copy(text, member, NODE_ID_BYTES))
		return json_problem_set(p, ERR_RANGE, "",
					"must be 1-64 of a-z 0-9 . - _");
	return 0;
}

/* A zone may be empty. */
static int decode_zone(const struct json *v, void *member,
		       struct json_problem *p)
{
	struct sv text;

	if (json_get_text(v, &text) == 0 && text.len == 0)
		return 0;
	return decode_id(v, member, p);
}

static int decode_country(const struct json *v, void *member,
			  struct json_problem *p)
{
	struct sv text;
	int rc = json_get_text(v, &text);

	if (rc == 0 && text.len == 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < text.len; i++)
		if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
			rc = ERR_RANGE;
	if (rc != 0 || text.len != 2 || sv_copy(text, member, 3) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must be \"\" or two of A-Z");
	return 0;
}

#define RATE .kind = JSON_REAL, .min = 0, .max = RATE_MAX

static const struct json_field service_fields[] = {
	{.name = "name",
	 .kind = JSON_CUSTOM,
	 .required = true,
	 .decode = decode_id,
	 AT(report_service, name)},
	{.name = "own_per_s", RATE, AT(report_service, own_per_s)},
	{.name = "demand_per_s", RATE, AT(report_service, demand_per_s)},
	{.name = "kappa", RATE, AT(report_service, kappa)},
};

static const struct json_field site_fields[] = {
	{.name = "service",
	 .kind = JSON_CUSTOM,
	 .required = true,
	 .decode = decode_id,
	 AT(report_site, service)},
	{.name = "region",
	 .kind = JSON_CUSTOM,
	 .required = true,
	 .decode = decode_id,
	 AT(report_site, region)},
	{.name = "zone",
	 .kind = JSON_CUSTOM,
	 .decode = decode_zone,
	 AT(report_site, zone)},
	{.name = "per_s", RATE, .required = true, AT(report_site, per_s)},
};

static const struct json_field area_fields[] = {
	{.name = "country",
	 .kind = JSON_CUSTOM,
	 .decode = decode_country,
	 AT(report_area, country)},
	{.name = "cell", .kind = JSON_U32, AT(report_area, cell)},
	{.name = "lat",
	 .kind = JSON_REAL,
	 .min = -90,
	 .max = 90,
	 AT(report_area, lat_deg)},
	{.name = "lon",
	 .kind = JSON_REAL,
	 .min = -180,
	 .max = 180,
	 AT(report_area, lon_deg)},
	{.name = "per_s", RATE, .required = true, AT(report_area, per_s)},
};

/* All elements of @v into a new array; NULL and p->rc on an error. */
static void *decode_list(const struct json *v, const struct json_table *table,
			 size_t element_bytes, size_t max,
			 struct json_problem *p)
{
	size_t count = json_array_len(v);
	char *items;

	if (!json_is_array(v)) {
		json_problem_set(p, ERR_TYPE, "", "must be an array");
		return NULL;
	}
	if (count > max) {
		json_problem_set(p, ERR_TOOBIG, "", "at most %zu elements",
				 max);
		return NULL;
	}
	items = mem_array(count, element_bytes);
	for (size_t i = 0; i < count; i++)
		if (json_decode(json_array_at(v, i), table,
				items + i * element_bytes, p) != 0) {
			mem_free(items);
			return NULL;
		}
	return items;
}

static int decode_services(const struct json *v, void *member,
			   struct json_problem *p)
{
	static const struct json_table table = {
		service_fields, ARRAY_LEN(service_fields), false};
	struct report_services *list = member;

	list->items = decode_list(v, &table, sizeof(*list->items),
				  REPORT_SERVICES_MAX, p);
	list->count = list->items ? (unsigned)json_array_len(v) : 0;
	return list->items ? 0 : p->rc;
}

static int decode_sites(const struct json *v, void *member,
			struct json_problem *p)
{
	static const struct json_table table = {site_fields,
						ARRAY_LEN(site_fields), false};
	struct report_sites *list = member;

	list->items = decode_list(v, &table, sizeof(*list->items),
				  REPORT_SITES_MAX, p);
	list->count = list->items ? (unsigned)json_array_len(v) : 0;
	return list->items ? 0 : p->rc;
}

static int decode_areas(const struct json *v, void *member,
			struct json_problem *p)
{
	static const struct json_table table = {area_fields,
						ARRAY_LEN(area_fields), false};
	struct report_areas *list = member;

	list->items = decode_list(v, &table, sizeof(*list->items),
				  REPORT_AREAS_MAX, p);
	list->count = list->items ? (unsigned)json_array_len(v) : 0;
	return list->items ? 0 : p->rc;
}

#define COUNT .kind = JSON_U64, .min = 0, .max = COUNT_MAX

static const struct json_field report_fields[] = {
	{.name = "boot_epoch",
	 .kind = JSON_U64,
	 .required = true,
	 .min = 1,
	 .max = COUNT_MAX,
	 AT(report, boot_epoch)},
	{.name = "version",
	 .kind = JSON_TEXT,
	 .required = true,
	 AT(report, version)},
	{.name = "queries_total",
	 COUNT,
	 .required = true,
	 AT(report, queries_total)},
	{.name = "refused_total", COUNT, AT(report, refused_total)},
	{.name = "spill_total", COUNT, AT(report, spill_total)},
	{.name = "misses_total", COUNT, AT(report, misses_total)},
	{.name = "panic_total", COUNT, AT(report, panic_total)},
	{.name = "empty_total", COUNT, AT(report, empty_total)},
	{.name = "queries_per_s", RATE, AT(report, queries_per_s)},
	{.name = "p50_us",
	 .kind = JSON_REAL,
	 .min = -1,
	 .max = RATE_MAX,
	 AT(report, p50_us)},
	{.name = "p99_us",
	 .kind = JSON_REAL,
	 .min = -1,
	 .max = RATE_MAX,
	 AT(report, p99_us)},
	{.name = "snapshot_number", COUNT, AT(report, snapshot_number)},
	{.name = "snapshot_revision", COUNT, AT(report, snapshot_revision)},
	{.name = "snapshot_age_ms",
	 .kind = JSON_I64,
	 .min = -1,
	 .max = COUNT_MAX,
	 AT(report, snapshot_age_ms)},
	{.name = "replicas", .kind = JSON_U32, AT(report, replicas)},
	{.name = "services",
	 .kind = JSON_CUSTOM,
	 .decode = decode_services,
	 AT(report, services)},
	{.name = "sites",
	 .kind = JSON_CUSTOM,
	 .decode = decode_sites,
	 AT(report, sites)},
	{.name = "areas",
	 .kind = JSON_CUSTOM,
	 .decode = decode_areas,
	 AT(report, areas)},
};

int report_decode(struct sv body, struct report *report_r,
		  struct json_problem *p)
{
	static const struct json_table table = {
		report_fields, ARRAY_LEN(report_fields), false};
	struct report report = {
		.p50_us = -1, .p99_us = -1, .snapshot_age_ms = -1};
	int rc;

	if (body.len > REPORT_JSON_MAX)
		return json_problem_set(p, ERR_TOOBIG, "",
					"a report has at most %d bytes",
					REPORT_JSON_MAX);
	rc = json_decode_text(body, &table, &report, p);
	if (rc != 0)
		report_fini(&report);
	else
		*report_r = report;
	return rc;
}

void report_fini(struct report *report)
{
	mem_free(report->services.items);
	mem_free(report->sites.items);
	mem_free(report->areas.items);
	report->services = (struct report_services){NULL, 0};
	report->sites = (struct report_sites){NULL, 0};
	report->areas = (struct report_areas){NULL, 0};
}
