/*
 * counter.h - a number that one thread counts and any thread reads, without a
 * lock and without an atomic read-modify-write.
 */
#ifndef PERI_BALANCER_COUNTER_H
#define PERI_BALANCER_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
	_Atomic uint64_t value;
};

/* counter_get - the value, perhaps one step old. Any thread. */
static inline uint64_t counter_get(const struct counter *c)
{
	return atomic_load_explicit(&c->value, memory_order_relaxed);
}

/* counter_set - put @value in place. The one writing thread. */
static inline void counter_set(struct counter *c, uint64_t value)
{
	atomic_store_explicit(&c->value, value, memory_order_relaxed);
}

/* counter_add - count @n more. The one writing thread. */
static inline void counter_add(struct counter *c, uint64_t n)
{
	counter_set(c, counter_get(c) + n);
}

#endif
