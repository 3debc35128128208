/*
 * bars.h - the acceptance set L1 to L14 of the ranking, with its bars.
 */
#ifndef PERI_TESTS_SIM_RANKING_BARS_H
#define PERI_TESTS_SIM_RANKING_BARS_H

#include <stdbool.h>
#include <stdint.h>

struct bars_options {
	const char *only; /* "L3", "rivals", or NULL: all */
	bool quick;	  /* one seed, without L12 and the opponents */
	uint64_t first_seed, seed_count;
};

/* bars_run - print the table with a verdict each. Returns the exit status: 0
 * when every bar holds, 1 when one is missed, 2 when a file cannot be read or
 * there is no such line; says why on stderr. */
int bars_run(const struct bars_options *options);

#endif
