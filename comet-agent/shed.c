/*
 * shed.c - see the header.
 */
#include "comet-agent/shed.h"

#include <math.h>

#include "lib/base/hash.h"

#define MINUTE_MS 60000.0

static double hand(const struct shed *shed, int64_t now_ms)
{
	int64_t elapsed_ms =
		now_ms > shed->since_ms ? now_ms - shed->since_ms : 0;

	return shed->start +
	       (double)elapsed_ms / MINUTE_MS * shed->pct_per_min / 100;
}

void shed_set(struct shed *shed, unsigned pct_per_min, int64_t now_ms)
{
	if (pct_per_min > SHED_PER_MIN_MAX)
		pct_per_min = SHED_PER_MIN_MAX;
	if (pct_per_min == shed->pct_per_min)
		return;
	shed->start = hand(shed, now_ms);
	shed->since_ms = now_ms;
	shed->pct_per_min = pct_per_min;
}

void shed_pass(struct shed *shed, int64_t now_ms)
{
	shed->from = shed->to;
	shed->to = hand(shed, now_ms);
}

bool shed_takes(const struct shed *shed, uint32_t place)
{
	double ahead = (double)place / 4294967296.0 - shed->from;

	return ahead - floor(ahead) < shed->to - shed->from;
}

uint32_t shed_place(struct sv key)
{
	return (uint32_t)(hash_text(key) >> 32);
}
