/*
 * demand.h - how many queries per second come from each cell for each service:
 * workers count, the builder turns counts into rates (EWMA, 3 s).
 */
#ifndef PERI_BALANCER_DEMAND_H
#define PERI_BALANCER_DEMAND_H

#include <stdint.h>

#include "lib/base/sv.h"

#define DEMAND_SLOTS 16	   /* services that are counted apart */
#define DEMAND_CELLS 65536 /* every uint16_t */

struct demand;

/* One worker's counts; only that worker writes them. */
struct demand_counter;

/* demand_new - for @worker_count workers. Builder's thread owns it. */
struct demand *demand_new(unsigned worker_count);
void demand_free(struct demand **demand);

/* demand_copy - the rates as they are now; nothing is counted any more. Owned
 * by the caller. */
struct demand *demand_copy(const struct demand *demand);

/* demand_counter - worker number @worker's counts; borrowed. */
struct demand_counter *demand_counter(struct demand *demand, unsigned worker);

/* demand_count - one query of @cell for the service with this @slot. The
 * worker's own thread; no lock, no allocation. */
void demand_count(struct demand_counter *counter, unsigned slot, uint16_t cell);

/* demand_counted - all queries of @cell for the service with this @slot ever
 * counted by all workers; wraps. demand_cell_end - no cell from here on was
 * asked from. Any thread. */
uint32_t demand_counted(const struct demand *demand, unsigned slot,
			uint32_t cell);
uint32_t demand_cell_end(const struct demand *demand, unsigned slot);

/* demand_slot - the number of a service's counts, the same for the life of the
 * process. Builder's thread. Returns 0..15, or 0 when all 16 are taken: such a
 * service shares the first one's counts. */
unsigned demand_slot(struct demand *demand, struct sv service);

/* demand_update - take what was counted since the last call into the rates.
 * The first call only starts the clock; the rates of the first 3 s are plain
 * means, so that a fresh start does not look idle, but over no less than 1 s,
 * so that a burst does not look like a flood. A call without time passed does
 * nothing. Builder's thread. */
void demand_update(struct demand *demand, int64_t now_ms);

/* demand_rate - queries per second of @cell, as of demand_update(). */
double demand_rate(const struct demand *demand, unsigned slot, uint16_t cell);
/* demand_rates - the same for all cells, index = cell; NULL while the slot has
 * none. Borrowed. Builder's thread. */
const double *demand_rates(const struct demand *demand, unsigned slot);

/* demand_carry - the cells have new numbers: what was of cell c is of @to[c]
 * now, sums included; of those from @count on nothing is left. Counts that no
 * demand_update() has taken yet are taken for new numbers. Builder's thread. */
void demand_carry(struct demand *demand, const uint16_t *to, uint32_t count);

/* demand_set_rate - put a rate in place of counting, which ends for all cells
 * of @slot: simulator and tests. */
void demand_set_rate(struct demand *demand, unsigned slot, uint16_t cell,
		     double rate_per_s);

#endif
