/*
 * test_wheel.c - timers fire when due, never before, once; callbacks may do
 * anything to any timer; a model checks random histories.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/def.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/wheel.h"

static int64_t now_ms;

static void count_fire(struct wheel_timer *timer, void *arg)
{
	unsigned *fired = arg;

	assert_true(timer->due_ms <= now_ms);
	assert_false(wheel_is_armed(timer));
	++*fired;
}

static unsigned advance(struct wheel *wheel, int64_t to_ms)
{
	unsigned fired = 0, returned;

	now_ms = to_ms;
	returned = wheel_advance(wheel, to_ms, count_fire, &fired);
	assert_int_equal(returned, fired);
	return fired;
}

static const struct row {
	const char *rule;
	int64_t due_ms, before_ms, at_ms; /* silent at before, fires at at */
} ROWS[] = {
	{"due in the current tick", 1004, 1003, 1004},
	{"due on a tick", 1020, 1019, 1020},
	{"due within a later tick", 1025, 1024, 1025},
	{"due in the last slot of the turn", 1079, 1078, 1079},
	{"due one turn later, same slot", 1084, 1083, 1084},
	{"due many turns later", 9999, 9998, 9999},
	{"overdue fires at once", 500, 0, 1000},
	{"due now fires at once", 1000, 999, 1000},
	{"due before all time", INT64_MIN, 0, 1000},
};

static void test_fires_when_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct wheel *wheel = wheel_new(8, 10, 1000);
		struct wheel_timer timer = {.next = NULL};

		wheel_arm(wheel, &timer, ROWS[i].due_ms);
		assert_true(wheel_is_armed(&timer));
		if (ROWS[i].before_ms >= 1000 &&
		    advance(wheel, ROWS[i].before_ms))
			fail_msg("%s: early", ROWS[i].rule);
		if (advance(wheel, ROWS[i].at_ms) != 1)
			fail_msg("%s: late", ROWS[i].rule);
		assert_false(wheel_is_armed(&timer));
		assert_int_equal(advance(wheel, ROWS[i].at_ms + 100000), 0);
		wheel_free(&wheel);
		assert_null(wheel);
	}
}

static void test_long_jump_fires_all(void **state)
{
	struct wheel *wheel = wheel_new(16, 10, 0);
	static struct wheel_timer timers[1000];

	(void)state;
	memset(timers, 0, sizeof(timers));
	for (int i = 0; i < 1000; i++)
		wheel_arm(wheel, &timers[i], i * 7);
	assert_int_equal(advance(wheel, 1000000000000), 1000);
	wheel_free(&wheel);
}

static void test_rearm_and_cancel(void **state)
{
	struct wheel *wheel = wheel_new(8, 10, 0);
	struct wheel_timer a = {.next = NULL}, b = {.next = NULL};

	(void)state;
	wheel_cancel(wheel, &a); /* idle: nothing happens */
	wheel_arm(wheel, &a, 50);
	wheel_arm(wheel, &b, 50);
	wheel_arm(wheel, &a, 70); /* moved, not doubled */
	assert_int_equal(advance(wheel, 60), 1);
	assert_int_equal(advance(wheel, 70), 1);
	wheel_arm(wheel, &a, 100);
	wheel_cancel(wheel, &a);
	assert_false(wheel_is_armed(&a));
	assert_int_equal(advance(wheel, 200), 0);
	wheel_free(&wheel);
	wheel_free(&wheel);
}

static void test_clock_stepping_back_fires_nothing(void **state)
{
	struct wheel *wheel = wheel_new(8, 10, 0);
	struct wheel_timer timer = {.next = NULL};

	(void)state;
	assert_int_equal(advance(wheel, 1000), 0);
	wheel_arm(wheel, &timer, 900);
	assert_int_equal(advance(wheel, 899), 0);
	assert_int_equal(advance(wheel, 1000), 1);
	/* What is due by the older time too does fire. */
	wheel_arm(wheel, &timer, 500);
	assert_int_equal(advance(wheel, 899), 1);
	wheel_free(&wheel);
}

static void test_free_leaves_timers_idle(void **state)
{
	struct wheel *wheel = wheel_new(1, 1, 0);
	struct wheel_timer timer = {.next = NULL};

	(void)state;
	wheel_arm(wheel, &timer, 5);
	wheel_free(&wheel);
	assert_false(wheel_is_armed(&timer));
}

