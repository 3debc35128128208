/*
 * cmd_regions.c - perictl regions: the regions with nodes, load and shares.
 */
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/state.h"

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	static const char *const parts[] = {"regions", NULL};

	return state_show(cli, parts, fleet_table_regions);
}

static const struct cli_command command = {
	.name = "regions",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "the regions with nodes, load and shares",
	.details =
		"first/s and share: first places in answers; spill: of those, "
		"for clients that had a\nnearer region.\n\n"
		"  perictl regions\n"
		"  perictl regions -o json | jq '.regions[].id'",
	.run = run,
};

const struct cli_command *cmd_regions_command(void)
{
	return &command;
}
