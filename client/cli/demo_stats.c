/*
 * demo_stats.c - counters and a ring of answer times. One thread.
 */
#include "client/cli/demo_stats.h"

#include <stdlib.h>
#include <string.h>

void demo_stats_sample(struct demo_stats *stats, int64_t took_us)
{
	if (took_us < 0)
		took_us = 0;
	stats->samples_us[stats->sample_count++ % DEMO_STATS_SAMPLES] =
		took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)took_us;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t demo_stats_quantile_us(const struct demo_stats *stats, double share)
{
	uint32_t sorted[DEMO_STATS_SAMPLES];
	size_t count = stats->sample_count < DEMO_STATS_SAMPLES
			       ? (size_t)stats->sample_count
			       : DEMO_STATS_SAMPLES;
	size_t at;

	if (count == 0)
		return 0;
	memcpy(sorted, stats->samples_us, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	at = (size_t)(share * (double)count);
	return sorted[at < count ? at : count - 1];
}

uint64_t demo_stats_failures(const struct demo_stats *stats)
{
	return stats->resolve_failed + stats->connect_failed + stats->refused +
	       stats->lost;
}
