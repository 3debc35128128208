/*
 * sparkline.c - see the header. One thread.
 */
#include "client/cli/sparkline.h"

#include <math.h>

#define LEVELS 8

struct sparkline_facts sparkline_facts_of(const double *values, size_t count)
{
	struct sparkline_facts f = {NAN, NAN, NAN, NAN};
	size_t known = 0;
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (isnan(values[i]))
			continue;
		f.min = fmin(f.min, values[i]); /* fmin() passes NaN over */
		f.max = fmax(f.max, values[i]);
		f.last = values[i];
		sum += values[i];
		known++;
	}
	if (known > 0)
		f.mean = sum / (double)known;
	return f;
}

void sparkline_put(struct buf *b, const double *values, size_t count,
		   size_t columns)
{
	static const char *const bars[LEVELS] = {"▁", "▂", "▃", "▄",
						 "▅", "▆", "▇", "█"};
	struct sparkline_facts all = sparkline_facts_of(values, count);
	double low = fmin(all.min, 0), range = all.max - low;

	columns = columns < count ? columns : count;
	for (size_t i = 0; i < columns; i++) {
		size_t from = i * count / columns;
		size_t to = (i + 1) * count / columns;
		double mean = sparkline_facts_of(values + from, to - from).mean;
		double level = range > 0 ? (mean - low) / range * LEVELS : 0;

		if (isnan(mean))
			buf_char(b, ' ');
		else
			buf_str(b, bars[level >= LEVELS ? LEVELS - 1
							: (size_t)level]);
	}
}
