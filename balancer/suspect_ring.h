/*
 * suspect_ring.h - what a worker's clients report, on its way to the builder:
 * a ring of fixed size with one writer and one reader, no lock. When it is full
 * reports are lost and counted: they only hint.
 */
#ifndef PERI_BALANCER_SUSPECT_RING_H
#define PERI_BALANCER_SUSPECT_RING_H

#include "balancer/counter.h"
#include "balancer/suspects.h"

#define SUSPECT_RING_SIZE 1024 /* a power of two */

/* Zeroed at first. */
struct suspect_ring {
	_Atomic uint32_t written; /* by the worker; counts on */
	struct counter lost;	  /* by the worker */
	struct suspects_report reports[SUSPECT_RING_SIZE];
	_Atomic uint32_t taken; /* by the builder; counts on */
};

/* suspect_ring_put - hand in one report. The worker's thread. */
void suspect_ring_put(struct suspect_ring *ring,
		      const struct suspects_report *report);

/* suspect_ring_take - the oldest report. Returns false when there is none.
 * Builder's thread. */
bool suspect_ring_take(struct suspect_ring *ring,
		       struct suspects_report *report_r);

#endif
