/*
 * test_heartbeat.c - every rule of the adaptive heartbeat, one at a time, with
 * a virtual clock. The long run is in tests/sim/heartbeat.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "client/heartbeat.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static const struct heartbeat_bounds usual = {60, 60, 300, 30};

/* A machine, its clock, and the middlebox it lives behind. */
struct bench {
	struct heartbeat hb;
	struct netmemory memory;
	struct rng rng;
	int64_t now_ms;
};

static void begin(struct bench *b, const struct heartbeat_bounds *bounds)
{
	memset(b, 0, sizeof(*b));
	rng_seed(&b->rng, 1);
	heartbeat_init(&b->hb, bounds, &b->memory, &b->rng);
	heartbeat_start(&b->hb, b->now_ms);
}

/* The next beat goes out; returns the silence before it in ms. */
static int64_t beat(struct bench *b)
{
	int64_t silence_ms = heartbeat_due_ms(&b->hb) - b->now_ms;

	assert_int_equal(heartbeat_tick(&b->hb, heartbeat_due_ms(&b->hb) - 1),
			 HEARTBEAT_NOTHING);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_SEND);
	return silence_ms;
}

static int64_t good_beat(struct bench *b)
{
	int64_t silence_ms = beat(b);

	heartbeat_reply(&b->hb, b->now_ms);
	return silence_ms;
}

/* A beat and its second ping stay without a reply; then connected again. */
static void dead_beat(struct bench *b)
{
	int64_t sent_ms;

	beat(b);
	sent_ms = b->now_ms;
	assert_int_equal(heartbeat_due_ms(&b->hb),
			 sent_ms + HEARTBEAT_REPLY_MS);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_SEND);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(b->now_ms,
			 sent_ms + HEARTBEAT_REPLY_MS + HEARTBEAT_SECOND_MS);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_DEAD);
	heartbeat_start(&b->hb, b->now_ms);
}

static void three_good(struct bench *b)
{
	for (int i = 0; i < 3; i++)
		(void)good_beat(b);
}

/* From the start to a good value of @s. */
static void climb_to(struct bench *b, uint32_t s)
{
	while (b->hb.facts.good_s < s)
		three_good(b);
}

static const struct bounds_row {
	const char *rule;
	struct heartbeat_bounds given;
	uint32_t start_s, min_s, max_s, step_s;
} bounds_rows[] = {
	{"the published numbers stay", {60, 60, 300, 30}, 60, 60, 300, 30},
	{"never below 15 s", {1, 1, 300, 30}, 15, 15, 300, 30},
	{"never above 1800 s", {60, 60, 86400, 30}, 60, 60, 1800, 30},
	{"max below min is min", {60, 60, 10, 30}, 60, 60, 60, 30},
	{"start lies between", {10, 60, 300, 30}, 60, 60, 300, 30},
	{"start lies between, above", {900, 60, 300, 30}, 300, 60, 300, 30},
	{"a step of nothing is a second", {60, 60, 300, 0}, 60, 60, 300, 1},
	{"zeros are the floor", {0, 0, 0, 0}, 15, 15, 15, 1},
	{"huge numbers are the roof",
	 {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
	 1800,
	 1800,
	 1800,
	 1800},
};

static void test_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bounds_rows) / sizeof(*bounds_rows);
	     i++) {
		const struct bounds_row *row = &bounds_rows[i];
		struct bench b;

		begin(&b, &row->given);
		if (b.hb.bounds.start_s != row->start_s ||
		    b.hb.bounds.min_s != row->min_s ||
		    b.hb.bounds.max_s != row->max_s ||
		    b.hb.bounds.step_s != row->step_s ||
		    b.hb.interval_s != row->start_s)
			fail_msg("%s", row->rule);
	}
}

