/*
 * test_heartbeat.c - every rule of the adaptive heartbeat, one at a time, with
 * a virtual clock. The long run is in tests/sim/heartbeat.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/client/heartbeat_bench.h"

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
