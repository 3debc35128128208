/*
 * test_demand.c - from counts to rates.
 */
#include "balancer/demand.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/def.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6 * (1 + fabs((double)(b))))

static void count(struct demand *d, unsigned worker, uint16_t cell, unsigned n)
{
	while (n-- > 0)
		demand_count(demand_counter(d, worker), 0, cell);
}

static void test_a_steady_rate_is_found_at_once(void **state)
{
	struct demand *d = demand_new(2);

	(void)state;
	assert_int_equal(demand_slot(d, SV("im")), 0);
	count(d, 0, 3, 1000); /* before the clock runs: no rate */
	demand_update(d, 5000);
	assert_true(demand_rate(d, 0, 3) == 0);
	for (int64_t now_ms = 6000; now_ms <= 9000; now_ms += 1000) {
		count(d, 0, 3, 30);
		count(d, 1, 3, 20);
		count(d, 1, 65535, 1);
		demand_update(d, now_ms);
		NEAR(demand_rate(d, 0, 3), 50);
		NEAR(demand_rate(d, 0, 65535), 1);
	}
	assert_true(demand_rate(d, 0, 4) == 0);
	demand_free(&d);
	demand_free(&d);
}

static void test_rates_fade_with_three_seconds(void **state)
{
	struct demand *d = demand_new(1);

	(void)state;
	demand_slot(d, SV("im"));
	demand_update(d, 0);
	for (int64_t s = 1; s <= 60; s++) {
		count(d, 0, 1, 100);
		demand_update(d, s * 1000);
	}
	NEAR(demand_rate(d, 0, 1), 100);
	demand_update(d, 63000);
	NEAR(demand_rate(d, 0, 1), 100 * exp(-1));
	/* the steps do not matter */
	for (int64_t ms = 63100; ms <= 66000; ms += 100)
		demand_update(d, ms);
	NEAR(demand_rate(d, 0, 1), 100 * exp(-2));
	demand_update(d, 3600000);
	assert_true(demand_rate(d, 0, 1) == 0);
	demand_free(&d);
}

/* A build for a change may come 50 ms after the start. */
static void test_a_burst_at_the_start_is_no_flood(void **state)
{
	static const struct {
		const char *rule;
		int64_t at_ms;
		unsigned count;
		double want;
	} rows[] = {
		{"60 questions in 50 ms are 60 a second", 50, 60, 60},
		{"they stay while the first second lasts", 400, 0, 60},
		{"others of that second add up", 999, 12, 72},
		{"at its end it is what was counted in it", 1000, 1, 73},
		{"then the mean of all time goes on", 1500, 2, 50},
		{"without anybody else it halves", 3000, 0, 25},
		{"then it fades as ever", 6000, 0, 25 * 0.36787944117144233},
	};
	struct demand *d = demand_new(1);

	(void)state;
	demand_slot(d, SV("im"));
	demand_update(d, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].rule);
		count(d, 0, 1, rows[i].count);
		demand_update(d, rows[i].at_ms);
		NEAR(demand_rate(d, 0, 1), rows[i].want);
	}
	demand_free(&d);
}

/* The same questions later are reckoned by what is usual. */
static void test_a_burst_later_is_weighed_by_three_seconds(void **state)
{
	struct demand *d = demand_new(1);

	(void)state;
	demand_slot(d, SV("im"));
	demand_update(d, 0);
	demand_update(d, 60000);
	count(d, 0, 1, 60);
	demand_update(d, 60050);
	NEAR(demand_rate(d, 0, 1), (1 - exp(-0.05 / 3)) * 60 / 0.05);
	demand_free(&d);
}

static void test_no_time_no_change(void **state)
{
	struct demand *d = demand_new(1);

	(void)state;
	demand_slot(d, SV("im"));
	demand_update(d, 1000);
	count(d, 0, 1, 10);
	demand_update(d, 1000);
	demand_update(d, 900);
	assert_true(demand_rate(d, 0, 1) == 0);
	demand_update(d, 2000);
	NEAR(demand_rate(d, 0, 1), 10);
	demand_free(&d);
}

