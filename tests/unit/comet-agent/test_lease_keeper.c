/* The lease machine under a virtual clock: what it calls, where, and when. */
#include "comet-agent/lease_keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RENEW_MS 5000
#define TTL_MS	 15000
#define SLOW_MS	 60000

static struct lease_keeper keeper;

static void begin(unsigned url_count, uint64_t seed)
{
	struct lease_config config = {.url_count = url_count,
				      .backoff_base_ms = 250,
				      .backoff_max_ms = 10000,
				      .slow_ms = SLOW_MS};

	lease_keeper_init(&keeper, &config, seed, 0);
}

static void answer(enum lease_answer kind, int64_t now_ms)
{
	lease_keeper_answer(&keeper, kind, RENEW_MS, TTL_MS, now_ms);
}

static void expect_call(enum lease_call call, int64_t now_ms)
{
	struct lease_step step = lease_keeper_next(&keeper, now_ms);

	if (step.call != call)
		fail_msg("at %lld: %s and not %s", (long long)now_ms,
			 lease_keeper_call_str(step.call),
			 lease_keeper_call_str(call));
}

/* Nothing to do now; returns when to ask again. */
static int64_t expect_wait(int64_t now_ms)
{
	struct lease_step step = lease_keeper_next(&keeper, now_ms);

	assert_int_equal(step.call, LEASE_CALL_NONE);
	return step.wake_ms;
}

/* Registered at time 0. */
static void hold(uint64_t seed)
{
	begin(1, seed);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_OK, 0);
}

static void test_registers_then_renews(void **state)
{
	int64_t due;

	(void)state;
	begin(1, 1);
	assert_int_equal(lease_keeper_state(&keeper, 0), LEASE_WANTED);
	expect_call(LEASE_CALL_REGISTER, 0);
	assert_true(expect_wait(0) == INT64_MAX); /* one call at a time */
	assert_true(expect_wait(99999) == INT64_MAX);
	answer(LEASE_ANSWER_OK, 10);
	assert_int_equal(lease_keeper_state(&keeper, 10), LEASE_HELD);
	assert_true(lease_keeper_is_current(&keeper));
	due = expect_wait(10);
	assert_true(expect_wait(due - 1) == due);
	expect_call(LEASE_CALL_RENEW, due);
}

static void test_jitter_is_ten_percent(void **state)
{
	int64_t low = INT64_MAX, high = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		int64_t due;

		hold(seed);
		due = expect_wait(0);
		low = due < low ? due : low;
		high = due > high ? due : high;
	}
	assert_in_range(low, 4500, 4520);
	assert_in_range(high, 5480, 5500);
}

static void test_terms_of_the_registry(void **state)
{
	static const struct {
		const char *rule;
		int64_t renew_ms, ttl_ms, want_renew_ms, want_ttl_ms;
	} rows[] = {
		{"what it asks for", 3000, 9000, 3000, 9000},
		{"nothing said keeps the defaults", 0, 0, 5000, 15000},
		{"renewals at least twice a TTL", 60000, 10000, 5000, 10000},
		{"no flood", 1, 10000, 200, 10000},
		{"a TTL below the least", 100, 1, 200, 2000},
		{"a TTL above the most", 5000, 9999999999, 5000, 3600000},
		{"negative numbers say nothing", -5, -5, 5000, 15000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(1, 1);
		expect_call(LEASE_CALL_REGISTER, 0);
		lease_keeper_answer(&keeper, LEASE_ANSWER_OK, rows[i].renew_ms,
				    rows[i].ttl_ms, 0);
		if (keeper.renew_ms != rows[i].want_renew_ms ||
		    keeper.ttl_ms != rows[i].want_ttl_ms)
			fail_msg("%s", rows[i].rule);
	}
}

static void test_unknown_registers_at_once(void **state)
{
	int64_t due;

	(void)state;
	hold(1);
	due = expect_wait(0);
	expect_call(LEASE_CALL_RENEW, due);
	answer(LEASE_ANSWER_UNKNOWN, due + 5);
	assert_int_equal(lease_keeper_state(&keeper, due + 5), LEASE_WANTED);
	expect_call(LEASE_CALL_REGISTER, due + 5);
	answer(LEASE_ANSWER_OK, due + 6);
	/* A registry that forgets at once does not make a tight loop. */
	assert_true(expect_wait(due + 6) >= due + 6 + 4500);
}

static void test_unknown_to_a_registration_backs_off(void **state)
{
	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_UNKNOWN, 0);
	assert_true(expect_wait(0) >= 50);
}

