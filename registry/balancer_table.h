/*
 * balancer_table.h - the balancers that report, with their last report: in
 * memory only, forgotten after 5 s of silence. How many they
 * are is the R of ranking.md, which all watchers are told. Pure, takes now_ms.
 *
 * Time in which the registry itself stood still does not count as silence, and
 * before it has listened for as long as that it does not know the count: a
 * registry that restarts does not tell balancers that they are alone.
 */
#ifndef PERI_REGISTRY_BALANCER_TABLE_H
#define PERI_REGISTRY_BALANCER_TABLE_H

#include <stddef.h>

#include "lib/proto/report.h"

#define BALANCER_TABLE_MAX	  256
#define BALANCER_TABLE_SILENCE_MS 5000

/* What happens in a second, smoothed over about five reports. */
struct balancer_rates {
	double queries_per_s, spill_per_s, misses_per_s, panic_per_s;
};

/* One process: two with the same id count as two. */
struct balancer_entry {
	char id[NODE_ID_BYTES];
	struct report report; /* owned */
	struct balancer_rates rates;
	int64_t reported_at_ms;
	int64_t heard_ms; /* listening time of the last report */
};

struct balancer_table;

enum balancer_event { BALANCER_JOINED, BALANCER_LEFT };
/* @entry is borrowed for the call. */
typedef void balancer_event_cb(const struct balancer_entry *entry,
			       enum balancer_event event, void *arg);

/* balancer_table_new - an empty one that begins to listen at @now_ms. */
struct balancer_table *balancer_table_new(int64_t now_ms);
void balancer_table_free(struct balancer_table **table);
/* balancer_table_listen - who hears when one comes or falls silent. */
void balancer_table_listen(struct balancer_table *table, balancer_event_cb *cb,
			   void *arg);

/*
 * balancer_table_report - keep @report as the last one of balancer @id.
 *
 * @report  its arrays are taken over when 0 is returned
 *
 * Returns 0, or ERR_LIMIT when a new one would be the 257th.
 */
MUST_CHECK int balancer_table_report(struct balancer_table *table, struct sv id,
				     struct report *report, int64_t now_ms);

/* balancer_table_advance - forget who is silent. Call it several times a
 * second; a longer pause is time in which nobody was listening. */
void balancer_table_advance(struct balancer_table *table, int64_t now_ms);

/* balancer_table_changes - grows with each report and each that is forgotten.
 */
uint64_t balancer_table_changes(const struct balancer_table *table);

/* balancer_table_count - how many are live; -1 while it is not known yet. */
int balancer_table_count(const struct balancer_table *table);

/* balancer_table_at - number @index in the order of their first report, or
 * NULL. Borrowed until the next change. */
const struct balancer_entry *
balancer_table_at(const struct balancer_table *table, size_t index);

/* balancer_table_rates - the sums of all; @p99_us_r is the slowest one's, -1
 * when nobody knows. */
void balancer_table_rates(const struct balancer_table *table,
			  struct balancer_rates *rates_r, double *p99_us_r);

#endif
