/* test_history.c - moments, minutes, slots that change hands, what comes back.
 */
#include "registry/history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define START_S 1800000000 /* begins a minute */

static void set(struct history *h, const char *name, float value,
		int64_t wall_s)
{
	struct history_point point = {{value, NAN, NAN, NAN}};
	uint32_t slot = history_slot(h, sv_str(name), wall_s);

	assert_int_not_equal(slot, HISTORY_NONE);
	history_set(h, slot, &point);
}

/* One moment in which "a" has @value. */
static const struct history_frame *moment(struct history *h, int64_t wall_s,
					  float value)
{
	const struct history_frame *hour, *day;

	history_slot(h, SV("a"), wall_s);
	assert_true(history_open(h, wall_s));
	set(h, "a", value, wall_s);
	history_close(h, &hour, &day);
	assert_int_equal(hour->tick, wall_s / 5);
	return day;
}

/* The value of @name @age moments before @wall_s; NaN when it is not known. */
static float value_of(const struct history *h, const char *name,
		      enum history_span span, int64_t wall_s, uint32_t age)
{
	struct history_course course;
	uint32_t slot = history_find(h, sv_str(name));
	float value;

	assert_int_not_equal(slot, HISTORY_NONE);
	history_read(h, slot, span, wall_s, &course);
	assert_int_equal(course.count, history_length(span));
	assert_int_equal(course.from_wall_s % history_step_s(span), 0);
	assert_true(course.from_wall_s + course.count * history_step_s(span) >
		    wall_s);
	value = course.points[course.count - 1 - age].value[0];
	history_course_fini(&course);
	return value;
}

static void test_a_moment_is_five_seconds(void **state)
{
	struct history *h = history_new(4);
	const struct history_frame *hour, *day;

	(void)state;
	moment(h, START_S, 1);
	assert_false(history_open(h, START_S + 4));
	assert_true(history_open(h, START_S + 5));
	history_close(h, &hour, &day);
	/* not set: nothing is known */
	assert_true(isnan(value_of(h, "a", HISTORY_HOUR, START_S + 9, 0)));
	assert_true(value_of(h, "a", HISTORY_HOUR, START_S + 9, 1) == 1);
	assert_true(isnan(value_of(h, "a", HISTORY_HOUR, START_S + 9, 2)));
	/* a clock that was set back writes over what was there */
	moment(h, START_S, 7);
	assert_true(value_of(h, "a", HISTORY_HOUR, START_S, 0) == 7);
	history_free(&h);
	history_free(&h);
}

static void test_an_hour_is_all_there_is(void **state)
{
	struct history *h = history_new(4);
	int64_t at_s = START_S;

	(void)state;
	for (int i = 0; i < 1000; i++, at_s += 5)
		moment(h, at_s, (float)i);
	assert_true(value_of(h, "a", HISTORY_HOUR, at_s - 5, 0) == 999);
	assert_true(value_of(h, "a", HISTORY_HOUR, at_s - 5, 719) == 280);
	/* an hour later nothing of it shows */
	for (uint32_t age = 0; age < 720; age++)
		assert_true(isnan(
			value_of(h, "a", HISTORY_HOUR, at_s + 3600, age)));
	assert_true(history_bytes(h) < 4 * 128 + 2160 * 16);
	history_free(&h);
}

static void test_a_minute_is_the_mean_of_what_is_known(void **state)
{
	struct history *h = history_new(4);
	const struct history_frame *day = NULL;

	(void)state;
	for (int i = 0; i < 12; i++) {
		day = moment(h, START_S + 5 * i, i % 2 ? NAN : (float)i);
		assert_null(day); /* of the minute before nothing is known */
	}
	day = moment(h, START_S + 60, 100);
	assert_non_null(day);
	assert_int_equal(day->tick, START_S / 60);
	assert_true(value_of(h, "a", HISTORY_DAY, START_S + 60, 1) == 5);
	assert_true(isnan(value_of(h, "a", HISTORY_DAY, START_S + 60, 0)));
	assert_null(moment(h, START_S + 65, 100));
	/* minutes in which nobody looked are not there */
	day = moment(h, START_S + 600, 3);
	assert_int_equal(day->tick, START_S / 60 + 1);
	assert_true(value_of(h, "a", HISTORY_DAY, START_S + 600, 9) == 100);
	assert_true(isnan(value_of(h, "a", HISTORY_DAY, START_S + 600, 8)));
	history_free(&h);
}

static void test_a_held_slot_stays(void **state)
{
	struct history *h = history_new(2);
	uint32_t held;

	(void)state;
	held = history_slot(h, SV("held"), START_S);
	history_hold(h, held);
	history_slot(h, SV("b"), START_S + 1);
	/* silent for longer than "b", and after a clock that was set forward */
	assert_int_equal(history_slot(h, SV("c"), START_S + 86400), 1);
	assert_int_equal(history_find(h, SV("held")), held);
	history_let_go(h, held);
	assert_int_equal(history_slot(h, SV("d"), START_S + 86400), held);
	assert_int_equal(history_find(h, SV("held")), HISTORY_NONE);
	history_free(&h);
}

