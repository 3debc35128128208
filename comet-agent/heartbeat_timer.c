/*
 * heartbeat_timer.c - lazy deadlines over lib/base/wheel. Invariant: an armed
 * wheel timer is never due later than its deadline.
 */
#include "comet-agent/heartbeat_timer.h"

#include "lib/base/mem.h"
#include "lib/proto/frame.h"

/* 4096 ticks of 250 ms are 1024 s: most deadlines fit in one turn. */
#define SLOTS 4096

struct heartbeat_timer {
	struct wheel *wheel;
	/* For the turn that is running. */
	int64_t now_ms;
	heartbeat_timer_cb *expired;
	void *arg;
	unsigned expired_count;
};

struct heartbeat_timer *heartbeat_timer_new(int64_t now_ms)
{
	struct heartbeat_timer *timer = mem_alloc(sizeof(*timer));

	timer->wheel = wheel_new(SLOTS, HEARTBEAT_TIMER_TICK_MS, now_ms);
	return timer;
}

void heartbeat_timer_free(struct heartbeat_timer **timer)
{
	if (!*timer)
		return;
	wheel_free(&(*timer)->wheel);
	mem_free(*timer);
	*timer = NULL;
}

void heartbeat_timer_set(struct heartbeat_timer *timer,
			 struct heartbeat_deadline *deadline, int64_t at_ms)
{
	deadline->at_ms = at_ms;
	if (!wheel_is_armed(&deadline->timer) || deadline->timer.due_ms > at_ms)
		wheel_arm(timer->wheel, &deadline->timer, at_ms);
}

void heartbeat_timer_clear(struct heartbeat_timer *timer,
			   struct heartbeat_deadline *deadline)
{
	wheel_cancel(timer->wheel, &deadline->timer);
}

static void fire(struct wheel_timer *wheel_timer, void *arg)
{
	struct heartbeat_timer *timer = arg;
	struct heartbeat_deadline *deadline =
		CONTAINER_OF(wheel_timer, struct heartbeat_deadline, timer);

	if (deadline->at_ms > timer->now_ms) {
		wheel_arm(timer->wheel, wheel_timer, deadline->at_ms);
		return;
	}
	timer->expired_count++;
	timer->expired(deadline, timer->arg);
}

unsigned heartbeat_timer_turn(struct heartbeat_timer *timer, int64_t now_ms,
			      heartbeat_timer_cb *expired, void *arg)
{
	timer->now_ms = now_ms;
	timer->expired = expired;
	timer->arg = arg;
	timer->expired_count = 0;
	wheel_advance(timer->wheel, now_ms, fire, timer);
	return timer->expired_count;
}

int64_t heartbeat_timer_idle_ms(const struct heartbeat_rules *rules,
				struct sv body)
{
	int64_t idle_ms;
	uint32_t interval_s;

	if (frame_get_u32(body, &interval_s))
		idle_ms = rules->default_interval_ms * rules->max_missed;
	else
		idle_ms = (int64_t)interval_s * 1000 * rules->max_missed +
			  rules->grace_ms;
	if (idle_ms < rules->idle_min_ms)
		return rules->idle_min_ms;
	return idle_ms > rules->idle_max_ms ? rules->idle_max_ms : idle_ms;
}
