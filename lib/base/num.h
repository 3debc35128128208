/*
 * num.h - strict numbers from text: the whole view must be the number, no
 * spaces, no sign unless said, no overflow. Pure, any thread.
 */
#ifndef PERI_LIB_BASE_NUM_H
#define PERI_LIB_BASE_NUM_H

#include <stdint.h>

#include "lib/base/sv.h"

/*
 * num_u64 - decimal digits to a number of at most @max.
 *
 * Returns 0 and *@value_r, ERR_SYNTAX for anything but digits, or ERR_RANGE.
 */
MUST_CHECK int num_u64(struct sv text, uint64_t max, uint64_t *value_r);

/* num_i64 - as num_u64(), with an optional '-', within [@min, @max]. */
MUST_CHECK int num_i64(struct sv text, int64_t min, int64_t max,
		       int64_t *value_r);

/* num_hex - 1 to 16 hexadecimal digits. Returns 0 or ERR_SYNTAX. */
MUST_CHECK int num_hex(struct sv text, uint64_t *value_r);

/*
 * num_double - a finite decimal number within [@min, @max].
 *
 * Returns 0, ERR_SYNTAX (also for nan, inf, hex), or ERR_RANGE.
 */
MUST_CHECK int num_double(struct sv text, double min, double max,
			  double *value_r);

/*
 * num_duration_ms - "250ms", "5s", "2m", "1h" to milliseconds.
 *
 * Returns 0, ERR_SYNTAX or ERR_RANGE (above 366 days).
 */
MUST_CHECK int num_duration_ms(struct sv text, int64_t *value_ms_r);

#endif
