/*
 * heartbeat_bench.h - for the tests of client/heartbeat.c: a machine, its clock
 * and the middlebox it lives behind. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_CLIENT_HEARTBEAT_BENCH_H
#define PERI_TESTS_UNIT_CLIENT_HEARTBEAT_BENCH_H

#include <string.h>

#include "client/heartbeat.h"

static const struct heartbeat_bounds usual = {60, 60, 300, 30};

/* A machine, its clock, and the middlebox it lives behind. */
struct bench {
	struct heartbeat hb;
	struct netmemory memory;
	struct rng rng;
	int64_t now_ms;
};

static inline void begin(struct bench *b, const struct heartbeat_bounds *bounds)
{
	memset(b, 0, sizeof(*b));
	rng_seed(&b->rng, 1);
	heartbeat_init(&b->hb, bounds, &b->memory, &b->rng);
	heartbeat_start(&b->hb, b->now_ms);
}

/* The next beat goes out; returns the silence before it in ms. */
static inline int64_t beat(struct bench *b)
{
	int64_t silence_ms = heartbeat_due_ms(&b->hb) - b->now_ms;

	assert_int_equal(heartbeat_tick(&b->hb, heartbeat_due_ms(&b->hb) - 1),
			 HEARTBEAT_NOTHING);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_SEND);
	return silence_ms;
}

static inline int64_t good_beat(struct bench *b)
{
	int64_t silence_ms = beat(b);

	heartbeat_reply(&b->hb, b->now_ms);
	return silence_ms;
}

/* A beat and its second ping stay without a reply; then connected again. */
static inline void dead_beat(struct bench *b)
{
	int64_t sent_ms;

	beat(b);
	sent_ms = b->now_ms;
	assert_int_equal(heartbeat_due_ms(&b->hb),
			 sent_ms + HEARTBEAT_REPLY_MS);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_SEND);
	b->now_ms = heartbeat_due_ms(&b->hb);
	assert_int_equal(b->now_ms,
			 sent_ms + HEARTBEAT_REPLY_MS + HEARTBEAT_SECOND_MS);
	assert_int_equal(heartbeat_tick(&b->hb, b->now_ms), HEARTBEAT_DEAD);
	heartbeat_start(&b->hb, b->now_ms);
}

static inline void three_good(struct bench *b)
{
	for (int i = 0; i < 3; i++)
		(void)good_beat(b);
}

/* From the start to a good value of @s. */
static inline void climb_to(struct bench *b, uint32_t s)
{
	while (b->hb.facts.good_s < s)
		three_good(b);
}

#endif
