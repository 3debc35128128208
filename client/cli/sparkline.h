/*
 * sparkline.h - a series of numbers as one line of small bars. Pure.
 */
#ifndef PERI_CLIENT_CLI_SPARKLINE_H
#define PERI_CLIENT_CLI_SPARKLINE_H

#include "lib/base/buf.h"

/* What a series holds; NaN where nothing is known. */
struct sparkline_facts {
	double min, mean, max, last; /* NaN when nothing is known at all */
};

/* sparkline_facts_of - over what is known; the last known is the last. */
struct sparkline_facts sparkline_facts_of(const double *values, size_t count);

/*
 * sparkline_put - append @columns characters, or @count when that is less.
 *
 * Each shows the mean of its part of the series between 0 (or the smallest
 * value, below 0) and the largest; a space where nothing is known.
 */
void sparkline_put(struct buf *b, const double *values, size_t count,
		   size_t columns);

#endif