static void test_slots(void **state)
{
	struct demand *d = demand_new(1);
	char name[2] = "a";

	(void)state;
	for (unsigned i = 0; i < DEMAND_SLOTS; i++) {
		name[0] = (char)('a' + i);
		assert_int_equal(demand_slot(d, sv_str(name)), i);
	}
	assert_int_equal(demand_slot(d, SV("d")), 3);
	assert_int_equal(demand_slot(d, SV("one too many")), 0);
	demand_update(d, 1000);
	demand_count(demand_counter(d, 0), 3, 7);
	demand_update(d, 2000);
	NEAR(demand_rate(d, 3, 7), 1);
	assert_true(demand_rate(d, 0, 7) == 0);
	assert_null(demand_rates(d, DEMAND_SLOTS));
	assert_true(demand_rate(d, DEMAND_SLOTS, 7) == 0);
	demand_free(&d);
}

static void test_what_was_counted_in_all(void **state)
{
	struct demand *d = demand_new(2);

	(void)state;
	assert_int_equal(demand_cell_end(d, 3), 0);
	demand_count(demand_counter(d, 0), 3, 7);
	demand_count(demand_counter(d, 1), 3, 7);
	demand_count(demand_counter(d, 1), 3, 9);
	demand_update(d, 1000); /* taking rates does not take counts away */
	assert_int_equal(demand_counted(d, 3, 7), 2);
	assert_int_equal(demand_counted(d, 3, 8), 0);
	assert_int_equal(demand_cell_end(d, 3), 10);
	demand_free(&d);
}

static void test_set_rates_stay(void **state)
{
	struct demand *d = demand_new(1);

	(void)state;
	demand_set_rate(d, 0, 1, 5); /* no service yet: ignored */
	assert_true(demand_rate(d, 0, 1) == 0);
	demand_slot(d, SV("im"));
	demand_set_rate(d, 0, 1, 5);
	demand_update(d, 1000);
	count(d, 0, 1, 100);
	demand_update(d, 2000);
	NEAR(demand_rate(d, 0, 1), 5);
	demand_free(&d);
}

static void test_rates_go_along_when_cells_get_new_numbers(void **state)
{
	static const uint16_t to[] = {0, 3, 3, 9, 0};
	struct demand *d = demand_new(1);

	(void)state;
	demand_slot(d, SV("im"));
	demand_slot(d, SV("push"));
	demand_update(d, 0);
	for (uint16_t cell = 1; cell <= 5; cell++)
		count(d, 0, cell, 10U * cell);
	demand_count(demand_counter(d, 0), 1, 2);
	demand_update(d, 1000);
	demand_carry(d, to, 5);
	assert_true(demand_rate(d, 0, 1) == 0);
	NEAR(demand_rate(d, 0, 3), 30); /* of 1 and 2 */
	NEAR(demand_rate(d, 0, 9), 30); /* of 3, beyond all that was counted */
	NEAR(demand_rate(d, 0, 0), 40); /* 4 has gone */
	assert_true(demand_rate(d, 0, 5) == 0); /* not in the list */
	NEAR(demand_rate(d, 1, 3), 1);
	/* What goes on being counted meets them; the rest fades. */
	for (int64_t s = 2; s <= 60; s++) {
		count(d, 0, 9, 30);
		demand_update(d, s * 1000);
	}
	NEAR(demand_rate(d, 0, 9), 30);
	assert_true(demand_rate(d, 0, 3) < 1e-4);
	demand_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_steady_rate_is_found_at_once),
		cmocka_unit_test(test_rates_fade_with_three_seconds),
		cmocka_unit_test(test_a_burst_at_the_start_is_no_flood),
		cmocka_unit_test(
			test_a_burst_later_is_weighed_by_three_seconds),
		cmocka_unit_test(test_no_time_no_change),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_what_was_counted_in_all),
		cmocka_unit_test(test_set_rates_stay),
		cmocka_unit_test(
			test_rates_go_along_when_cells_get_new_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
