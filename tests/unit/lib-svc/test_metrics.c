/*
 * test_metrics.c - the exposition format, line by line, and the histogram's
 * edges.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/svc/metrics.h"

static void collect_hits(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "reason=\"idle\"", *(const uint64_t *)arg);
	metrics_sample_u64(w, "reason=\"full\"", UINT64_MAX);
}

static void collect_level(struct metrics_writer *w, void *arg)
{
	(void)arg;
	metrics_sample_real(w, "", 0.25);
	metrics_sample_real(w, "a=\"1\"", NAN);
	metrics_sample_real(w, "a=\"2\"", INFINITY);
	metrics_sample_real(w, "a=\"3\"", -INFINITY);
}

static const struct metrics_row ROWS[] = {
	{"peri_hits_total", METRICS_COUNTER, "Hits,\nback\\slash.", "reason",
	 collect_hits},
	{"peri_level_ratio", METRICS_GAUGE, "Level | fill.", "", collect_level},
};

static const struct metrics_table TABLE = {ROWS, 2};

static void test_exposition(void **state)
{
	const struct metrics_table *const tables[] = {&TABLE};
	uint64_t hits = 7;
	void *const args[] = {&hits};
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	metrics_put(&b, tables, 1, args);
	assert_string_equal(
		buf_cstr(&b),
		"# HELP peri_hits_total Hits,\\nback\\\\slash.\n"
		"# TYPE peri_hits_total counter\n"
		"peri_hits_total{reason=\"idle\"} 7\n"
		"peri_hits_total{reason=\"full\"} 18446744073709551615\n"
		"# HELP peri_level_ratio Level | fill.\n"
		"# TYPE peri_level_ratio gauge\n"
		"peri_level_ratio 0.25\n"
		"peri_level_ratio{a=\"1\"} NaN\n"
		"peri_level_ratio{a=\"2\"} +Inf\n"
		"peri_level_ratio{a=\"3\"} -Inf\n");
	buf_fini(&b);
}

static const struct row {
	const char *rule;
	uint64_t duration_us;
	unsigned bucket;
} ROWS_US[] = {
	{"nothing at all is within a microsecond", 0, 0},
	{"a bound belongs to its bucket", 1, 0},
	{"two", 2, 1},
	{"just above a bound is the next bucket", 3, 2},
	{"four", 4, 2},
	{"five", 5, 3},
	{"1024", 1024, 10},
	{"1025", 1025, 11},
	{"the last finite bound", 1 << 23, 23},
	{"above all bounds", (1 << 23) + 1, METRICS_BUCKETS},
	{"for ever", UINT64_MAX, METRICS_BUCKETS},
};

static void test_bucket_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ROWS_US); i++) {
		struct metrics_histogram h = {.count = 0};

		metrics_observe_us(&h, ROWS_US[i].duration_us);
		if (h.bucket[ROWS_US[i].bucket] != 1)
			fail_msg("%s", ROWS_US[i].rule);
		assert_int_equal(h.count, 1);
		assert_int_equal(h.sum_us, ROWS_US[i].duration_us);
	}
}

static void test_histogram_lines(void **state)
{
	struct metrics_histogram one = {.count = 0}, two = {.count = 0};
	struct metrics_writer w;
	const char *text;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	w = (struct metrics_writer){&b, "peri_wait_seconds"};
	metrics_observe_us(&one, 1);
	metrics_observe_us(&one, 3);
	metrics_observe_us(&two, 9000000);
	metrics_histogram_add(&one, &two);
	metrics_sample_histogram(&w, "path=\"x\"", &one);
	text = buf_cstr(&b);
	assert_true(sv_starts(
		buf_view(&b),
		SV("peri_wait_seconds_bucket{path=\"x\",le=\"1e-06\"} 1\n"
		   "peri_wait_seconds_bucket{path=\"x\",le=\"2e-06\"} 1\n"
		   "peri_wait_seconds_bucket{path=\"x\",le=\"4e-06\"} 2\n")));
	assert_non_null(strstr(text, "le=\"8.388608\"} 2\n"
				     "peri_wait_seconds_bucket{path=\"x\","
				     "le=\"+Inf\"} 3\n"
				     "peri_wait_seconds_sum{path=\"x\"} "
				     "9.000004\n"
				     "peri_wait_seconds_count{path=\"x\"} "
				     "3\n"));
	buf_reset(&b);
	metrics_sample_histogram(&w, "", &two);
	text = buf_cstr(&b);
	assert_non_null(strstr(text, "peri_wait_seconds_bucket{le=\"1e-06\"} "
				     "0\n"));
	assert_non_null(strstr(text, "peri_wait_seconds_sum 9\n"
				     "peri_wait_seconds_count 1\n"));
	buf_fini(&b);
}

static void test_buckets_of_others(void **state)
{
	static const double bounds[] = {50, 1000}, within[] = {1.5, 2, 4};
	char text[512];
	struct buf b;
	struct metrics_writer w = {&b, "peri_d_meters"};

	(void)state;
	buf_init_fixed(&b, text, sizeof(text));
	metrics_sample_buckets(&w, bounds, within, 2, 70.25);
	assert_string_equal(buf_cstr(&b),
			    "peri_d_meters_bucket{le=\"50\"} 1.5\n"
			    "peri_d_meters_bucket{le=\"1000\"} 2\n"
			    "peri_d_meters_bucket{le=\"+Inf\"} 4\n"
			    "peri_d_meters_sum 70.25\n"
			    "peri_d_meters_count 4\n");
}

static void test_quantiles(void **state)
{
	struct metrics_histogram h = {.count = 0};

	(void)state;
	assert_true(metrics_quantile_us(&h, 0.5) == -1);
	for (int i = 0; i < 98; i++)
		metrics_observe_us(&h, 3); /* 2 to 4 us */
	metrics_observe_us(&h, 60);
	metrics_observe_us(&h, UINT64_MAX);
	assert_true(metrics_quantile_us(&h, 0.49) == 3);
	assert_true(metrics_quantile_us(&h, 0.98) == 4);
	assert_true(metrics_quantile_us(&h, 0.99) == 64);
	/* above all bounds: said to be twice the last */
	assert_true(metrics_quantile_us(&h, 1) == 1 << METRICS_BUCKETS);
}

static void test_markdown(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	metrics_put_markdown(&b, &TABLE);
	assert_non_null(strstr(buf_cstr(&b), "| `peri_level_ratio` | gauge | "
					     "| Level \\| fill. |\n"));
	assert_non_null(strstr(buf_cstr(&b), "| counter | `reason` | "));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exposition),
		cmocka_unit_test(test_bucket_edges),
		cmocka_unit_test(test_histogram_lines),
		cmocka_unit_test(test_buckets_of_others),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_markdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
