/*
 * cmd_status.c - perictl status: how the fleet is, on one screen.
 */
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/state.h"

static void put_status(struct buf *b, const struct json *root)
{
	fleet_table_status(b, root);
	buf_char(b, '\n');
	fleet_table_balancers(b, root);
	buf_char(b, '\n');
	fleet_table_regions(b, root);
}

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	static const char *const parts[] = {"id",      "wall_ms", "registry",
					    "status",  "regions", "balancers",
					    "intents", NULL};

	return state_show(cli, parts, put_status);
}

static const struct cli_command command = {
	.name = "status",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "how the fleet is, on one screen",
	.details = "The registry and its store, nodes and clients, what the "
		   "balancers answer, the regions.\n\n"
		   "  perictl status\n"
		   "  perictl status --registry-admin http://10.0.0.5:7172 "
		   "--token-file ~/.peri-token\n"
		   "  perictl status -o json | jq .status.ready",
	.run = run,
};

const struct cli_command *cmd_status_command(void)
{
	return &command;
}
