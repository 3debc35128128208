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
	struct report_area areas[] = {{"DE", 7, 50.11, 8.68, 1.25},
				      {"", 0, 0, 0, 3}};
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
		.services = {services, 1},
		.sites = {sites, 2},
		.areas = {areas, 2},
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

static int decode_areas(unsigned count)
{
	struct json_problem p;
	struct report got;
	struct buf b;
	int rc;

	buf_init(&b, REPORT_JSON_MAX);
	buf_str(&b, "{" LEAST ",\"areas\":[{\"per_s\":1}");
	for (unsigned i = 1; i < count; i++)
		buf_str(&b, ",{\"per_s\":1}");
	buf_str(&b, "]}");
	rc = report_decode(buf_view(&b), &got, &p);
	if (rc == 0)
		report_fini(&got);
	buf_fini(&b);
	return rc;
}

static void lists_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(decode_areas(REPORT_AREAS_MAX), 0);
	assert_int_equal(decode_areas(REPORT_AREAS_MAX + 1), ERR_TOOBIG);
}

/* What our writer says at the worst fits what our reader takes. */
static void the_largest_fits(void **state)
{
	static struct report_service services[REPORT_SERVICES_MAX];
	static struct report_site sites[REPORT_SITES_MAX];
	static struct report_area areas[REPORT_AREAS_MAX];
	struct report report = {
		.boot_epoch = 9000000000000000,
		.queries_total = 9000000000000000,
		.services = {services, REPORT_SERVICES_MAX},
		.sites = {sites, REPORT_SITES_MAX},
		.areas = {areas, REPORT_AREAS_MAX},
	};
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
		areas[i] = (struct report_area){"ZZ", UINT32_MAX, -89.99,
						-179.99, 1e9};
	buf_init(&b, REPORT_JSON_MAX);
	put(&b, &report);
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
