/*
 * suspect_ring.c - see the header. A report is written before written moves on
 * and read before taken does; the difference is how many wait.
 */
#include "balancer/suspect_ring.h"

static struct suspects_report *place(struct suspect_ring *ring, uint32_t at)
{
	return &ring->reports[at % SUSPECT_RING_SIZE];
}

void suspect_ring_put(struct suspect_ring *ring,
		      const struct suspects_report *report)
{
	uint32_t at =
		atomic_load_explicit(&ring->written, memory_order_relaxed);

	if (at - atomic_load_explicit(&ring->taken, memory_order_acquire) ==
	    SUSPECT_RING_SIZE) {
		counter_add(&ring->lost, 1);
		return;
	}
	*place(ring, at) = *report;
	atomic_store_explicit(&ring->written, at + 1, memory_order_release);
}

bool suspect_ring_take(struct suspect_ring *ring,
		       struct suspects_report *report_r)
{
	uint32_t at = atomic_load_explicit(&ring->taken, memory_order_relaxed);

	if (at == atomic_load_explicit(&ring->written, memory_order_acquire))
		return false;
	*report_r = *place(ring, at);
	atomic_store_explicit(&ring->taken, at + 1, memory_order_release);
	return true;
}
