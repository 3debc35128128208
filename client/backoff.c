/*
 * backoff.c - reconnect waits with full jitter. Pure; one thread.
 */
#include "client/backoff.h"

#include <math.h>

#define BASE_MIN_MS	   100
#define BASE_MAX_MS	   600000
#define WAIT_MAX_MS	   3600000
#define DEFAULT_FACTOR	   1.6
#define ATTEMPTS_SATURATED 1000 /* the cap is reached long before */

void backoff_init(struct backoff *b)
{
	*b = (struct backoff){.numbers = {1000, 120000, DEFAULT_FACTOR}};
}

static uint32_t clamp_u32(uint32_t value, uint32_t min, uint32_t max)
{
	if (value < min)
		return min;
	return value > max ? max : value;
}

void backoff_set(struct backoff *b, const struct backoff_numbers *numbers)
{
	struct backoff_numbers *n = &b->numbers;

	n->base_ms = clamp_u32(numbers->base_ms, BASE_MIN_MS, BASE_MAX_MS);
	n->max_ms = clamp_u32(numbers->max_ms, n->base_ms, WAIT_MAX_MS);
	n->factor = numbers->factor;
	if (isnan(n->factor))
		n->factor = DEFAULT_FACTOR;
	if (n->factor < 1)
		n->factor = 1;
	if (n->factor > 10)
		n->factor = 10;
}

void backoff_set_floor(struct backoff *b, int64_t floor_ms)
{
	if (floor_ms < 0)
		floor_ms = 0;
	b->floor_ms = floor_ms > WAIT_MAX_MS ? WAIT_MAX_MS : floor_ms;
}

void backoff_reset(struct backoff *b)
{
	b->attempts = 0;
}

int64_t backoff_cap_ms(const struct backoff *b)
{
	double cap = b->numbers.base_ms * pow(b->numbers.factor, b->attempts);

	/* also true for an infinity */
	if (!(cap < b->numbers.max_ms))
		return b->numbers.max_ms;
	return (int64_t)cap;
}

int64_t backoff_next_ms(struct backoff *b, struct rng *rng)
{
	int64_t cap_ms = backoff_cap_ms(b);
	int64_t wait_ms =
		b->floor_ms + (int64_t)rng_below(rng, (uint64_t)cap_ms + 1);

	b->floor_ms = 0;
	if (b->attempts < ATTEMPTS_SATURATED)
		b->attempts++;
	return wait_ms;
}