/* What a callback does to the timers around it. */
struct act {
	struct wheel *wheel;
	struct wheel_timer timers[3];
	unsigned fired;
};

static void cancel_others(struct wheel_timer *timer, void *arg)
{
	struct act *act = arg;

	act->fired++;
	for (int i = 0; i < 3; i++)
		if (&act->timers[i] != timer)
			wheel_cancel(act->wheel, &act->timers[i]);
}

static void rearm_all_now(struct wheel_timer *timer, void *arg)
{
	struct act *act = arg;

	(void)timer;
	act->fired++;
	for (int i = 0; i < 3; i++)
		wheel_arm(act->wheel, &act->timers[i], 0);
}

static void test_callbacks_touch_other_timers(void **state)
{
	struct act act = {.wheel = wheel_new(8, 10, 0)};

	(void)state;
	for (int i = 0; i < 3; i++)
		wheel_arm(act.wheel, &act.timers[i], 10 + i);
	assert_int_equal(wheel_advance(act.wheel, 500, cancel_others, &act), 1);
	assert_int_equal(act.fired, 1);
	for (int i = 0; i < 3; i++)
		assert_false(wheel_is_armed(&act.timers[i]));
	/* Armed for now from a callback: the next call's turn, no spinning. */
	wheel_arm(act.wheel, &act.timers[0], 0);
	assert_int_equal(wheel_advance(act.wheel, 500, rearm_all_now, &act), 1);
	assert_int_equal(wheel_advance(act.wheel, 500, cancel_others, &act), 1);
	wheel_free(&act.wheel);
}

struct owner {
	struct wheel_timer timer;
	int payload;
};

static void free_owner(struct wheel_timer *timer, void *arg)
{
	unsigned *freed = arg;

	mem_free(CONTAINER_OF(timer, struct owner, timer));
	++*freed;
}

static void test_callbacks_free_their_object(void **state)
{
	struct wheel *wheel = wheel_new(4, 10, 0);
	unsigned freed = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct owner *owner = mem_alloc(sizeof(*owner));

		wheel_arm(wheel, &owner->timer, i);
	}
	assert_int_equal(wheel_advance(wheel, 49, free_owner, &freed), 50);
	assert_int_equal(wheel_advance(wheel, 99, free_owner, &freed), 50);
	assert_int_equal(freed, 100);
	wheel_free(&wheel);
}

#define MODEL_TIMERS 64
static struct wheel_timer model[MODEL_TIMERS];
static int64_t model_due_ms[MODEL_TIMERS]; /* -1 = idle */

static void model_fire(struct wheel_timer *timer, void *arg)
{
	size_t i = (size_t)(timer - model);

	(void)arg;
	assert_true(model_due_ms[i] >= 0 && model_due_ms[i] <= now_ms);
	model_due_ms[i] = -1;
}

static void model_step(struct wheel *wheel, struct rng *rng)
{
	size_t i = rng_below(rng, MODEL_TIMERS);

	switch (rng_below(rng, 4)) {
	case 0:
		wheel_cancel(wheel, &model[i]);
		model_due_ms[i] = -1;
		return;
	case 1:
		now_ms += (int64_t)(rng_below(rng, 20) ? rng_below(rng, 30)
						       : rng_below(rng, 5000));
		wheel_advance(wheel, now_ms, model_fire, NULL);
		for (i = 0; i < MODEL_TIMERS; i++)
			assert_true(model_due_ms[i] == -1 ||
				    model_due_ms[i] > now_ms);
		return;
	default:
		model_due_ms[i] = now_ms + (int64_t)rng_below(rng, 2000);
		wheel_arm(wheel, &model[i], model_due_ms[i]);
	}
}

static void test_random_histories(void **state)
{
	struct wheel *wheel;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	memset(model_due_ms, 0xff, sizeof(model_due_ms));
	now_ms = 12345;
	wheel = wheel_new(32, 7, now_ms);
	for (int i = 0; i < 200000; i++)
		model_step(wheel, &rng);
	wheel_free(&wheel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires_when_due),
		cmocka_unit_test(test_long_jump_fires_all),
		cmocka_unit_test(test_rearm_and_cancel),
		cmocka_unit_test(test_clock_stepping_back_fires_nothing),
		cmocka_unit_test(test_free_leaves_timers_idle),
		cmocka_unit_test(test_callbacks_touch_other_timers),
		cmocka_unit_test(test_callbacks_free_their_object),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
