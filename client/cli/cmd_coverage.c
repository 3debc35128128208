/*
 * cmd_coverage.c - perictl coverage: where clients are and where they go.
 */
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/state.h"

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	static const char *const parts[] = {"areas", "flows", NULL};

	return state_show(cli, parts, fleet_table_areas);
}

static const struct cli_command command = {
	.name = "coverage",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "where clients are, and which regions they get",
	.details =
		"A row for each area, most clients first: how many of them get "
		"their nearest region\nfirst, how far half of them have it at "
		"most, and the regions they get.\n\n"
		"  perictl coverage\n"
		"  perictl coverage -o json | jq '.flows[] | select(.spill)'",
	.run = run,
};

const struct cli_command *cmd_coverage_command(void)
{
	return &command;
}
