/*
 * clk.h - the only reader of the system's clocks. Decisions never call it:
 * they take now_ms. Tests may put a virtual clock in its place.
 */
#ifndef PERI_LIB_BASE_CLK_H
#define PERI_LIB_BASE_CLK_H

#include <stdint.h>

/* clk_mono_ms, clk_mono_us - monotonic time since some start. Any thread. */
int64_t clk_mono_ms(void);
int64_t clk_mono_us(void);

/* clk_wall_s, clk_wall_ms - time since 1970 in UTC, for people only. */
int64_t clk_wall_s(void);
int64_t clk_wall_ms(void);

/*
 * clk_fake - from now on all clocks stand at @mono_ms (wall = the same),
 * until the next call; -1 goes back to the real ones. Tests only, one thread.
 */
void clk_fake(int64_t mono_ms);

#endif
