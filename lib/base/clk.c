/*
 * clk.c - the clocks, and the one that tests put in their place. Any thread.
 */
#include "lib/base/clk.h"

#include <stdatomic.h>
#include <time.h>

#define CLK_REAL (-1)

/* Where the fake clocks stand; CLK_REAL when the real ones are read. */
static _Atomic int64_t clk_faked_ms = CLK_REAL;

static int64_t clk_read_us(clockid_t id)
{
	int64_t faked_ms =
		atomic_load_explicit(&clk_faked_ms, memory_order_relaxed);
	struct timespec ts;

	if (faked_ms != CLK_REAL)
		return faked_ms * 1000;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clk_mono_ms(void)
{
	return clk_read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clk_mono_us(void)
{
	return clk_read_us(CLOCK_MONOTONIC);
}

int64_t clk_wall_s(void)
{
	return clk_read_us(CLOCK_REALTIME) / 1000000;
}

int64_t clk_wall_ms(void)
{
	return clk_read_us(CLOCK_REALTIME) / 1000;
}

void clk_fake(int64_t mono_ms)
{
	atomic_store_explicit(&clk_faked_ms, mono_ms < 0 ? CLK_REAL : mono_ms,
			      memory_order_relaxed);
}
