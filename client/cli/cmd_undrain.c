/*
 * cmd_undrain.c - perictl undrain: the end of a drain or of maintenance.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	return operate_options(settings, options_r);
}

/* A weight or bias of before stays. */
static void change(struct intent *intent, const void *arg UNUSED)
{
	intent->state = INTENT_UP;
	intent->shed_per_min = 0;
	intent->deadline_s = 0;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	return operate_run(cli, settings, arguments[0], change, NULL);
}

static const struct cli_command command = {
	.name = "undrain",
	.chapter = CLI_OPERATORS,
	.arguments = "TARGET",
	.summary = "end a drain or maintenance",
	.details =
		"It gets new clients again from the next snapshot on. A weight "
		"or bias that was asked\nfor stays; perictl release ends "
		"those, too.\n\n"
		"  perictl undrain gru-1 --reason \"kernel is new\"",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct operate_settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_undrain_command(void)
{
	return &command;
}
