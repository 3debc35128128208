/*
 * test_loop.c - turns, timers, what is put off, signals.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>

#include "tests/unit/lib-net/net_helper.h"

static char order[64];
static size_t order_len;

static void note(char c)
{
	if (order_len + 1 < sizeof(order))
		order[order_len++] = c;
	order[order_len] = '\0';
}

static void note_a(void *arg)
{
	(void)arg;
	note('a');
}

static void note_b_and_later(void *arg)
{
	note('b');
	loop_later(arg, note_a, NULL);
}

static void test_later_keeps_its_order(void **state)
{
	struct loop *loop;

	(void)state;
	order_len = 0;
	assert_int_equal(loop_new(&loop), 0);
	loop_later(loop, note_b_and_later, loop);
	loop_later(loop, note_a, NULL);
	/* What is put off meanwhile waits for the next turn. */
	helper_turn(loop);
	assert_string_equal(order, "baa");
	/* And what nobody turned for is run at the end. */
	loop_later(loop, note_b_and_later, loop);
	loop_free(&loop);
	assert_null(loop);
	assert_string_equal(order, "baaba");
	loop_free(&loop);
}

static void test_many_laters(void **state)
{
	struct loop *loop;
	unsigned count = 0;

	(void)state;
	order_len = 0;
	assert_int_equal(loop_new(&loop), 0);
	for (; count < 1000; count++)
		loop_later(loop, note_a, NULL);
	helper_turn(loop);
	assert_int_equal(order_len, sizeof(order) - 1);
	loop_free(&loop);
}

struct ticking {
	struct loop_timer *timer;
	unsigned fired;
};

static void on_tick(void *arg)
{
	((struct ticking *)arg)->fired++;
}

static void on_tick_free(void *arg)
{
	struct ticking *ticking = arg;

	ticking->fired++;
	loop_timer_free(&ticking->timer);
}

static bool has_fired_thrice(void *arg)
{
	return ((struct ticking *)arg)->fired >= 3;
}

static bool has_fired(void *arg)
{
	return ((struct ticking *)arg)->fired >= 1;
}

static void test_timers(void **state)
{
	struct ticking every = {0}, once = {0}, stopped = {0}, freed = {0};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	every.timer = loop_timer_new(loop, on_tick, &every);
	once.timer = loop_timer_new(loop, on_tick, &once);
	stopped.timer = loop_timer_new(loop, on_tick, &stopped);
	freed.timer = loop_timer_new(loop, on_tick_free, &freed);
	loop_timer_every(every.timer, 5);
	loop_timer_once(once.timer, 60000);
	loop_timer_once(once.timer, 0); /* re-arms */
	loop_timer_every(stopped.timer, 1);
	loop_timer_stop(stopped.timer);
	loop_timer_every(freed.timer, 1);
	helper_until(loop, has_fired_thrice, &every);
	assert_int_equal(once.fired, 1);
	assert_int_equal(stopped.fired, 0);
	assert_int_equal(freed.fired, 1);
	assert_null(freed.timer);
	/* A periodic timer may be made a single one. */
	every.fired = 0;
	loop_timer_once(every.timer, 1);
	helper_until(loop, has_fired, &every);
	for (unsigned i = 0; i < 5; i++)
		helper_turn(loop);
	assert_int_equal(every.fired, 1);
	loop_timer_free(&every.timer);
	loop_timer_free(&once.timer);
	loop_timer_free(&stopped.timer);
	loop_timer_free(&stopped.timer);
	loop_free(&loop);
}

static void *stop_from_afar(void *arg)
{
	loop_stop(arg);
	return NULL;
}

static void test_stop(void **state)
{
	pthread_t thread;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	loop_stop(loop); /* before it runs: it counts too */
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(pthread_create(&thread, NULL, stop_from_afar, loop),
			 0);
	assert_int_equal(loop_run(loop), 0);
	pthread_join(thread, NULL);
	loop_free(&loop);
}

static void compare_now(void *arg)
{
	int64_t now_ms = loop_now_ms(arg);

	/* The same during a turn, whatever the clock does. */
	clk_fake(now_ms + 1000);
	assert_int_equal(loop_now_ms(arg), now_ms);
	loop_stop(arg);
}

static void test_now_stands_still_in_a_turn(void **state)
{
	struct loop *loop;
	int64_t before_ms;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	before_ms = loop_now_ms(loop);
	loop_later(loop, compare_now, loop);
	assert_int_equal(loop_run(loop), 0);
	assert_true(loop_now_ms(loop) >= before_ms + 1000);
	clk_fake(-1);
	loop_free(&loop);
}

static void test_signals(void **state)
{
	struct ticking seen = {0};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_signal(loop, SIGUSR1, on_tick, &seen), 0);
	assert_int_not_equal(loop_signal(loop, 9999, on_tick, &seen), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	helper_until(loop, has_fired, &seen);
	assert_int_equal(seen.fired, 1);
	loop_free(&loop);
}

static bool has_ticked(void *arg)
{
	return loop_lag_us(arg) > 0;
}

static void test_lag_is_measured(void **state)
{
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_lag_us(loop), 0);
	helper_until(loop, has_ticked, loop);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_later_keeps_its_order),
		cmocka_unit_test(test_many_laters),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_now_stands_still_in_a_turn),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_lag_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
