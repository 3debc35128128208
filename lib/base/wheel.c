/*
 * wheel.c - the timer wheel. Invariant: a timer due in tick t of the future
 * lies in slot t mod slot_count, one due now or earlier in the slot of the
 * current tick. What is due is first moved to a list of its own and then
 * fired, so callbacks may do what they like with any timer, and one that they
 * arm fires in the next call at the earliest. One thread.
 */
#include "lib/base/wheel.h"

#include <assert.h>
#include <stddef.h>

#include "lib/base/mem.h"

struct wheel {
	struct wheel_timer **slots;
	uint64_t slot_mask;
	int64_t tick_ms;
	int64_t now_tick;   /* the tick that wheel_advance() reached */
	int64_t soonest_ms; /* nothing in its slot is due before this */
};

struct wheel *wheel_new(unsigned slot_count, int64_t tick_ms, int64_t now_ms)
{
	struct wheel *wheel = mem_alloc(sizeof(*wheel));

	assert(slot_count > 0 && (slot_count & (slot_count - 1)) == 0);
	assert(tick_ms > 0);
	wheel->slots = mem_array(slot_count, sizeof(wheel->slots[0]));
	wheel->slot_mask = slot_count - 1;
	wheel->tick_ms = tick_ms;
	wheel->now_tick = now_ms / tick_ms;
	wheel->soonest_ms = INT64_MAX;
	return wheel;
}

void wheel_free(struct wheel **wheel)
{
	if (!*wheel)
		return;
	for (uint64_t i = 0; i <= (*wheel)->slot_mask; i++)
		while ((*wheel)->slots[i])
			wheel_cancel(*wheel, (*wheel)->slots[i]);
	mem_free((*wheel)->slots);
	mem_free(*wheel);
	*wheel = NULL;
}

static void wheel_link(struct wheel_timer **at, struct wheel_timer *timer)
{
	timer->next = *at;
	timer->prev_next = at;
	if (timer->next)
		timer->next->prev_next = &timer->next;
	*at = timer;
}

static void wheel_unlink(struct wheel_timer *timer)
{
	*timer->prev_next = timer->next;
	if (timer->next)
		timer->next->prev_next = timer->prev_next;
	timer->next = NULL;
	timer->prev_next = NULL;
}

static struct wheel_timer **wheel_slot(struct wheel *wheel, int64_t tick)
{
	return &wheel->slots[(uint64_t)tick & wheel->slot_mask];
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, int64_t due_ms)
{
	int64_t tick = due_ms / wheel->tick_ms;

	if (timer->prev_next)
		wheel_unlink(timer);
	timer->due_ms = due_ms;
	if (tick <= wheel->now_tick) {
		tick = wheel->now_tick;
		if (due_ms < wheel->soonest_ms)
			wheel->soonest_ms = due_ms;
	}
	wheel_link(wheel_slot(wheel, tick), timer);
}

void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer)
{
	(void)wheel; /* the list alone knows where the timer is */
	if (timer->prev_next)
		wheel_unlink(timer);
}

bool wheel_is_armed(const struct wheel_timer *timer)
{
	return timer->prev_next != NULL;
}

/*
 * Move the due timers of a slot to the end of a list; returns its new end.
 * What stays makes soonest_ms (only the last slot's counts).
 */
static struct wheel_timer **wheel_collect(struct wheel *wheel, int64_t tick,
					  int64_t now_ms,
					  struct wheel_timer **end)
{
	struct wheel_timer *timer = *wheel_slot(wheel, tick), *next;

	wheel->soonest_ms = INT64_MAX;
	for (; timer; timer = next) {
		next = timer->next;
		if (timer->due_ms > now_ms) {
			if (timer->due_ms < wheel->soonest_ms)
				wheel->soonest_ms = timer->due_ms;
			continue;
		}
		wheel_unlink(timer);
		wheel_link(end, timer);
		end = &timer->next;
	}
	return end;
}

unsigned wheel_advance(struct wheel *wheel, int64_t now_ms, wheel_fire_cb *fire,
		       void *arg)
{
	int64_t tick = wheel->now_tick, last = now_ms / wheel->tick_ms;
	struct wheel_timer *due = NULL, **end = &due, *timer;
	unsigned fired = 0;

	if (last <= tick && now_ms < wheel->soonest_ms)
		return 0; /* busy loops ask many times within a tick */
	if (last < tick)
		last = tick; /* a clock that steps back changes nothing */
	wheel->now_tick = last;
	/* More than a turn: each slot once is enough. */
	if (last - tick > (int64_t)wheel->slot_mask)
		tick = last - (int64_t)wheel->slot_mask;
	for (; tick <= last; tick++)
		end = wheel_collect(wheel, tick, now_ms, end);
	while ((timer = due) != NULL) {
		wheel_unlink(timer);
		fired++;
		fire(timer, arg);
	}
	return fired;
}