static void test_failures_take_turns_and_grow(void **state)
{
	int64_t now = 0, due;
	unsigned url;

	(void)state;
	begin(3, 7);
	for (unsigned n = 0; n < 60; n++) {
		int64_t bound = 250;
		struct lease_step step = lease_keeper_next(&keeper, now);

		assert_int_equal(step.call, LEASE_CALL_REGISTER);
		assert_int_equal(step.url, n % 3);
		answer(LEASE_ANSWER_FAILED, now);
		due = expect_wait(now);
		for (unsigned round = 0; round < n / 3 && bound < 10000;
		     round++)
			bound *= 2;
		bound = bound < 10000 ? bound : 10000;
		assert_in_range(due - now, 50, 50 + bound);
		now = due;
	}
	url = lease_keeper_next(&keeper, now).url;
	answer(LEASE_ANSWER_OK, now);
	/* The one that answered is kept, and the count begins anew. */
	due = expect_wait(now);
	assert_int_equal(lease_keeper_next(&keeper, due).url, url);
	answer(LEASE_ANSWER_FAILED, due);
	assert_true(expect_wait(due) - due <= 300);
}

static void test_backoff_is_full_jitter(void **state)
{
	int64_t low = INT64_MAX, high = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		int64_t due;

		begin(1, seed);
		expect_call(LEASE_CALL_REGISTER, 0);
		answer(LEASE_ANSWER_FAILED, 0);
		due = expect_wait(0);
		low = due < low ? due : low;
		high = due > high ? due : high;
	}
	assert_in_range(low, 50, 55);
	assert_in_range(high, 290, 300);
}

static void test_failed_renewals_go_on_and_show_as_lost(void **state)
{
	int64_t now;

	(void)state;
	hold(3);
	now = expect_wait(0);
	while (now <= TTL_MS) {
		assert_int_equal(lease_keeper_state(&keeper, now), LEASE_HELD);
		expect_call(LEASE_CALL_RENEW, now);
		answer(LEASE_ANSWER_FAILED, now);
		now = expect_wait(now);
	}
	assert_int_equal(lease_keeper_state(&keeper, TTL_MS), LEASE_HELD);
	assert_int_equal(lease_keeper_state(&keeper, TTL_MS + 1), LEASE_LOST);
	/* The registry may well have it still: it is asked, not told anew. */
	expect_call(LEASE_CALL_RENEW, now);
	answer(LEASE_ANSWER_OK, now);
	assert_int_equal(lease_keeper_state(&keeper, now), LEASE_HELD);
}

static void test_conflict_retries_slowly(void **state)
{
	int64_t due, again;

	(void)state;
	hold(1);
	due = expect_wait(0);
	expect_call(LEASE_CALL_RENEW, due);
	answer(LEASE_ANSWER_CONFLICT, due);
	assert_int_equal(lease_keeper_state(&keeper, due), LEASE_CONFLICT);
	again = expect_wait(due);
	assert_in_range(again - due, SLOW_MS * 9 / 10, SLOW_MS * 11 / 10);
	/* It asks for the id, it does not renew somebody else's lease. */
	expect_call(LEASE_CALL_REGISTER, again);
	answer(LEASE_ANSWER_CONFLICT, again);
	assert_int_equal(lease_keeper_state(&keeper, again), LEASE_CONFLICT);
	due = expect_wait(again);
	assert_true(due - again >= SLOW_MS * 9 / 10);
	/* Once the other is gone the id is ours again. */
	expect_call(LEASE_CALL_REGISTER, due);
	answer(LEASE_ANSWER_OK, due);
	assert_int_equal(lease_keeper_state(&keeper, due), LEASE_HELD);
}

static void test_refusal_retries_slowly(void **state)
{
	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_REFUSED, 0);
	assert_int_equal(lease_keeper_state(&keeper, 0), LEASE_WANTED);
	assert_in_range(expect_wait(0), SLOW_MS * 9 / 10, SLOW_MS * 11 / 10);
}

static void test_change_registers_at_once(void **state)
{
	(void)state;
	hold(1);
	lease_keeper_change(&keeper, 100);
	assert_false(lease_keeper_is_current(&keeper));
	expect_call(LEASE_CALL_REGISTER, 100);
	assert_false(lease_keeper_is_current(&keeper));
	answer(LEASE_ANSWER_OK, 101);
	assert_true(lease_keeper_is_current(&keeper));
}

static void test_change_during_a_call(void **state)
{
	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	lease_keeper_change(&keeper, 1);
	answer(LEASE_ANSWER_OK, 2);
	assert_false(lease_keeper_is_current(&keeper));
	expect_call(LEASE_CALL_REGISTER, 2);
	answer(LEASE_ANSWER_OK, 3);
	assert_true(lease_keeper_is_current(&keeper));
}

static void test_a_failed_registration_stays_due(void **state)
{
	int64_t due;

	(void)state;
	hold(1);
	lease_keeper_change(&keeper, 100);
	expect_call(LEASE_CALL_REGISTER, 100);
	answer(LEASE_ANSWER_FAILED, 101);
	due = expect_wait(101);
	expect_call(LEASE_CALL_REGISTER, due);
}

static void test_change_does_not_hurry_a_dead_registry(void **state)
{
	int64_t due;

	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_FAILED, 0);
	due = expect_wait(0);
	lease_keeper_change(&keeper, 1);
	assert_true(expect_wait(1) == due);
}

