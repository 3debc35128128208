/*
 * tally.h - one worker's counters. Only the worker adds; /metrics reads them
 * from the main thread without a lock, each number whole by itself.
 */
#ifndef PERI_COMET_AGENT_TALLY_H
#define PERI_COMET_AGENT_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "comet-agent/auth.h"
#include "comet-agent/close_reason.h"

typedef _Atomic uint64_t tally_count;

struct tally {
	tally_count accepts; /* connections that became sessions */
	tally_count refused[REFUSAL_COUNT];
	tally_count closed[CLOSE_REASON_COUNT];
	tally_count auth[AUTH_VERDICT_COUNT];
	tally_count sessions;	   /* open now */
	tally_count authenticated; /* of them */
	tally_count frames_in, frames_out;
	tally_count heartbeats;
	tally_count heartbeats_with_interval;
	tally_count bodies_ignored; /* room or op lists not understood */
	tally_count drained;	    /* sessions let go by a drain */
	tally_count goodbyes;
};

/* tally_add - @count grows by @n; one writer. A plain add, no bus lock. */
static inline void tally_add(tally_count *count, uint64_t n)
{
	atomic_store_explicit(
		count, atomic_load_explicit(count, memory_order_relaxed) + n,
		memory_order_relaxed);
}

/* tally_sub - @count shrinks by one; one writer. */
static inline void tally_sub(tally_count *count)
{
	tally_add(count, (uint64_t)-1);
}

/* tally_get - the number now. Any thread. */
static inline uint64_t tally_get(const tally_count *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

#endif
