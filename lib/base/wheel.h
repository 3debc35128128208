/*
 * wheel.h - a timer wheel for very many timers that are re-armed more often
 * than they fire (Varghese and Lauck, scheme 6: hashed, one level, each slot
 * an unordered list; timers further out than one turn stay for more turns).
 * Arm, re-arm and cancel are O(1) and allocate nothing: the timer is a member
 * of the object it times. Pure; one thread.
 */
#ifndef PERI_LIB_BASE_WHEEL_H
#define PERI_LIB_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct wheel;

struct wheel_timer {
	struct wheel_timer *next, **prev_next; /* slot list; NULL = idle */
	int64_t due_ms;
};

/* Called once when a timer is due; the timer is idle then and may be armed. */
typedef void wheel_fire_cb(struct wheel_timer *timer, void *arg);

/*
 * wheel_new - a wheel of @slot_count slots (a power of two), @tick_ms each.
 *
 * Returns the wheel, owned by the caller, to give to wheel_free().
 */
struct wheel *wheel_new(unsigned slot_count, int64_t tick_ms, int64_t now_ms);
void wheel_free(struct wheel **wheel);

/* wheel_arm - (re-)arm @timer for @due_ms; it never fires early, at most one
 * tick late. A zeroed timer is idle. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, int64_t due_ms);

/* wheel_cancel - make @timer idle; allowed when it is. */
void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer);

/* wheel_is_armed - whether @timer waits to fire. */
bool wheel_is_armed(const struct wheel_timer *timer);

/*
 * wheel_advance - fire all timers that are due at @now_ms.
 *
 * Callbacks may arm and cancel any timer of the wheel and free their own
 * object. Returns how many fired.
 */
unsigned wheel_advance(struct wheel *wheel, int64_t now_ms, wheel_fire_cb *fire,
		       void *arg);

#endif
