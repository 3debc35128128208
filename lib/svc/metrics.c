/*
 * metrics.c - the text exposition format of Prometheus (version 0.0.4), its
 * histograms, and docs/METRICS.md. Histograms are counted by one thread each
 * and summed when somebody asks. Pure otherwise.
 */
#include "lib/svc/metrics.h"

#include <math.h>
#include <string.h>

static const char *metrics_kind_str(enum metrics_kind kind)
{
	switch (kind) {
	case METRICS_COUNTER:
		return "counter";
	case METRICS_GAUGE:
		return "gauge";
	case METRICS_HISTOGRAM:
		return "histogram";
	}
	return "untyped";
}

/* The format escapes backslashes and line feeds in help texts. */
static void metrics_put_help(struct buf *b, const char *help)
{
	for (; *help; help++) {
		if (*help == '\\')
			buf_str(b, "\\\\");
		else if (*help == '\n')
			buf_str(b, "\\n");
		else
			buf_char(b, *help);
	}
}

static void metrics_put_head(struct buf *b, const struct metrics_row *row)
{
	buf_str(b, "# HELP ");
	buf_str(b, row->name);
	buf_char(b, ' ');
	metrics_put_help(b, row->help);
	buf_str(b, "\n# TYPE ");
	buf_str(b, row->name);
	buf_char(b, ' ');
	buf_str(b, metrics_kind_str(row->kind));
	buf_char(b, '\n');
}

void metrics_put(struct buf *b, const struct metrics_table *const *tables,
		 size_t table_count, void *const *args)
{
	for (size_t t = 0; t < table_count; t++) {
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct metrics_row *row = &tables[t]->rows[i];
			struct metrics_writer w = {b, row->name};

			metrics_put_head(b, row);
			row->collect(&w, args[t]);
		}
	}
}

/* name{labels} and the space before the value. */
static void metrics_put_series(struct metrics_writer *w, const char *suffix,
			       const char *labels)
{
	buf_str(w->out, w->name);
	buf_str(w->out, suffix);
	if (labels[0]) {
		buf_char(w->out, '{');
		buf_str(w->out, labels);
		buf_char(w->out, '}');
	}
	buf_char(w->out, ' ');
}

void metrics_sample_u64(struct metrics_writer *w, const char *labels,
			uint64_t value)
{
	metrics_put_series(w, "", labels);
	buf_u64(w->out, value);
	buf_char(w->out, '\n');
}

void metrics_sample_real(struct metrics_writer *w, const char *labels,
			 double value)
{
	metrics_put_series(w, "", labels);
	if (isnan(value))
		buf_str(w->out, "NaN");
	else if (isinf(value))
		buf_str(w->out, value > 0 ? "+Inf" : "-Inf");
	else
		buf_double(w->out, value);
	buf_char(w->out, '\n');
}

/*
 * One thread adds, others may read meanwhile: a plain load and store, but
 * never torn and known to the thread sanitizer.
 */
static void metrics_bump(uint64_t *number, uint64_t n)
{
	__atomic_store_n(number, *number + n, __ATOMIC_RELAXED);
}

static uint64_t metrics_peek(const uint64_t *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

/* Bucket i holds what took 2^i us at most, and more than the one before. */
void metrics_observe_us(struct metrics_histogram *h, uint64_t duration_us)
{
	unsigned i = 0;

	if (duration_us > 1)
		i = 64 - (unsigned)__builtin_clzll(duration_us - 1);
	metrics_bump(&h->bucket[i < METRICS_BUCKETS ? i : METRICS_BUCKETS], 1);
	metrics_bump(&h->sum_us, duration_us);
	metrics_bump(&h->count, 1);
}

void metrics_histogram_add(struct metrics_histogram *into,
			   const struct metrics_histogram *from)
{
	for (unsigned i = 0; i <= METRICS_BUCKETS; i++)
		into->bucket[i] += metrics_peek(&from->bucket[i]);
	into->sum_us += metrics_peek(&from->sum_us);
	into->count += metrics_peek(&from->count);
}

double metrics_quantile_us(const struct metrics_histogram *h, double q)
{
	double wanted, below = 0, low, high;
	uint64_t count = 0;
	unsigned i;

	for (i = 0; i <= METRICS_BUCKETS; i++)
		count += h->bucket[i];
	if (count == 0)
		return -1;
	wanted = q * (double)count;
	for (i = 0; i < METRICS_BUCKETS; i++) {
		if (below + (double)h->bucket[i] >= wanted)
			break;
		below += (double)h->bucket[i];
	}
	high = (double)(1ULL << i);
	low = i > 0 ? high / 2 : 0;
	if (h->bucket[i] == 0)
		return low;
	return low + (high - low) * (wanted - below) / (double)h->bucket[i];
}

static void metrics_put_bucket(struct metrics_writer *w, const char *labels,
			       unsigned i, uint64_t cumulative)
{
	buf_str(w->out, w->name);
	buf_str(w->out, "_bucket{");
	buf_str(w->out, labels);
	if (labels[0])
		buf_char(w->out, ',');
	buf_str(w->out, "le=\"");
	if (i < METRICS_BUCKETS)
		buf_double(w->out, (double)(1ULL << i) / 1e6);
	else
		buf_str(w->out, "+Inf");
	buf_str(w->out, "\"} ");
	buf_u64(w->out, cumulative);
	buf_char(w->out, '\n');
}

void metrics_sample_histogram(struct metrics_writer *w, const char *labels,
			      const struct metrics_histogram *h)
{
	uint64_t cumulative = 0;

	for (unsigned i = 0; i <= METRICS_BUCKETS; i++) {
		cumulative += h->bucket[i];
		metrics_put_bucket(w, labels, i, cumulative);
	}
	metrics_put_series(w, "_sum", labels);
	buf_double(w->out, (double)h->sum_us / 1e6);
	buf_char(w->out, '\n');
	/* From the buckets, so that the two never contradict each other. */
	metrics_put_series(w, "_count", labels);
	buf_u64(w->out, cumulative);
	buf_char(w->out, '\n');
}

void metrics_sample_buckets(struct metrics_writer *w, const double *bounds,
			    const double *within, unsigned count, double sum)
{
	for (unsigned i = 0; i <= count; i++) {
		buf_str(w->out, w->name);
		buf_str(w->out, "_bucket{le=\"");
		if (i < count)
			buf_double(w->out, bounds[i]);
		else
			buf_str(w->out, "+Inf");
		buf_str(w->out, "\"} ");
		buf_double(w->out, within[i]);
		buf_char(w->out, '\n');
	}
	metrics_put_series(w, "_sum", "");
	buf_double(w->out, sum);
	buf_char(w->out, '\n');
	metrics_put_series(w, "_count", "");
	buf_double(w->out, within[count]);
	buf_char(w->out, '\n');
}

void metrics_put_markdown(struct buf *b, const struct metrics_table *table)
{
	buf_str(b, "| Metric | Kind | Labels | Meaning |\n"
		   "|---|---|---|---|\n");
	for (size_t i = 0; i < table->count; i++) {
		const struct metrics_row *row = &table->rows[i];
		const char *labels = row->labels ? row->labels : "";

		buf_printf(b, "| `%s` | %s | ", row->name,
			   metrics_kind_str(row->kind));
		if (labels[0])
			buf_printf(b, "`%s` ", labels);
		buf_str(b, "| ");
		for (const char *c = row->help; *c; c++) {
			if (*c == '|')
				buf_char(b, '\\');
			buf_char(b, *c);
		}
		buf_str(b, " |\n");
	}
}
