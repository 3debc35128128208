/*
 * metrics.h - Prometheus text exposition from a table. A metric is one row;
 * its samples are written by the row's callback when /metrics is asked for, so
 * that hot paths only count in plain per-worker integers. The same rows make
 * docs/METRICS.md.
 */
#ifndef PERI_LIB_SVC_METRICS_H
#define PERI_LIB_SVC_METRICS_H

#include <stdint.h>

#include "lib/base/buf.h"

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_writer {
	struct buf *out;
	const char *name; /* of the row being written */
};

struct metrics_row {
	const char *name; /* peri_..., base unit, counters end in _total */
	enum metrics_kind kind;
	const char *help;
	const char *labels; /* for the docs: "reason", "" */
	/* Writes this row's samples with the functions below. */
	void (*collect)(struct metrics_writer *w, void *arg);
};

struct metrics_table {
	const struct metrics_row *rows;
	size_t count;
};

/* metrics_put - the whole exposition of @tables. */
void metrics_put(struct buf *b, const struct metrics_table *const *tables,
		 size_t table_count, void *const *args);

/* metrics_sample_u64, _real - one sample. @labels is "" or complete:
 * reason="idle",code="2xx" (label values are ours, never a client's). */
void metrics_sample_u64(struct metrics_writer *w, const char *labels,
			uint64_t value);
void metrics_sample_real(struct metrics_writer *w, const char *labels,
			 double value);

/* Latency histogram with fixed bounds, counted without a lock by one thread:
 * powers of two from 1 us to 8.4 s. */
#define METRICS_BUCKETS 24
struct metrics_histogram {
	uint64_t bucket[METRICS_BUCKETS + 1];
	uint64_t sum_us, count;
};
/* metrics_observe_us - count one duration. The one thread that owns @h. */
void metrics_observe_us(struct metrics_histogram *h, uint64_t duration_us);
/* metrics_histogram_add - sum @from into @into (workers into one); @from may
 * be counted by its thread meanwhile. */
void metrics_histogram_add(struct metrics_histogram *into,
			   const struct metrics_histogram *from);
/* metrics_quantile_us - what the part @q (0..1) of the durations took at most,
 * on a straight line within its bucket; -1 when there are none. @h counts no
 * more. */
double metrics_quantile_us(const struct metrics_histogram *h, double q);
/* metrics_sample_histogram - all lines of one; @h counts no more (a sum). */
void metrics_sample_histogram(struct metrics_writer *w, const char *labels,
			      const struct metrics_histogram *h);

/* metrics_sample_buckets - a histogram that somebody else counted: @count
 * bounds with what is within each, within[count] = all. */
void metrics_sample_buckets(struct metrics_writer *w, const double *bounds,
			    const double *within, unsigned count, double sum);

/* metrics_put_markdown - a table for docs/METRICS.md. */
void metrics_put_markdown(struct buf *b, const struct metrics_table *table);

#endif
