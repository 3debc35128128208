/*
 * report.c - reads a balancer's report, checks all of it. Pure, any thread.
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
#define KM_MAX	  65535 /* a cell keeps 16 bits of it */

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

#define RATE  .kind = JSON_REAL, .min = 0, .max = RATE_MAX
#define COUNT .kind = JSON_U64, .min = 0, .max = COUNT_MAX

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
	{.name = "nearest_per_s", RATE, AT(report_area, nearest_per_s)},
	{.name = "km_p50",
	 .kind = JSON_REAL,
	 .min = -1,
	 .max = KM_MAX,
	 AT(report_area, km_p50)},
};

static const struct json_field flow_fields[] = {
	{.name = "country",
	 .kind = JSON_CUSTOM,
	 .decode = decode_country,
	 AT(report_flow, country)},
	{.name = "cell", .kind = JSON_U32, AT(report_flow, cell)},
	{.name = "lat",
	 .kind = JSON_REAL,
	 .required = true,
	 .min = -90,
	 .max = 90,
	 AT(report_flow, lat_deg)},
	{.name = "lon",
	 .kind = JSON_REAL,
	 .required = true,
	 .min = -180,
	 .max = 180,
	 AT(report_flow, lon_deg)},
	{.name = "region",
	 .kind = JSON_CUSTOM,
	 .required = true,
	 .decode = decode_id,
	 AT(report_flow, region)},
	{.name = "per_s", RATE, .required = true, AT(report_flow, per_s)},
	{.name = "spill", .kind = JSON_BOOL, AT(report_flow, spill)},
};

static const struct json_field geo_fields[] = {
	{.name = "databases", .kind = JSON_U32, AT(report_geo, databases)},
	{.name = "rows", COUNT, AT(report_geo, rows)},
	{.name = "database_wall_s",
	 .kind = JSON_I64,
	 .min = 0,
	 .max = COUNT_MAX,
	 AT(report_geo, database_wall_s)},
};
static const struct json_table geo_table = {geo_fields, ARRAY_LEN(geo_fields),
					    false};

/* ---- lists ---- */

struct list_kind {
	size_t element_bytes, max;
	json_decode_cb *decode; /* one element, zeroed */
};

/* All elements of @v into a new array, which report_fini() frees whatever is
 * returned. */
static int decode_list(const struct json *v, const struct list_kind *kind,
		       void **items_r, unsigned *count_r,
		       struct json_problem *p)
{
	size_t count = json_array_len(v);
	char *items;
	int rc = 0;

	if (!json_is_array(v))
		return json_problem_set(p, ERR_TYPE, "", "must be an array");
	if (count > kind->max)
		return json_problem_set(p, ERR_TOOBIG, "",
					"at most %zu elements", kind->max);
	items = mem_array(count, kind->element_bytes);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = kind->decode(json_array_at(v, i),
				  items + i * kind->element_bytes, p);
	*items_r = items;
	*count_r = (unsigned)count;
	return rc;
}

static int decode_service(const struct json *v, void *service,
			  struct json_problem *p)
{
	static const struct json_table table = {
		service_fields, ARRAY_LEN(service_fields), false};

	return json_decode(v, &table, service, p);
}

static int decode_site(const struct json *v, void *site, struct json_problem *p)
{
	static const struct json_table table = {site_fields,
						ARRAY_LEN(site_fields), false};

	return json_decode(v, &table, site, p);
}

static int decode_area(const struct json *v, void *area, struct json_problem *p)
{
	static const struct json_table table = {area_fields,
						ARRAY_LEN(area_fields), false};

	((struct report_area *)area)->km_p50 = -1;
	return json_decode(v, &table, area, p);
}

static int decode_flow(const struct json *v, void *flow, struct json_problem *p)
{
	static const struct json_table table = {flow_fields,
						ARRAY_LEN(flow_fields), false};

	return json_decode(v, &table, flow, p);
}

/* ["id", first choices a second] */
static int decode_node(const struct json *v, void *element,
		       struct json_problem *p)
{
	struct report_node *node = element;

	if (json_array_len(v) != 2 ||
	    json_get_real(json_array_at(v, 1), &node->per_s) != 0)
		return json_problem_set(p, ERR_TYPE, "",
					"must be [\"id\", rate]");
	if (!(node->per_s >= 0 && node->per_s <= RATE_MAX))
		return json_problem_set(p, ERR_RANGE, "", "must be 0..%g",
					RATE_MAX);
	return decode_id(json_array_at(v, 0), node->id, p);
}

/* decode_services(), ...: of the type json_decode_cb. */
#define LIST(plural, singular, limit)                                          \
	static int decode_##plural(const struct json *v, void *member,         \
				   struct json_problem *p)                     \
	{                                                                      \
		static const struct list_kind kind = {                         \
			sizeof(struct report_##singular), limit,               \
			decode_##singular};                                    \
		struct report_##plural *list = member;                         \
		void *items = NULL;                                            \
		int rc = decode_list(v, &kind, &items, &list->count, p);       \
                                                                               \
		list->items = items;                                           \
		return rc;                                                     \
	}
LIST(services, service, REPORT_SERVICES_MAX)
LIST(sites, site, REPORT_SITES_MAX)
LIST(areas, area, REPORT_AREAS_MAX)
LIST(flows, flow, REPORT_FLOWS_MAX)
LIST(nodes, node, REPORT_NODES_MAX)

/* ---- the whole ---- */

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
	{.name = "flows",
	 .kind = JSON_CUSTOM,
	 .decode = decode_flows,
	 AT(report, flows)},
	{.name = "nodes",
	 .kind = JSON_CUSTOM,
	 .decode = decode_nodes,
	 AT(report, nodes)},
	{.name = "placed_per_s", RATE, AT(report, placed_per_s)},
	{.name = "nearest_per_s", RATE, AT(report, nearest_per_s)},
	{.name = "geo",
	 .kind = JSON_NESTED,
	 .table = &geo_table,
	 AT(report, geo)},
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
	mem_free(report->flows.items);
	mem_free(report->nodes.items);
	report->services = (struct report_services){NULL, 0};
	report->sites = (struct report_sites){NULL, 0};
	report->areas = (struct report_areas){NULL, 0};
	report->flows = (struct report_flows){NULL, 0};
	report->nodes = (struct report_nodes){NULL, 0};
}
