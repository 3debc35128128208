/*
 * demand.c - counts by workers, rates by the builder. A count has one writer
 * (its worker) and one reader (the builder), so relaxed loads and stores do;
 * pages of cells that nobody asks from are never touched.
 */
#include "balancer/demand.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/node.h"

#define TAU_S	   3.0
#define LEAST_S	   1.0	/* the builder's step: no rate is of less at first */
#define RATE_MIN_S 1e-6 /* one query in eleven days: nobody is left */

struct demand_counter {
	_Atomic uint32_t count[DEMAND_SLOTS][DEMAND_CELLS];
	_Atomic uint32_t cell_end[DEMAND_SLOTS]; /* none counted from here on */
};

/* What the builder has taken of one worker's counts. */
struct taken {
	uint32_t count[DEMAND_SLOTS][DEMAND_CELLS];
};

/* One service's rates, allocated when it is first seen. */
struct slot {
	char name[NODE_ID_BYTES];
	double rate_per_s[DEMAND_CELLS];
	uint32_t cell_end;
	bool fixed; /* demand_set_rate() took over */
};

struct demand {
	struct slot *slots[DEMAND_SLOTS];
	unsigned worker_count;
	struct demand_counter **counters;
	struct taken **taken;
	int64_t start_ms, last_ms;
	bool started;
};

struct demand *demand_new(unsigned worker_count)
{
	struct demand *demand = mem_alloc(sizeof(*demand));

	demand->worker_count = worker_count;
	demand->counters =
		mem_array(worker_count, sizeof(struct demand_counter *));
	demand->taken = mem_array(worker_count, sizeof(struct taken *));
	for (unsigned i = 0; i < worker_count; i++) {
		demand->counters[i] = mem_alloc(sizeof(struct demand_counter));
		demand->taken[i] = mem_alloc(sizeof(struct taken));
	}
	return demand;
}

void demand_free(struct demand **demand)
{
	struct demand *d = *demand;

	if (!d)
		return;
	for (unsigned i = 0; i < d->worker_count; i++) {
		mem_free(d->counters[i]);
		mem_free(d->taken[i]);
	}
	for (unsigned i = 0; i < DEMAND_SLOTS; i++)
		mem_free(d->slots[i]);
	mem_free(d->counters);
	mem_free(d->taken);
	mem_free(d);
	*demand = NULL;
}

struct demand *demand_copy(const struct demand *demand)
{
	struct demand *copy = demand_new(0);

	for (unsigned i = 0; i < DEMAND_SLOTS && demand->slots[i]; i++) {
		copy->slots[i] =
			mem_dup(demand->slots[i], sizeof(*demand->slots[i]));
		copy->slots[i]->fixed = true;
	}
	return copy;
}

struct demand_counter *demand_counter(struct demand *demand, unsigned worker)
{
	return demand->counters[worker];
}

void demand_count(struct demand_counter *counter, unsigned slot, uint16_t cell)
{
	_Atomic uint32_t *count = &counter->count[slot % DEMAND_SLOTS][cell];
	_Atomic uint32_t *end = &counter->cell_end[slot % DEMAND_SLOTS];

	atomic_store_explicit(
		count, atomic_load_explicit(count, memory_order_relaxed) + 1,
		memory_order_relaxed);
	if (atomic_load_explicit(end, memory_order_relaxed) <= cell)
		atomic_store_explicit(end, cell + 1U, memory_order_relaxed);
}

unsigned demand_slot(struct demand *demand, struct sv service)
{
	for (unsigned i = 0; i < DEMAND_SLOTS; i++) {
		struct slot *slot = demand->slots[i];

		if (slot && sv_eq(service, sv_str(slot->name)))
			return i;
		if (slot)
			continue;
		slot = mem_alloc(sizeof(*slot));
		demand->slots[i] = slot;
		if (sv_copy(service, slot->name, sizeof(slot->name)) == 0)
			return i;
		/* No service has such a name: give the slot back. */
		mem_free(slot);
		demand->slots[i] = NULL;
		return 0;
	}
	return 0;
}

uint32_t demand_counted(const struct demand *demand, unsigned slot,
			uint32_t cell)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < demand->worker_count; i++)
		sum += atomic_load_explicit(
			&demand->counters[i]->count[slot][cell],
			memory_order_relaxed);
	return sum;
}

