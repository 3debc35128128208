/* test_report.c - a balancer's report: there and back, and what is refused. */
#include "lib/proto/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define LEAST "\"boot_epoch\":1,\"version\":\"1\",\"queries_total\":2"

static void put(struct buf *b, const struct report *report)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	report_put(&w, report);
	jsonw_object_end(&w);
	assert_false(b->failed);
}

static void comes_back(void **state)
{
	struct report_service services[] = {{"im", 1.5, 4.5, 0.75}};
	struct report_site sites[] = {{"im", "eu", "a", 1},
				      {"im", "us", "", 2}};
	struct report_area areas[] = {{"DE", 7, 50.11, 8.68, 1.25, 1, 320},
				      {"", 0, 0, 0, 3, 0, -1}};
	struct report_flow flows[] = {{"DE", 7, 50.11, 8.68, "eu", 1, false},
				      {"DE", 7, 50.11, 8.68, "us", .25, true}};
	struct report_node nodes[] = {{"c1", 2.5}, {"c-2", 0.5}};
	const struct report report = {
		.boot_epoch = 1700000000000123,
		.version = "0.1.0",
		.queries_total = 9000000000000000,
		.refused_total = 2,
		.spill_total = 3,
		.misses_total = 4,
		.panic_total = 5,
		.empty_total = 6,
		.queries_per_s = 7.5,
		.p50_us = 12.5,
		.p99_us = -1,
		.snapshot_number = 8,
		.snapshot_revision = 9,
		.snapshot_age_ms = -1,
		.replicas = 3,
		.placed_per_s = 1.25,
		.nearest_per_s = 1,
		.geo = {1, 5000000, 1700000000},
		.services = {services, 1},
		.sites = {sites, 2},
		.areas = {areas, 2},
		.flows = {flows, 2},
		.nodes = {nodes, 2},
	};
	struct report got;
	struct json_problem p;
	struct buf first, second;

	(void)state;
	buf_init(&first, REPORT_JSON_MAX);
	buf_init(&second, REPORT_JSON_MAX);
	put(&first, &report);
	assert_int_equal(report_decode(buf_view(&first), &got, &p), 0);
	assert_int_equal(got.sites.count, 2);
	assert_string_equal(got.sites.items[0].zone, "a");
	assert_string_equal(got.areas.items[0].country, "DE");
	assert_true(got.flows.items[1].spill);
	assert_string_equal(got.nodes.items[1].id, "c-2");
	assert_int_equal(got.geo.rows, 5000000);
	put(&second, &got);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	report_fini(&got);
	buf_fini(&first);
	buf_fini(&second);
}

/* Of an older balancer: what it does not say is not known. */
static void the_least_is_enough(void **state)
{
	struct json_problem p;
	struct report got;

	(void)state;
	assert_int_equal(report_decode(SV("{" LEAST "}"), &got, &p), 0);
	assert_true(got.p50_us == -1 && got.p99_us == -1);
	assert_int_equal(got.snapshot_age_ms, -1);
	assert_int_equal(got.areas.count, 0);
	report_fini(&got);
	report_fini(&got); /* twice is once */
	assert_int_equal(report_decode(SV("{" LEAST ",\"areas\":[{\"per_s\":"
					  "1}]}"),
				       &got, &p),
			 0);
	assert_true(got.areas.items[0].km_p50 == -1);
	report_fini(&got);
}