static void test_leave(void **state)
{
	(void)state;
	hold(1);
	lease_keeper_leave(&keeper, 100);
	assert_int_equal(lease_keeper_state(&keeper, 100), LEASE_LEAVING);
	expect_call(LEASE_CALL_DEREGISTER, 100);
	answer(LEASE_ANSWER_OK, 101);
	assert_int_equal(lease_keeper_state(&keeper, 101), LEASE_LEFT);
	assert_true(expect_wait(101) == INT64_MAX);
	lease_keeper_leave(&keeper, 102); /* again: nothing */
	lease_keeper_change(&keeper, 102);
	assert_true(expect_wait(1000000) == INT64_MAX);
}

static void test_leave_during_a_renewal(void **state)
{
	int64_t due;

	(void)state;
	hold(1);
	due = expect_wait(0);
	expect_call(LEASE_CALL_RENEW, due);
	lease_keeper_leave(&keeper, due + 1);
	assert_true(expect_wait(due + 1) == INT64_MAX);
	answer(LEASE_ANSWER_FAILED, due + 2);
	expect_call(LEASE_CALL_DEREGISTER, due + 2);
}

static void test_leave_before_registering(void **state)
{
	(void)state;
	begin(1, 1);
	lease_keeper_leave(&keeper, 0);
	assert_int_equal(lease_keeper_state(&keeper, 0), LEASE_LEFT);
}

/* The first registration may have arrived without its answer. */
static void test_leave_after_a_lost_registration(void **state)
{
	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_FAILED, 0);
	lease_keeper_leave(&keeper, 1);
	expect_call(LEASE_CALL_DEREGISTER, 1);
	answer(LEASE_ANSWER_UNKNOWN, 2);
	assert_int_equal(lease_keeper_state(&keeper, 2), LEASE_LEFT);
}

static void test_leave_in_conflict_touches_nothing(void **state)
{
	(void)state;
	begin(1, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_CONFLICT, 0);
	lease_keeper_leave(&keeper, 1);
	assert_int_equal(lease_keeper_state(&keeper, 1), LEASE_LEFT);
}

static void test_leave_gives_up(void **state)
{
	int64_t now = 0;

	(void)state;
	begin(2, 1);
	expect_call(LEASE_CALL_REGISTER, 0);
	answer(LEASE_ANSWER_OK, 0);
	lease_keeper_leave(&keeper, now);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(lease_keeper_state(&keeper, now),
				 LEASE_LEAVING);
		expect_call(LEASE_CALL_DEREGISTER, now);
		answer(LEASE_ANSWER_FAILED, now);
		now += 20000;
	}
	assert_int_equal(lease_keeper_state(&keeper, now), LEASE_LEFT);
}

/* Whatever comes: one call at a time, and never a tight loop. */
static void test_random_answers_never_flood(void **state)
{
	struct rng rng;
	int64_t now = 0;
	unsigned calls = 0;

	(void)state;
	rng_seed(&rng, 42);
	begin(2, 42);
	for (int i = 0; i < 200000; i++) {
		struct lease_step step = lease_keeper_next(&keeper, now);

		if (step.call == LEASE_CALL_NONE) {
			assert_true(step.wake_ms > now);
			now = step.wake_ms;
			continue;
		}
		calls++;
		lease_keeper_answer(
			&keeper,
			(enum lease_answer)rng_below(&rng, LEASE_ANSWER_COUNT),
			(int64_t)rng_below(&rng, 20000),
			(int64_t)rng_below(&rng, 40000), now);
	}
	assert_true(now / calls >= 100);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < LEASE_STATE_COUNT; i++)
		assert_non_null(lease_keeper_state_str((enum lease_state)i));
	for (int i = 0; i < LEASE_CALL_COUNT; i++)
		assert_non_null(lease_keeper_call_str((enum lease_call)i));
	for (int i = 0; i < LEASE_ANSWER_COUNT; i++)
		assert_non_null(lease_keeper_answer_str((enum lease_answer)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers_then_renews),
		cmocka_unit_test(test_jitter_is_ten_percent),
		cmocka_unit_test(test_terms_of_the_registry),
		cmocka_unit_test(test_unknown_registers_at_once),
		cmocka_unit_test(test_unknown_to_a_registration_backs_off),
		cmocka_unit_test(test_failures_take_turns_and_grow),
		cmocka_unit_test(test_backoff_is_full_jitter),
		cmocka_unit_test(test_failed_renewals_go_on_and_show_as_lost),
		cmocka_unit_test(test_conflict_retries_slowly),
		cmocka_unit_test(test_refusal_retries_slowly),
		cmocka_unit_test(test_change_registers_at_once),
		cmocka_unit_test(test_change_during_a_call),
		cmocka_unit_test(test_a_failed_registration_stays_due),
		cmocka_unit_test(test_change_does_not_hurry_a_dead_registry),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_during_a_renewal),
		cmocka_unit_test(test_leave_before_registering),
		cmocka_unit_test(test_leave_after_a_lost_registration),
		cmocka_unit_test(test_leave_in_conflict_touches_nothing),
		cmocka_unit_test(test_leave_gives_up),
		cmocka_unit_test(test_random_answers_never_flood),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
