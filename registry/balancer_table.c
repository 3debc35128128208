/*
 * balancer_table.c - see the header. An array: they are few. Loop thread.
 */
#include "registry/balancer_table.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define PAUSE_MS 1000 /* a longer step: the registry stood still */

struct balancer_table {
	struct balancer_entry entries[BALANCER_TABLE_MAX];
	size_t count;
	int64_t now_ms;	     /* of the last step */
	int64_t listened_ms; /* without pauses */
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

int balancer_table_report(struct balancer_table *table, struct sv id,
			  struct report *report, int64_t now_ms)
{
	struct balancer_entry *entry = find(table, id, report->boot_epoch);

	if (entry)
		report_fini(&entry->report);
	else
		entry = add(table, id);
	if (!entry)
		return ERR_LIMIT;
	entry->report = *report;
	entry->reported_at_ms = now_ms;
	entry->heard_ms = table->listened_ms;
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
		    BALANCER_TABLE_SILENCE_MS)
			report_fini(&entry->report);
		else
			table->entries[kept++] = *entry;
	}
	memset(&table->entries[kept], 0,
	       (table->count - kept) * sizeof(table->entries[0]));
	table->count = kept;
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
