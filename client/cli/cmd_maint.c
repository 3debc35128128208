/*
 * cmd_maint.c - perictl maint: out of service, and not missed.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	return operate_options(settings, options_r);
}

static void change(struct intent *intent, const void *arg UNUSED)
{
	intent->state = INTENT_MAINTENANCE;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	return operate_run(cli, settings, arguments[0], change, NULL);
}

static const struct cli_command command = {
	.name = "maint",
	.chapter = CLI_OPERATORS,
	.arguments = "TARGET",
	.summary = "take a node or a region out for maintenance",
	.details =
		"Like a drain; besides, it is no capacity of the fleet and its "
		"absence is no alarm.\nEnds by perictl undrain, or by itself "
		"with --for or --until.\n\n"
		"  perictl maint gru-1 --for 1h --reason \"new disk\"\n"
		"  perictl maint region/hk --until 06:00 --reason \"power "
		"works\"",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct operate_settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_maint_command(void)
{
	return &command;
}
