/* test_balancer_table.c - who lives, who fell silent, what a pause means. */
#include "registry/balancer_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define STEP_MS 100

static int64_t now_ms;

static struct balancer_table *begin(void)
{
	now_ms = 1000000;
	return balancer_table_new(now_ms);
}

static void wait_for(struct balancer_table *t, int64_t ms)
{
	for (int64_t i = 0; i < ms; i += STEP_MS) {
		now_ms += STEP_MS;
		balancer_table_advance(t, now_ms);
	}
}

static int say(struct balancer_table *t, const char *id, uint64_t boot)
{
	struct report report = {.boot_epoch = boot};
	int rc;

	report.areas.items = mem_array(1, sizeof(struct report_area));
	report.areas.count = 1;
	rc = balancer_table_report(t, sv_str(id), &report, now_ms);
	if (rc != 0)
		report_fini(&report);
	return rc;
}

static void test_unknown_until_it_has_listened(void **state)
{
	struct balancer_table *t = begin();

	(void)state;
	assert_int_equal(say(t, "a", 1), 0);
	assert_int_equal(balancer_table_count(t), -1);
	wait_for(t, 4900);
	assert_int_equal(balancer_table_count(t), -1);
	assert_int_equal(say(t, "a", 1), 0);
	wait_for(t, 100);
	assert_int_equal(balancer_table_count(t), 1);
	balancer_table_free(&t);
}

static void test_silence_ends_it(void **state)
{
	struct balancer_table *t = begin();

	(void)state;
	wait_for(t, 5000);
	assert_int_equal(balancer_table_count(t), 0);
	assert_int_equal(say(t, "a", 1), 0);
	assert_int_equal(say(t, "b", 1), 0);
	wait_for(t, 4900);
	assert_int_equal(balancer_table_count(t), 2);
	assert_int_equal(say(t, "b", 1), 0);
	wait_for(t, 100);
	assert_int_equal(balancer_table_count(t), 1);
	assert_string_equal(balancer_table_at(t, 0)->id, "b");
	assert_null(balancer_table_at(t, 1));
	wait_for(t, 4900);
	assert_int_equal(balancer_table_count(t), 0);
	balancer_table_free(&t);
}

static void test_a_pause_of_the_registry_is_no_silence(void **state)
{
	struct balancer_table *t = begin();

	(void)state;
	wait_for(t, 5000);
	assert_int_equal(say(t, "a", 1), 0);
	now_ms += 60000; /* stopped and let go on */
	balancer_table_advance(t, now_ms);
	assert_int_equal(balancer_table_count(t), 1);
	wait_for(t, 4900);
	assert_int_equal(balancer_table_count(t), 1);
	wait_for(t, 100);
	assert_int_equal(balancer_table_count(t), 0);
	balancer_table_free(&t);
}

static void test_processes_count_not_names(void **state)
{
	struct balancer_table *t = begin();

	(void)state;
	wait_for(t, 5000);
	assert_int_equal(say(t, "a", 1), 0);
	assert_int_equal(say(t, "a", 2), 0);
	assert_int_equal(say(t, "a", 1), 0);
	assert_int_equal(balancer_table_count(t), 2);
	balancer_table_free(&t);
}

static void test_no_more_than_256(void **state)
{
	struct balancer_table *t = begin();

	(void)state;
	wait_for(t, 5000);
	for (unsigned i = 0; i < BALANCER_TABLE_MAX; i++)
		assert_int_equal(say(t, "a", 1 + i), 0);
	assert_int_equal(say(t, "a", 1 + BALANCER_TABLE_MAX), ERR_LIMIT);
	assert_int_equal(say(t, "a", BALANCER_TABLE_MAX), 0);
	assert_int_equal(balancer_table_count(t), BALANCER_TABLE_MAX);
	wait_for(t, 5000); /* there is room again */
	assert_int_equal(say(t, "a", 1 + BALANCER_TABLE_MAX), 0);
	balancer_table_free(&t);
	balancer_table_free(&t);
}

static void note(const struct balancer_entry *entry, enum balancer_event event,
		 void *arg)
{
	struct buf *seen = arg;

	buf_printf(seen, "%c%s ", event == BALANCER_JOINED ? '+' : '-',
		   entry->id);
}

static void test_the_listener_hears_who_comes_and_goes(void **state)
{
	struct balancer_table *t = begin();
	char storage[64];
	struct buf seen;

	(void)state;
	buf_init_fixed(&seen, storage, sizeof(storage));
	balancer_table_listen(t, note, &seen);
	assert_int_equal(say(t, "a", 1), 0);
	assert_int_equal(say(t, "b", 1), 0);
	assert_int_equal(say(t, "a", 1), 0);
	wait_for(t, 4900);
	assert_int_equal(say(t, "b", 1), 0);
	wait_for(t, 100);
	assert_string_equal(buf_cstr(&seen), "+a +b -a ");
	balancer_table_free(&t);
}

/* A report each second in which the totals have grown by these. */
static void grow(struct balancer_table *t, const char *id,
		 struct report *totals, uint64_t queries, uint64_t spill)
{
	struct report report;

	totals->queries_total += queries;
	totals->spill_total += spill;
	report = *totals;
	assert_int_equal(balancer_table_report(t, sv_str(id), &report, now_ms),
			 0);
	wait_for(t, 1000);
}

static void test_rates_come_from_the_totals(void **state)
{
	struct balancer_table *t = begin();
	struct report a = {.boot_epoch = 1, .p99_us = 80},
		      b = {.boot_epoch = 2, .p99_us = -1};
	struct balancer_rates rates;
	double p99_us;

	(void)state;
	balancer_table_rates(t, &rates, &p99_us);
	assert_true(rates.queries_per_s == 0 && p99_us == -1);
	/* what was before the first report counts for nothing */
	grow(t, "a", &a, 1000000, 900000);
	balancer_table_rates(t, &rates, &p99_us);
	assert_true(rates.queries_per_s == 0 && p99_us == 80);
	for (int i = 0; i < 100; i++) {
		grow(t, "a", &a, 300, 30);
		grow(t, "b", &b, 100, 0);
	}
	balancer_table_rates(t, &rates, &p99_us); /* each in two seconds */
	assert_true(rates.queries_per_s > 199.9 && rates.queries_per_s < 200.1);
	assert_true(rates.spill_per_s > 14.9 && rates.spill_per_s < 15.1);
	assert_true(rates.misses_per_s == 0 && p99_us == 80);
	/* totals that shrink are no rate below zero */
	a.queries_total = 0;
	grow(t, "a", &a, 0, 0);
	balancer_table_rates(t, &rates, &p99_us);
	assert_true(rates.queries_per_s > 150 && rates.queries_per_s < 200);
	balancer_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_until_it_has_listened),
		cmocka_unit_test(test_silence_ends_it),
		cmocka_unit_test(test_a_pause_of_the_registry_is_no_silence),
		cmocka_unit_test(test_processes_count_not_names),
		cmocka_unit_test(test_no_more_than_256),
		cmocka_unit_test(test_the_listener_hears_who_comes_and_goes),
		cmocka_unit_test(test_rates_come_from_the_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