uint32_t demand_cell_end(const struct demand *demand, unsigned slot)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < demand->worker_count; i++) {
		uint32_t own = atomic_load_explicit(
			&demand->counters[i]->cell_end[slot],
			memory_order_relaxed);

		end = own > end ? own : end;
	}
	return end;
}

/* What all workers counted in @cell since the last time; wraps rightly. */
static uint32_t take_counts(struct demand *demand, unsigned slot, uint32_t cell)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < demand->worker_count; i++) {
		uint32_t now = atomic_load_explicit(
			&demand->counters[i]->count[slot][cell],
			memory_order_relaxed);
		uint32_t *taken = &demand->taken[i]->count[slot][cell];

		if (now == *taken)
			continue;
		sum += now - *taken;
		*taken = now;
	}
	return sum;
}

static void grow_cell_end(struct demand *demand, unsigned slot)
{
	uint32_t end = demand_cell_end(demand, slot);

	if (end > demand->slots[slot]->cell_end)
		demand->slots[slot]->cell_end = end;
}

/* What a step makes of a rate: what is left of it, and what a query adds. */
struct weigh {
	double keep, query_per_s;
};

/* The plain mean of all time so far, until the EWMA is the quicker one. */
static struct weigh weigh_step(const struct demand *demand, int64_t now_ms)
{
	double dt_s = (double)(now_ms - demand->last_ms) / 1000;
	double age_s = (double)(now_ms - demand->start_ms) / 1000;
	double alpha = 1 - exp(-dt_s / TAU_S);
	double mean_s = fmax(age_s, LEAST_S);

	if (alpha > dt_s / mean_s)
		return (struct weigh){1 - alpha, alpha / dt_s};
	return (struct weigh){fmax(age_s - dt_s, LEAST_S) / mean_s, 1 / mean_s};
}

static void update_slot(struct demand *demand, unsigned index,
			struct weigh weigh)
{
	struct slot *slot = demand->slots[index];

	grow_cell_end(demand, index);
	for (uint32_t cell = 0; cell < slot->cell_end; cell++) {
		uint32_t count = take_counts(demand, index, cell);
		double *rate = &slot->rate_per_s[cell];

		if (slot->fixed || (count == 0 && *rate == 0))
			continue;
		*rate = weigh.keep * *rate + weigh.query_per_s * count;
		if (*rate < RATE_MIN_S)
			*rate = 0;
	}
}

void demand_update(struct demand *demand, int64_t now_ms)
{
	struct weigh weigh = {.keep = 1}; /* only takes the counts */

	if (demand->started && now_ms <= demand->last_ms)
		return;
	if (demand->started) {
		weigh = weigh_step(demand, now_ms);
	} else {
		demand->started = true;
		demand->start_ms = now_ms;
	}
	demand->last_ms = now_ms;
	for (unsigned i = 0; i < DEMAND_SLOTS && demand->slots[i]; i++)
		update_slot(demand, i, weigh);
}

void demand_carry(struct demand *demand, const uint16_t *to, uint32_t count)
{
	double *old = mem_array(DEMAND_CELLS, sizeof(*old));

	for (unsigned i = 0; i < DEMAND_SLOTS && demand->slots[i]; i++) {
		struct slot *slot = demand->slots[i];

		memcpy(old, slot->rate_per_s, sizeof(slot->rate_per_s));
		memset(slot->rate_per_s, 0, sizeof(slot->rate_per_s));
		for (uint32_t c = 0; c < count && c < DEMAND_CELLS; c++) {
			slot->rate_per_s[to[c]] += old[c];
			if (old[c] > 0 && to[c] >= slot->cell_end)
				slot->cell_end = to[c] + 1U;
		}
	}
	mem_free(old);
}

double demand_rate(const struct demand *demand, unsigned slot, uint16_t cell)
{
	const double *rates = demand_rates(demand, slot);

	return rates ? rates[cell] : 0;
}

const double *demand_rates(const struct demand *demand, unsigned slot)
{
	if (slot >= DEMAND_SLOTS || !demand->slots[slot])
		return NULL;
	return demand->slots[slot]->rate_per_s;
}

void demand_set_rate(struct demand *demand, unsigned slot, uint16_t cell,
		     double rate_per_s)
{
	if (slot >= DEMAND_SLOTS || !demand->slots[slot])
		return;
	demand->slots[slot]->fixed = true;
	demand->slots[slot]->rate_per_s[cell] = rate_per_s;
}
