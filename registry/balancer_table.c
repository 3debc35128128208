/*
 * balancer_table.c - see the header. An array: they are few. Loop thread.
 */
#include "registry/balancer_table.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define PAUSE_MS 1000 /* a longer step: the registry stood still */
#define SMOOTH	 0.2  /* weight of the newest report */

struct balancer_table {
	struct balancer_entry entries[BALANCER_TABLE_MAX];
	size_t count;
	uint64_t changes;
	int64_t now_ms;	       /* of the last step */
	int64_t listened_ms;   /* without pauses */
	balancer_event_cb *cb; /* may be NULL */
	void *arg;
};

struct balancer_table *balancer_table_new(int64_t now_ms)
{
	struct balancer_table *table = mem_alloc(sizeof(*table));

	table->now_ms = now_ms;
	return table;
}

void balancer_table_free(struct balancer_table **table)
{
	if (!*table)
		return;
	for (size_t i = 0; i < (*table)->count; i++)
		report_fini(&(*table)->entries[i].report);
	mem_free(*table);
	*table = NULL;
}

void balancer_table_listen(struct balancer_table *table, balancer_event_cb *cb,
			   void *arg)
{
	table->cb = cb;
	table->arg = arg;
}

static void tell(const struct balancer_table *table,
		 const struct balancer_entry *entry, enum balancer_event event)
{
	if (table->cb)
		table->cb(entry, event, table->arg);
}

static struct balancer_entry *find(struct balancer_table *table, struct sv id,
				   uint64_t boot_epoch)
{
	for (size_t i = 0; i < table->count; i++) {
		struct balancer_entry *entry = &table->entries[i];

		if (entry->report.boot_epoch == boot_epoch &&
		    sv_eq(sv_str(entry->id), id))
			return entry;
	}
	return NULL;
}

static struct balancer_entry *add(struct balancer_table *table, struct sv id)
{
	struct balancer_entry *entry = &table->entries[table->count];

	if (table->count == BALANCER_TABLE_MAX ||
	    sv_copy(id, entry->id, sizeof(entry->id)) != 0)
		return NULL;
	table->count++;
	return entry;
}

static void smooth(double *rate, uint64_t before, uint64_t now, int64_t step_ms)
{
	double grown = now > before ? (double)(now - before) : 0;

	*rate += SMOOTH * (grown * 1000 / (double)step_ms - *rate);
}

/* What the entry's process did since its report before. */
static void rate(struct balancer_entry *entry, const struct report *now,
		 int64_t step_ms)
{
	const struct report *before = &entry->report;
	struct balancer_rates *rates = &entry->rates;

	if (step_ms <= 0)
		return;
	smooth(&rates->queries_per_s, before->queries_total, now->queries_total,
	       step_ms);
	smooth(&rates->spill_per_s, before->spill_total, now->spill_total,
	       step_ms);
	smooth(&rates->misses_per_s, before->misses_total, now->misses_total,
	       step_ms);
	smooth(&rates->panic_per_s, before->panic_total, now->panic_total,
	       step_ms);
}

int balancer_table_report(struct balancer_table *table, struct sv id,
			  struct report *report, int64_t now_ms)
{
	struct balancer_entry *entry = find(table, id, report->boot_epoch);

	bool is_new = !entry;

	if (is_new)
		entry = add(table, id);
	if (!entry)
		return ERR_LIMIT;
	if (!is_new) {
		rate(entry, report, now_ms - entry->reported_at_ms);
		report_fini(&entry->report);
	}
	entry->report = *report;
	entry->reported_at_ms = now_ms;
	entry->heard_ms = table->listened_ms;
	table->changes++;
	if (is_new)
		tell(table, entry, BALANCER_JOINED);
	return 0;
}

void balancer_table_advance(struct balancer_table *table, int64_t now_ms)
{
	int64_t step_ms = now_ms - table->now_ms;
	size_t kept = 0;

	table->now_ms = now_ms;
	if (step_ms > 0 && step_ms <= PAUSE_MS)
		table->listened_ms += step_ms;
	for (size_t i = 0; i < table->count; i++) {
		struct balancer_entry *entry = &table->entries[i];

		if (table->listened_ms - entry->heard_ms >=
		    BALANCER_TABLE_SILENCE_MS) {
			tell(table, entry, BALANCER_LEFT);
			report_fini(&entry->report);
		} else {
			table->entries[kept++] = *entry;
		}
	}
	memset(&table->entries[kept], 0,
	       (table->count - kept) * sizeof(table->entries[0]));
	table->changes += table->count - kept;
	table->count = kept;
}

uint64_t balancer_table_changes(const struct balancer_table *table)
{
	return table->changes;
}

int balancer_table_count(const struct balancer_table *table)
{
	if (table->listened_ms < BALANCER_TABLE_SILENCE_MS)
		return -1;
	return (int)table->count;
}

const struct balancer_entry *
balancer_table_at(const struct balancer_table *table, size_t index)
{
	return index < table->count ? &table->entries[index] : NULL;
}

void balancer_table_rates(const struct balancer_table *table,
			  struct balancer_rates *rates_r, double *p99_us_r)
{
	*rates_r = (struct balancer_rates){0};
	*p99_us_r = -1;
	for (size_t i = 0; i < table->count; i++) {
		const struct balancer_entry *entry = &table->entries[i];

		rates_r->queries_per_s += entry->rates.queries_per_s;
		rates_r->spill_per_s += entry->rates.spill_per_s;
		rates_r->misses_per_s += entry->rates.misses_per_s;
		rates_r->panic_per_s += entry->rates.panic_per_s;
		if (entry->report.p99_us > *p99_us_r)
			*p99_us_r = entry->report.p99_us;
	}
}
