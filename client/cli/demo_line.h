/*
 * demo_line.h - the demo's status line, once a second. One thread.
 */
#ifndef PERI_CLIENT_CLI_DEMO_LINE_H
#define PERI_CLIENT_CLI_DEMO_LINE_H

#include "client/cli/demo_fleet.h"
#include "client/cli/demo_stats.h"

struct demo_line {
	int is_json;
	int64_t last_ms;
	uint64_t last_resolves;
};

/* demo_line_init - before the first line; @json_lines 1 = as JSON. */
void demo_line_init(struct demo_line *line, uint32_t json_lines);

/* demo_line_print - one line to stdout. */
void demo_line_print(struct demo_line *line, const struct demo_stats *stats,
		     const struct demo_fleet *fleet, int64_t now_ms);

#endif
