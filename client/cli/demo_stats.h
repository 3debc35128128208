/*
 * demo_stats.h - what happened to the demo's clients, counted, and the last
 * thousand answer times. Plain data, one thread.
 */
#ifndef PERI_CLIENT_CLI_DEMO_STATS_H
#define PERI_CLIENT_CLI_DEMO_STATS_H

#include <stdint.h>

#define DEMO_STATS_SAMPLES 1024

struct demo_stats {
	uint64_t arrivals;	 /* clients that came */
	uint64_t held_back;	 /* not started: --clients-max */
	uint64_t left;		 /* clients that left as they wanted to */
	uint64_t resolves;	 /* answers */
	uint64_t resolve_failed; /* questions without an answer */
	uint64_t connects;	 /* clients that came to be up */
	uint64_t connect_failed; /* addresses that did not take a client */
	uint64_t refused; /* addresses that closed before authentication */
	uint64_t lost;	  /* connections that ended by themselves */
	uint64_t beats, beats_answered;
	/* now: */
	uint32_t clients, up;
	uint32_t up_located, up_nearest; /* of `up`: place known; at home */
	uint32_t samples_us[DEMO_STATS_SAMPLES]; /* ring of answer times */
	uint64_t sample_count;
};

/* demo_stats_sample - an answer took @took_us. */
void demo_stats_sample(struct demo_stats *stats, int64_t took_us);

/* demo_stats_quantile_us - of the last samples; @share within 0..1; 0 when
 * there are none. */
uint32_t demo_stats_quantile_us(const struct demo_stats *stats, double share);

/* demo_stats_failures - all kinds of failure together. */
uint64_t demo_stats_failures(const struct demo_stats *stats);

#endif
