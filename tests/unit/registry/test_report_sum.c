/* What several balancers reported, added up. */
#include "registry/report_sum.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/mem.h"

static struct balancer_table *table;

static int setup(void **state)
{
	(void)state;
	table = balancer_table_new(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	balancer_table_free(&table);
	return 0;
}

static void copy(char *dst, const char *text)
{
	memcpy(dst, text, strlen(text) + 1);
}

static void add_node(struct report *r, const char *id, double per_s)
{
	r->nodes.items = mem_grow(r->nodes.items, r->nodes.count + 1,
				  sizeof(*r->nodes.items));
	r->nodes.items[r->nodes.count] = (struct report_node){.per_s = per_s};
	copy(r->nodes.items[r->nodes.count++].id, id);
}

static void add_site(struct report *r, const char *region, double per_s)
{
	r->sites.items = mem_grow(r->sites.items, r->sites.count + 1,
				  sizeof(*r->sites.items));
	r->sites.items[r->sites.count] = (struct report_site){.per_s = per_s};
	copy(r->sites.items[r->sites.count++].region, region);
}

static void add_area(struct report *r, double lat_deg, double per_s,
		     double km_p50)
{
	r->areas.items = mem_grow(r->areas.items, r->areas.count + 1,
				  sizeof(*r->areas.items));
	r->areas.items[r->areas.count++] =
		(struct report_area){.country = "BR",
				     .cell = 1,
				     .lat_deg = lat_deg,
				     .per_s = per_s,
				     .nearest_per_s = per_s / 2,
				     .km_p50 = km_p50};
}

static void add_flow(struct report *r, double lat_deg, const char *region,
		     double per_s, bool spill)
{
	r->flows.items = mem_grow(r->flows.items, r->flows.count + 1,
				  sizeof(*r->flows.items));
	r->flows.items[r->flows.count] =
		(struct report_flow){.country = "BR",
				     .cell = 1,
				     .lat_deg = lat_deg,
				     .per_s = per_s,
				     .spill = spill};
	copy(r->flows.items[r->flows.count++].region, region);
}

static void say(const char *id, struct report *r)
{
	assert_int_equal(balancer_table_report(table, sv_str(id), r, 1), 0);
}

static bool is(double value, double want)
{
	return fabs(value - want) < 1e-9;
}

static void nobody_reports(void **state)
{
	struct report_sum *sum = report_sum_new(table);

	(void)state;
	assert_int_equal(sum->balancers, 0);
	assert_true(is(sum->p99_us, -1));
	assert_true(is(report_sum_node(sum, "n"), 0));
	assert_null(report_sum_find_region(sum, "eu"));
	report_sum_free(&sum);
	assert_null(sum);
}

static void the_same_thing_is_added_up(void **state)
{
	struct report a = {.boot_epoch = 1, .queries_per_s = 10, .p99_us = 50};
	struct report b = {.boot_epoch = 2, .queries_per_s = 5, .p99_us = 70};
	struct report_sum *sum;

	(void)state;
	add_node(&a, "n-2", 3);
	add_node(&a, "n-1", 4);
	add_node(&b, "n-2", 5);
	add_site(&a, "eu", 7);
	add_site(&a, "eu", 1);
	add_site(&b, "us", 2);
	add_area(&a, 10, 6, 100);
	add_area(&b, 10, 2, 500);
	add_area(&b, 20, 9, -1);
	add_flow(&a, 10, "eu", 6, false);
	add_flow(&b, 10, "us", 2, true);
	add_flow(&b, 20, "us", 9, false);
	say("a", &a);
	say("b", &b);
	sum = report_sum_new(table);
	assert_int_equal(sum->balancers, 2);
	assert_true(is(sum->queries_per_s, 15) && is(sum->p99_us, 70));
	/* 17 in the areas: shares of fewer would be more than all. */
	assert_true(is(sum->demand_per_s, 17));
	assert_int_equal(sum->node_count, 2);
	assert_true(is(report_sum_node(sum, "n-2"), 8));
	assert_true(is(sum->first_per_s, 10));
	assert_true(is(report_sum_find_region(sum, "eu")->per_s, 8));
	assert_true(is(report_sum_find_region(sum, "us")->flow_per_s, 11));
	assert_true(is(report_sum_find_region(sum, "us")->spill_per_s, 2));
	/* Most queries first; the median lies between, by what each saw. */
	assert_int_equal(sum->area_count, 2);
	assert_true(is(sum->areas[0].area.lat_deg, 20));
	assert_true(is(sum->areas[0].area.km_p50, -1));
	assert_true(is(sum->areas[1].area.per_s, 8));
	assert_true(is(sum->areas[1].area.nearest_per_s, 4));
	assert_true(is(sum->areas[1].area.km_p50, 200));
	assert_int_equal(sum->flow_count, 3);
	assert_int_equal(sum->flows[0].area, 0);
	assert_int_equal(sum->flows[1].area, 1);
	report_sum_free(&sum);
}

static void an_area_tells_its_largest_regions(void **state)
{
	static const char *const regions[] = {"a", "b", "c", "d", "e", "f"};
	static const double per_s[] = {3, 9, 1, 7, 5, 2};
	struct report_sum_top tops[REPORT_SUM_TOPS];
	struct report r = {.boot_epoch = 1};
	struct report_sum *sum;

	(void)state;
	add_area(&r, 10, 27, 5);
	add_area(&r, 11, 1, 5); /* has none */
	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		add_flow(&r, 10, regions[i], per_s[i], false);
	add_flow(&r, 12, "z", 1, false); /* has no area */
	say("a", &r);
	sum = report_sum_new(table);
	assert_int_equal(report_sum_tops(sum, &sum->areas[0], tops), 4);
	assert_string_equal(tops[0].region, "b");
	assert_string_equal(tops[1].region, "d");
	assert_string_equal(tops[2].region, "e");
	assert_string_equal(tops[3].region, "a");
	assert_int_equal(report_sum_tops(sum, &sum->areas[1], tops), 0);
	for (unsigned i = 0; i < sum->flow_count; i++) {
		if (is(sum->flows[i].flow.lat_deg, 12))
			assert_int_equal(sum->flows[i].area, -1);
		else
			assert_int_equal(sum->flows[i].area, 0);
	}
	report_sum_free(&sum);
}

/* Of one region, as the other zone of the nearest and as a dearer one. */
static void spill_stays_apart(void **state)
{
	struct report_sum_top tops[REPORT_SUM_TOPS];
	struct report r = {.boot_epoch = 1};
	struct report_sum *sum;

	(void)state;
	add_area(&r, 10, 27, 200);
	add_flow(&r, 10, "eu", 75, false);
	add_flow(&r, 10, "us", 60, true);
	add_flow(&r, 10, "eu", 25, true);
	say("a", &r);
	sum = report_sum_new(table);
	assert_int_equal(sum->flow_count, 3);
	assert_true(is(sum->flows[0].flow.per_s, 75));
	assert_false(sum->flows[0].flow.spill);
	assert_true(is(sum->flows[2].flow.per_s, 25));
	assert_true(sum->flows[2].flow.spill);
	assert_int_equal(report_sum_tops(sum, &sum->areas[0], tops), 2);
	assert_string_equal(tops[0].region, "eu");
	assert_true(is(tops[0].per_s, 100));
	assert_string_equal(tops[1].region, "us");
	report_sum_free(&sum);
}

static void only_the_largest_are_kept(void **state)
{
	struct report_sum *sum;

	(void)state;
	for (unsigned b = 0; b < 3; b++) {
		struct report r = {.boot_epoch = 1 + b};
		char id[2] = {(char)('a' + b), '\0'};

		for (unsigned i = 0; i < 200; i++) {
			add_area(&r, b * 1000 + i, 1 + b, 5);
			add_flow(&r, b * 1000 + i, "eu", 1 + b, false);
		}
		say(id, &r);
	}
	sum = report_sum_new(table);
	assert_int_equal(sum->area_count, REPORT_SUM_AREAS_MAX);
	assert_int_equal(sum->flow_count, REPORT_SUM_FLOWS_MAX);
	assert_true(is(sum->areas[199].area.per_s, 3));
	assert_true(is(sum->areas[200].area.per_s, 2));
	report_sum_free(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_reports, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_same_thing_is_added_up,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_area_tells_its_largest_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(spill_stays_apart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_the_largest_are_kept,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
