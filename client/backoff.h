/*
 * backoff.h - how long to wait before the next attempt: full jitter below
 * min(max, base * factor^n) (Brooker, "Exponential backoff and jitter"), so
 * that clients who lost one node together do not come back together. Pure.
 */
#ifndef PERI_CLIENT_BACKOFF_H
#define PERI_CLIENT_BACKOFF_H

#include <stdint.h>

#include "lib/base/rng.h"

/* Numbers from the server; backoff_check() makes any of them usable. */
struct backoff_numbers {
	uint32_t base_ms, max_ms;
	double factor;
};

struct backoff {
	struct backoff_numbers numbers;
	uint32_t attempts; /* failures since the last success */
	int64_t floor_ms;  /* the next wait is not below; 0 = none */
};

/* backoff_init - with built-in numbers (1 s, factor 1.6, 120 s). */
void backoff_init(struct backoff *b);

/*
 * backoff_set - take numbers from a server.
 *
 * What is outside of sense is clamped: base 100 ms..10 min, max base..1 h,
 * factor 1..10 (NaN counts as 1.6). The attempts stay.
 */
void backoff_set(struct backoff *b, const struct backoff_numbers *numbers);

/* backoff_set_floor - the next wait is at least @floor_ms (a goodbye said so);
 * capped at one hour, used once. */
void backoff_set_floor(struct backoff *b, int64_t floor_ms);

/* backoff_reset - it worked: the next wait starts from the base again. */
void backoff_reset(struct backoff *b);

/* backoff_cap_ms - min(max, base * factor^attempts). */
int64_t backoff_cap_ms(const struct backoff *b);

/*
 * backoff_next_ms - draw the next wait and count the attempt.
 *
 * Returns floor + uniform [0, cap]: the floor only shifts, so that those who
 * were sent away together still spread out.
 */
int64_t backoff_next_ms(struct backoff *b, struct rng *rng);

#endif