static void test_up_after_three_in_a_row(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	/* Nothing is proven yet: exactly on time. */
	assert_int_equal(good_beat(&b), 60000);
	assert_int_equal(good_beat(&b), 60000);
	assert_int_equal(b.hb.facts.good_s, 0);
	assert_int_equal(good_beat(&b), 60000);
	assert_int_equal(b.hb.facts.good_s, 60);
	assert_int_equal(good_beat(&b), 90000);
	climb_to(&b, 300);
	for (int i = 0; i < 20; i++)
		assert_in_range(good_beat(&b), 290000, 300000);
	assert_int_equal(b.hb.interval_s, 300);
}

static void test_stable_beats_are_early_at_random(void **state)
{
	int64_t least_ms = INT64_MAX, most_ms = 0;
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 300);
	for (int i = 0; i < 200; i++) {
		int64_t silence_ms = good_beat(&b);

		assert_in_range(silence_ms, 290000, 300000);
		least_ms = silence_ms < least_ms ? silence_ms : least_ms;
		most_ms = silence_ms > most_ms ? silence_ms : most_ms;
	}
	assert_true(most_ms - least_ms > 3000);
}

static void test_received_bytes_prove_nothing(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	for (int i = 0; i < 9; i++) {
		heartbeat_received(&b.hb);
		(void)good_beat(&b);
	}
	assert_int_equal(b.hb.facts.good_s, 0);
	three_good(&b);
	assert_int_equal(b.hb.facts.good_s, 60);
}

static void test_any_byte_sent_rearms(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	heartbeat_sent(&b.hb, 59000);
	assert_int_equal(heartbeat_due_ms(&b.hb), 119000);
	b.now_ms = 59000;
	assert_int_equal(good_beat(&b), 60000);
	/* while a reply is awaited its deadline stands */
	(void)beat(&b);
	heartbeat_sent(&b.hb, b.now_ms + 1000);
	assert_int_equal(heartbeat_due_ms(&b.hb),
			 b.now_ms + HEARTBEAT_REPLY_MS);
}

static void test_probe_is_retried_once_then_ceiling(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	assert_int_equal(b.hb.interval_s, 120);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 0);
	assert_int_equal(b.hb.interval_s, 90); /* three at the good one first */
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 120);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 120);
	assert_int_equal(b.hb.interval_s, 90);
	for (int i = 0; i < 50; i++)
		(void)good_beat(&b);
	assert_int_equal(b.hb.interval_s, 90);
}

/* Beats at the good value until something else is tried; returns when. */
static int64_t until_probe(struct bench *b)
{
	uint32_t good_s = b->hb.facts.good_s;

	while (b->hb.interval_s == good_s)
		(void)good_beat(b);
	return b->now_ms;
}

static void test_ceiling_is_retried_after_6h_24h_7d(void **state)
{
	static const int64_t waits_h[] = {6, 24, 7 * 24, 7 * 24};
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	dead_beat(&b);
	three_good(&b);
	dead_beat(&b);
	for (size_t i = 0; i < 4; i++) {
		int64_t set_ms = b.now_ms;
		int64_t wait_ms = until_probe(&b) - set_ms;

		assert_in_range(wait_ms, waits_h[i] * HOUR_MS,
				waits_h[i] * HOUR_MS + 400000);
		assert_int_equal(b.hb.interval_s, 120);
		dead_beat(&b); /* one is enough for what was a ceiling */
		assert_int_equal(b.hb.facts.ceiling_s, 120);
		assert_int_equal(b.hb.interval_s, 90);
	}
}

static void test_ceiling_that_went_away(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	dead_beat(&b);
	three_good(&b);
	dead_beat(&b);
	(void)until_probe(&b);
	three_good(&b);
	assert_int_equal(b.hb.facts.good_s, 120);
	assert_int_equal(b.hb.facts.ceiling_s, 0);
	assert_int_equal(b.hb.interval_s, 150);
}

static void test_two_failures_at_a_stable_value(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 300);
	(void)good_beat(&b); /* a success between: chance */
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 270);
	assert_int_equal(b.hb.facts.good_s, 270);
	/* it may be tried again soon, and then one failure settles it */
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 300);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 300);
}

