/*
 * cmd_regions.c - perictl regions: the regions with nodes, load and shares.
 */
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/state.h"

#define TEXT_MAX (16u << 20)

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	static const char *const parts[] = {"regions", NULL};
	struct json *root = NULL;
	struct buf b;
	int rc = state_read(cli, &root);

	if (rc != CLI_OK)
		return rc;
	buf_init(&b, TEXT_MAX);
	if (cli->output == CLI_JSON)
		state_put_parts(&b, root, parts);
	else
		fleet_table_regions(&b, root);
	json_free(&root);
	return cli_print(&b);
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
