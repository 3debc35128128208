/*
 * history_source.h - what the history's numbers are: asks leases, regions and
 * balancers each 5 s. The only one who knows what a point's values mean. Loop
 * thread.
 */
#ifndef PERI_REGISTRY_HISTORY_SOURCE_H
#define PERI_REGISTRY_HISTORY_SOURCE_H

#include "registry/history.h"
#include "registry/lease.h"

#define HISTORY_SOURCE_FLEET   "fleet"
#define HISTORY_SOURCE_QUERIES "fleet/queries" /* more numbers of the fleet */

/* Values of a point of a node, a region or the fleet. */
enum {
	HISTORY_SOURCE_CONNS,
	HISTORY_SOURCE_CAPACITY,
	HISTORY_SOURCE_FIRST_PER_S, /* first choices */
	HISTORY_SOURCE_WEIGHT, /* a node's in force; else sums of reported */
};

/* Values of a point of HISTORY_SOURCE_QUERIES. */
enum {
	HISTORY_SOURCE_RESOLVES_PER_S,
	HISTORY_SOURCE_P99_US,
	HISTORY_SOURCE_NEAREST_SHARE, /* of those whose place is known */
};

struct registry;
struct history_source;

/* history_source_new - for at most @nodes_max nodes beside the regions; @r is
 * borrowed. */
struct history_source *history_source_new(struct registry *r,
					  uint32_t nodes_max);
void history_source_free(struct history_source **source);

/* history_source_history - what it writes to; borrowed. */
struct history *history_source_history(struct history_source *source);

/* history_source_begin - what was kept is back: from now on look. */
void history_source_begin(struct history_source *source);
/* history_source_lease - as lease_event_cb. */
void history_source_lease(struct history_source *source,
			  const struct lease *lease, enum lease_event event);

/*
 * history_source_look - one moment, when 5 s are over since the last.
 *
 * @hour_r, @day_r  out: as history_close()
 *
 * Returns whether there is one.
 */
bool history_source_look(struct history_source *source, int64_t wall_s,
			 const struct history_frame **hour_r,
			 const struct history_frame **day_r);

/* history_source_left_out - nodes that have no slot. */
size_t history_source_left_out(const struct history_source *source);

#endif
