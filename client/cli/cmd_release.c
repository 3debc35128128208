/*
 * cmd_release.c - perictl release: nothing is wanted of it any more.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	return operate_options(settings, options_r);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	return operate_run(cli, settings, arguments[0], NULL, NULL);
}

static const struct cli_command command = {
	.name = "release",
	.chapter = CLI_OPERATORS,
	.arguments = "TARGET",
	.summary = "end all that is wanted of a node or a region",
	.details = "Drain, maintenance, weight and bias: what it reports "
		   "itself holds again.\n\n"
		   "  perictl release gru-1 --reason \"all done\"",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct operate_settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_release_command(void)
{
	return &command;
}
