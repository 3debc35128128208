/*
 * demo_load.h - a stream of real clients in one loop: arrivals at a rate,
 * sessions of exponential length, a status line a second. One thread.
 */
#ifndef PERI_CLIENT_CLI_DEMO_LOAD_H
#define PERI_CLIENT_CLI_DEMO_LOAD_H

#include "client/cli/cli.h"
#include "client/cli/secret_file.h"

struct demo_load_options {
	const char *host;      /* NULL = the balancer's only service */
	const char *geo_paths; /* comma-separated; NULL or "" = none */
	const struct secret_file *secret; /* NULL = no token */
	double rate_per_s;
	double session_mean_s;
	int64_t run_ms; /* 0 = until a signal */
	uint32_t clients_max;
	uint64_t seed; /* 0 = from the system */
	uint32_t strict;
	uint32_t json_lines;
};

/* With --strict: no question without an answer, nobody refused, and at most
 * this share of connects failed or of connections lost. */
#define DEMO_LOAD_TOLERANCE 0.01

/* demo_load_run - until the time is over or SIGINT or SIGTERM. Returns an exit
 * code. */
int demo_load_run(const struct cli *cli,
		  const struct demo_load_options *options);

#endif