static void test_a_slot_goes_to_the_longest_silent(void **state)
{
	struct history *h = history_new(2);
	const struct history_frame *hour, *day;
	uint64_t serial;
	uint32_t slot;

	(void)state;
	moment(h, START_S, 1);
	slot = history_slot(h, SV("b"), START_S);
	serial = history_serial(h);
	assert_int_not_equal(slot, HISTORY_NONE);
	assert_int_equal(history_slot(h, SV("b"), START_S), slot);
	assert_int_equal(history_serial(h), serial);
	/* "a" has numbers, "b" has none any more */
	moment(h, START_S + 500, 1);
	assert_int_equal(history_slot(h, SV("c"), START_S + 599), HISTORY_NONE);
	/* not looked for at each try */
	assert_int_equal(history_slot(h, SV("c"), START_S + 658), HISTORY_NONE);
	assert_int_equal(history_slot(h, SV("c"), START_S + 659), slot);
	assert_int_equal(history_find(h, SV("b")), HISTORY_NONE);
	assert_string_equal(history_slot_name(h, slot), "c");
	assert_int_equal(history_slot_serial(h, slot), serial + 1);
	assert_int_equal(history_slot_since_s(h, slot), START_S + 659);
	assert_true(history_open(h, START_S + 660));
	set(h, "c", 9, START_S + 660);
	history_close(h, &hour, &day);
	assert_true(value_of(h, "c", HISTORY_HOUR, START_S + 660, 0) == 9);
	history_free(&h);
}

static void test_a_new_target_has_nothing_of_the_one_before(void **state)
{
	struct history *h = history_new(1);

	(void)state;
	for (int i = 0; i <= 24; i++)
		moment(h, START_S + 5 * i, 1);
	assert_int_equal(history_slot(h, SV("b"), START_S + 720), 0);
	for (uint32_t age = 0; age < 720; age++)
		assert_true(isnan(
			value_of(h, "b", HISTORY_HOUR, START_S + 720, age)));
	for (uint32_t age = 0; age < 20; age++)
		assert_true(isnan(
			value_of(h, "b", HISTORY_DAY, START_S + 720, age)));
	history_free(&h);
}

static void test_names_that_do_not_fit_get_no_slot(void **state)
{
	struct history *h = history_new(2);
	char name[HISTORY_NAME_BYTES + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(history_slot(h, sv_of(name, HISTORY_NAME_BYTES), 0),
			 HISTORY_NONE);
	assert_int_equal(history_slot(h, SV(""), 0), HISTORY_NONE);
	assert_int_equal(
		history_slot(h, sv_of(name, HISTORY_NAME_BYTES - 1), 0), 0);
	history_free(&h);
}

static struct history_point *points(uint32_t count, float value)
{
	struct history_point *p = mem_array(count, sizeof(*p));

	for (uint32_t i = 0; i < count; i++)
		p[i].value[0] = value;
	return p;
}

static void test_what_was_kept_comes_back(void **state)
{
	struct history *h = history_new(3);
	const struct history_frame *day;

	(void)state;
	assert_int_equal(
		history_restore_slot(h, 1, SV("a"), START_S - 100, START_S), 0);
	/* a place or a name twice, a slot that is not there any more */
	assert_int_equal(history_restore_slot(h, 1, SV("b"), 0, START_S),
			 ERR_RANGE);
	assert_int_equal(history_restore_slot(h, 2, SV("a"), 0, START_S),
			 ERR_RANGE);
	assert_int_equal(history_restore_slot(h, 3, SV("c"), 0, START_S),
			 ERR_RANGE);
	assert_int_equal(history_restore_slot(h, 2, SV(""), 0, START_S),
			 ERR_RANGE);
	history_restore_frame(h, HISTORY_HOUR, START_S / 5 - 1, points(2, 8),
			      2);
	history_restore_frame(h, HISTORY_HOUR, START_S / 5 - 30, points(2, 6),
			      2);
	history_restore_frame(h, HISTORY_DAY, START_S / 60 - 1, points(9, 5),
			      9); /* had more slots */
	history_restore_frame(h, HISTORY_DAY, -1, points(2, 5), 2);
	assert_true(value_of(h, "a", HISTORY_HOUR, START_S, 1) == 8);
	/* from before the target was this slot's */
	assert_true(isnan(value_of(h, "a", HISTORY_HOUR, START_S, 30)));
	assert_true(value_of(h, "a", HISTORY_DAY, START_S, 1) == 5);
	/* the minute that the restart cut in two */
	day = moment(h, START_S + 5, 1);
	assert_non_null(day);
	assert_true(value_of(h, "a", HISTORY_DAY, START_S, 1) == 8);
	/* a live target that was kept is not silent since long ago */
	history_slot(h, SV("b"), START_S);
	assert_int_equal(history_slot(h, SV("c"), START_S), 0);
	history_free(&h);
}

static void test_spans_are_read_back(void **state)
{
	enum history_span span;

	(void)state;
	assert_int_equal(history_span_parse(SV("day"), &span), 0);
	assert_int_equal(span, HISTORY_DAY);
	assert_string_equal(history_span_str(HISTORY_HOUR), "hour");
	assert_int_equal(history_span_parse(SV("week"), &span), ERR_RANGE);
	assert_int_equal(history_length(HISTORY_HOUR) *
				 history_step_s(HISTORY_HOUR),
			 3600);
	assert_int_equal(history_length(HISTORY_DAY) *
				 history_step_s(HISTORY_DAY),
			 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_moment_is_five_seconds),
		cmocka_unit_test(test_an_hour_is_all_there_is),
		cmocka_unit_test(test_a_minute_is_the_mean_of_what_is_known),
		cmocka_unit_test(test_a_slot_goes_to_the_longest_silent),
		cmocka_unit_test(test_a_held_slot_stays),
		cmocka_unit_test(
			test_a_new_target_has_nothing_of_the_one_before),
		cmocka_unit_test(test_names_that_do_not_fit_get_no_slot),
		cmocka_unit_test(test_what_was_kept_comes_back),
		cmocka_unit_test(test_spans_are_read_back),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