static void what_is_refused(void **state)
{
	static const struct row {
		const char *rule, *text;
		int rc;
		const char *path;
	} rows[] = {
		{"no JSON", "{", ERR_SYNTAX, ""},
		{"no object", "[]", ERR_TYPE, ""},
		{"no boot epoch", "{\"version\":\"1\",\"queries_total\":2}",
		 ERR_MISSING_FIELD, "/boot_epoch"},
		{"a boot epoch of 0",
		 "{\"boot_epoch\":0,\"version\":\"1\",\"queries_total\":2}",
		 ERR_RANGE, "/boot_epoch"},
		{"a member that nobody knows", "{" LEAST ",\"x\":1}",
		 ERR_UNKNOWN_FIELD, "/x"},
		{"a rate below 0", "{" LEAST ",\"queries_per_s\":-1}",
		 ERR_RANGE, "/queries_per_s"},
		{"a latency below unknown", "{" LEAST ",\"p50_us\":-2}",
		 ERR_RANGE, "/p50_us"},
		{"a service without a name", "{" LEAST ",\"services\":[{}]}",
		 ERR_MISSING_FIELD, "/services/name"},
		{"a site's region is an id",
		 "{" LEAST ",\"sites\":[{\"service\":\"s\",\"region\":\"\","
		 "\"per_s\":1}]}",
		 ERR_RANGE, "/sites/region"},
		{"areas are a list", "{" LEAST ",\"areas\":7}", ERR_TYPE,
		 "/areas"},
		{"the second area is bad",
		 "{" LEAST ",\"areas\":[{\"per_s\":1},{\"per_s\":1,"
		 "\"lat\":91}]}",
		 ERR_RANGE, "/areas/lat"},
		{"a country is two letters",
		 "{" LEAST ",\"areas\":[{\"per_s\":1,\"country\":\"DEU\"}]}",
		 ERR_RANGE, "/areas/country"},
		{"a flow is from a place",
		 "{" LEAST ",\"flows\":[{\"region\":\"eu\",\"per_s\":1}]}",
		 ERR_MISSING_FIELD, "/flows/lat"},
		{"a flow's spill is yes or no",
		 "{" LEAST ",\"flows\":[{\"region\":\"eu\",\"per_s\":1,"
		 "\"lat\":1,\"lon\":1,\"spill\":1}]}",
		 ERR_TYPE, "/flows/spill"},
		{"a node is a pair", "{" LEAST ",\"nodes\":[[\"a\"]]}",
		 ERR_TYPE, "/nodes"},
		{"a node's name is an id", "{" LEAST ",\"nodes\":[[\"A\",1]]}",
		 ERR_RANGE, "/nodes"},
		{"a node's rate is not below 0",
		 "{" LEAST ",\"nodes\":[[\"a\",1],[\"b\",-1]]}", ERR_RANGE,
		 "/nodes"},
		{"a database of unknown age is 0",
		 "{" LEAST ",\"geo\":{\"database_wall_s\":-1}}", ERR_RANGE,
		 "/geo/database_wall_s"},
		{"a list after a good one is bad",
		 "{" LEAST ",\"services\":[{\"name\":\"s\"}],\"areas\":[1]}",
		 ERR_TYPE, "/areas"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_problem p = {.rc = 0};
		struct report got;
		int rc = report_decode(sv_str(rows[i].text), &got, &p);

		if (rc != rows[i].rc || p.rc != rc ||
		    strcmp(p.path, rows[i].path) != 0)
			fail_msg("%s: %d at '%s': %s", rows[i].rule, rc, p.path,
				 p.rule);
	}
}

/* @count times @element in the list @name. */
static int decode_many(const char *name, const char *element, unsigned count)
{
	struct json_problem p;
	struct report got;
	struct buf b;
	int rc;

	buf_init(&b, REPORT_JSON_MAX);
	buf_printf(&b, "{" LEAST ",\"%s\":[%s", name, element);
	for (unsigned i = 1; i < count; i++)
		buf_printf(&b, ",%s", element);
	buf_str(&b, "]}");
	rc = report_decode(buf_view(&b), &got, &p);
	if (rc == 0)
		report_fini(&got);
	buf_fini(&b);
	return rc;
}

static void lists_are_bounded(void **state)
{
	static const struct row {
		const char *name, *element;
		unsigned max;
	} rows[] = {
		{"services", "{\"name\":\"s\"}", REPORT_SERVICES_MAX},
		{"sites", "{\"service\":\"s\",\"region\":\"r\",\"per_s\":1}",
		 REPORT_SITES_MAX},
		{"areas", "{\"per_s\":1}", REPORT_AREAS_MAX},
		{"flows", "{\"lat\":1,\"lon\":1,\"region\":\"r\",\"per_s\":1}",
		 REPORT_FLOWS_MAX},
		{"nodes", "[\"n\",1]", REPORT_NODES_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];

		assert_int_equal(decode_many(r->name, r->element, r->max), 0);
		assert_int_equal(decode_many(r->name, r->element, r->max + 1),
				 ERR_TOOBIG);
	}
}

/* What our writer says at the worst fits what our reader takes. */
static void the_largest_fits(void **state)
{
	static struct report_service services[REPORT_SERVICES_MAX];
	static struct report_site sites[REPORT_SITES_MAX];
	static struct report_area areas[REPORT_AREAS_MAX];
	static struct report_flow flows[REPORT_FLOWS_MAX];
	static struct report_node nodes[REPORT_NODES_MAX];
	struct report report = {
		.boot_epoch = 9000000000000000,
		.queries_total = 9000000000000000,
		.services = {services, REPORT_SERVICES_MAX},
		.sites = {sites, REPORT_SITES_MAX},
		.areas = {areas, REPORT_AREAS_MAX},
		.flows = {flows, REPORT_FLOWS_MAX},
		.nodes = {nodes, REPORT_NODES_MAX},
	};
	struct jsonw w;
	struct buf b;

	(void)state;
	for (unsigned i = 0; i < REPORT_SERVICES_MAX; i++)
		memset(services[i].name, 'a', NODE_ID_BYTES - 1);
	for (unsigned i = 0; i < REPORT_SITES_MAX; i++) {
		memset(sites[i].service, 'a', NODE_ID_BYTES - 1);
		memset(sites[i].region, 'a', NODE_ID_BYTES - 1);
		memset(sites[i].zone, 'a', NODE_ID_BYTES - 1);
		sites[i].per_s = 1e9;
	}
	for (unsigned i = 0; i < REPORT_AREAS_MAX; i++)
		areas[i] = (struct report_area){
			"ZZ", UINT32_MAX, -89.99, -179.99, 1e9, 1e9, 65535};
	for (unsigned i = 0; i < REPORT_FLOWS_MAX; i++) {
		flows[i] = (struct report_flow){
			"ZZ", UINT32_MAX, -89.99, -179.99, "", 1e9, false};
		memset(flows[i].region, 'a', NODE_ID_BYTES - 1);
	}
	for (unsigned i = 0; i < REPORT_NODES_MAX; i++) {
		memset(nodes[i].id, 'a', NODE_ID_BYTES - 1);
		nodes[i].per_s = 1e9;
	}
	buf_init(&b, REPORT_JSON_MAX);
	put(&b, &report);
	buf_fini(&b);
	buf_init(&b, REPORT_BRIEF_MAX);
	jsonw_init(&w, &b);
	report_put_brief(&w, &report);
	assert_false(b.failed);
	assert_null(strstr(buf_cstr(&b), "\"flows\""));
	assert_null(strstr(b.data, "\"nodes\""));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(the_least_is_enough),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(the_largest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
