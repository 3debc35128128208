/*
 * heartbeat_timer.h - one worker's session deadlines on a timer wheel. Moving
 * a deadline later, which every received byte does, writes one number: the
 * wheel learns it when the old time comes. Pure; one thread.
 */
#ifndef PERI_COMET_AGENT_HEARTBEAT_TIMER_H
#define PERI_COMET_AGENT_HEARTBEAT_TIMER_H

#include <stdint.h>

#include "lib/base/wheel.h"
#include "lib/base/sv.h"

/* How long a session may be silent. */
struct heartbeat_rules {
	int64_t default_interval_ms; /* of a client that says none: 240 s */
	uint32_t max_missed;	     /* 2 */
	int64_t grace_ms;	     /* added when the client says one: 10 s */
	int64_t idle_min_ms, idle_max_ms; /* 15 s .. 1800 s */
};

struct heartbeat_timer;

/* A session's deadline; zeroed = none. */
struct heartbeat_deadline {
	struct wheel_timer timer; /* due at at_ms or earlier */
	int64_t at_ms;
};

typedef void heartbeat_timer_cb(struct heartbeat_deadline *deadline, void *arg);

#define HEARTBEAT_TIMER_TICK_MS 250

/* heartbeat_timer_new - owned by the caller; heartbeat_timer_free(). */
struct heartbeat_timer *heartbeat_timer_new(int64_t now_ms);
void heartbeat_timer_free(struct heartbeat_timer **timer);

/* heartbeat_timer_set - the deadline is at @at_ms from now on. O(1), nothing
 * is allocated. */
void heartbeat_timer_set(struct heartbeat_timer *timer,
			 struct heartbeat_deadline *deadline, int64_t at_ms);
/* heartbeat_timer_clear - no deadline. */
void heartbeat_timer_clear(struct heartbeat_timer *timer,
			   struct heartbeat_deadline *deadline);
/* heartbeat_timer_turn - call @expired for each deadline that has passed; not
 * early, at most one tick late. Returns how many. */
unsigned heartbeat_timer_turn(struct heartbeat_timer *timer, int64_t now_ms,
			      heartbeat_timer_cb *expired, void *arg);

/*
 * heartbeat_timer_idle_ms - how long a session may be silent after a
 * heartbeat with this body.
 *
 * A body of four bytes is the client's next interval in seconds (big-endian);
 * anything else gives the default interval, as goim's clients send none.
 */
int64_t heartbeat_timer_idle_ms(const struct heartbeat_rules *rules,
				struct sv body);

#endif