static void test_below_min_in_halves_to_15(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 60);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 30);
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 30);
	dead_beat(&b);
	dead_beat(&b);
	assert_int_equal(b.hb.interval_s, 15);
	for (int i = 0; i < 6; i++) {
		dead_beat(&b);
		assert_int_equal(b.hb.interval_s, 15);
	}
	three_good(&b);
	assert_int_equal(b.hb.facts.good_s, 15);
}

static void test_up_again_from_below_min(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	dead_beat(&b);
	dead_beat(&b);
	climb_to(&b, 30);
	(void)until_probe(&b); /* 6 h later the ceiling of 60 */
	assert_int_equal(b.hb.interval_s, 60);
	three_good(&b);
	assert_int_equal(b.hb.interval_s, 90);
}

static void test_second_ping_saves_the_link(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	(void)good_beat(&b);
	(void)good_beat(&b);
	(void)beat(&b);
	b.now_ms += HEARTBEAT_REPLY_MS;
	assert_int_equal(heartbeat_tick(&b.hb, b.now_ms), HEARTBEAT_SEND);
	heartbeat_reply(&b.hb, b.now_ms + 100);
	assert_int_equal(b.hb.phase, HEARTBEAT_SILENT);
	/* the silence before it was survived: it counts */
	assert_int_equal(b.hb.facts.good_s, 60);
	assert_int_equal(b.hb.interval_s, 90);
	/* and the next silence is counted from the second ping */
	assert_int_equal(heartbeat_due_ms(&b.hb), b.now_ms + 90000);
}

static const struct end_row {
	const char *rule;
	enum heartbeat_end end;
	int64_t after_ms;	/* of the silence at 120 s, 90 s being good */
	unsigned want_failures; /* of the probe */
} end_rows[] = {
	{"a reset beyond the good silence speaks against the probe",
	 HEARTBEAT_LOST, 90001, 1},
	{"a reset within the good silence is something else", HEARTBEAT_LOST,
	 90000, 0},
	{"a goodbye says nothing of the network", HEARTBEAT_ANNOUNCED, 100000,
	 0},
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(end_rows) / sizeof(*end_rows); i++) {
		const struct end_row *row = &end_rows[i];
		struct bench b;

		begin(&b, &usual);
		climb_to(&b, 90);
		heartbeat_stop(&b.hb, row->end, b.now_ms + row->after_ms);
		if (b.hb.probe_failures != row->want_failures)
			fail_msg("%s", row->rule);
		assert_int_equal(heartbeat_due_ms(&b.hb), HEARTBEAT_IDLE);
		assert_int_equal(heartbeat_tick(&b.hb, INT64_MAX - 1),
				 HEARTBEAT_NOTHING);
	}
}

static void test_a_reset_after_the_beat_counts(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	(void)beat(&b);
	heartbeat_stop(&b.hb, HEARTBEAT_LOST, b.now_ms + 10);
	assert_int_equal(b.hb.probe_failures, 1);
}

static void test_suspended_process_learns_nothing(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 90);
	b.now_ms = heartbeat_due_ms(&b.hb) + 600000; /* asleep */
	assert_int_equal(heartbeat_tick(&b.hb, b.now_ms), HEARTBEAT_SEND);
	assert_int_equal(heartbeat_tick(&b.hb, b.now_ms + 8000),
			 HEARTBEAT_SEND);
	assert_int_equal(heartbeat_tick(&b.hb, b.now_ms + 13000),
			 HEARTBEAT_DEAD);
	assert_int_equal(b.hb.probe_failures, 0);
}

static void test_foreground_beats_at_min(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 300);
	heartbeat_set_activity(&b.hb, HEARTBEAT_FOREGROUND);
	assert_int_equal(heartbeat_due_ms(&b.hb), b.now_ms + 60000);
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 60);
	for (int i = 0; i < 10; i++)
		assert_in_range(good_beat(&b), 59000, 60000);
	heartbeat_set_activity(&b.hb, HEARTBEAT_BACKGROUND);
	assert_int_equal(heartbeat_due_ms(&b.hb), b.now_ms + 300000);
	assert_int_equal(b.hb.facts.good_s, 300);
}

static void test_declares_the_longest_that_can_follow(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 60);
	(void)good_beat(&b);
	(void)good_beat(&b);
	/* the third success will make it 90 */
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 90);
	climb_to(&b, 300);
	assert_int_equal(heartbeat_declared_s(&b.hb, b.now_ms), 300);
}

static void test_memory_of_networks(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	heartbeat_set_network(&b.hb, "wifi", b.now_ms);
	heartbeat_start(&b.hb, b.now_ms);
	climb_to(&b, 180);
	heartbeat_set_network(&b.hb, "mobile", b.now_ms);
	assert_int_equal(b.hb.phase, HEARTBEAT_OFFLINE);
	assert_int_equal(b.hb.interval_s, 60);
	heartbeat_start(&b.hb, b.now_ms);
	dead_beat(&b);
	dead_beat(&b);
	assert_int_equal(b.hb.facts.ceiling_s, 60);
	heartbeat_set_network(&b.hb, "wifi", b.now_ms);
	heartbeat_start(&b.hb, b.now_ms);
	assert_int_equal(b.hb.interval_s, 180);
	assert_in_range(good_beat(&b), 170000, 180000);
	heartbeat_set_network(&b.hb, "mobile", b.now_ms);
	assert_int_equal(b.hb.interval_s, 30);
	/* after a week nothing is known any more */
	b.now_ms += NETMEMORY_AGE_MS + 1;
	heartbeat_set_network(&b.hb, "wifi", b.now_ms);
	assert_int_equal(b.hb.facts.good_s, 0);
	assert_int_equal(b.hb.interval_s, 60);
}

static void test_new_bounds_keep_what_was_learned(void **state)
{
	static const struct heartbeat_bounds narrow = {60, 60, 120, 30};
	struct bench b;

	(void)state;
	begin(&b, &usual);
	climb_to(&b, 180);
	heartbeat_set_bounds(&b.hb, &narrow);
	assert_int_equal(b.hb.interval_s, 120);
	heartbeat_set_bounds(&b.hb, &usual);
	heartbeat_start(&b.hb, b.now_ms);
	assert_int_equal(b.hb.interval_s, 120);
	climb_to(&b, 300);
}

static void test_stray_replies_are_harmless(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, &usual);
	heartbeat_reply(&b.hb, 5);
	assert_int_equal(heartbeat_due_ms(&b.hb), 60000);
	heartbeat_stop(&b.hb, HEARTBEAT_ANNOUNCED, 10);
	heartbeat_reply(&b.hb, 20);
	heartbeat_sent(&b.hb, 20);
	heartbeat_received(&b.hb);
	assert_int_equal(heartbeat_due_ms(&b.hb), HEARTBEAT_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_up_after_three_in_a_row),
		cmocka_unit_test(test_stable_beats_are_early_at_random),
		cmocka_unit_test(test_received_bytes_prove_nothing),
		cmocka_unit_test(test_any_byte_sent_rearms),
		cmocka_unit_test(test_probe_is_retried_once_then_ceiling),
		cmocka_unit_test(test_ceiling_is_retried_after_6h_24h_7d),
		cmocka_unit_test(test_ceiling_that_went_away),
		cmocka_unit_test(test_two_failures_at_a_stable_value),
		cmocka_unit_test(test_below_min_in_halves_to_15),
		cmocka_unit_test(test_up_again_from_below_min),
		cmocka_unit_test(test_second_ping_saves_the_link),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_a_reset_after_the_beat_counts),
		cmocka_unit_test(test_suspended_process_learns_nothing),
		cmocka_unit_test(test_foreground_beats_at_min),
		cmocka_unit_test(test_declares_the_longest_that_can_follow),
		cmocka_unit_test(test_memory_of_networks),
		cmocka_unit_test(test_new_bounds_keep_what_was_learned),
		cmocka_unit_test(test_stray_replies_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
