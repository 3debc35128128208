/*
 * cmd_weight.c - perictl weight: a node's share against the others.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"
#include "lib/base/num.h"

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	return operate_options(settings, options_r);
}

/* @arg: the weight, or NULL for the node's own. */
static void change(struct intent *intent, const void *arg)
{
	const uint64_t *weight = arg;

	intent->has_weight = weight != NULL;
	intent->weight = weight ? (uint32_t)*weight : 0;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	struct sv text = sv_str(arguments[1]);
	uint64_t weight;

	if (sv_eq(text, SV("none")))
		return operate_run(cli, settings, arguments[0], change, NULL);
	if (num_u64(text, NODE_WEIGHT_MAX, &weight) != 0) {
		cli_error("a weight is 0 to %d (100 is normal), or none, not "
			  "\"%s\"",
			  NODE_WEIGHT_MAX, arguments[1]);
		return CLI_USAGE;
	}
	return operate_run(cli, settings, arguments[0], change, &weight);
}

static const struct cli_command command = {
	.name = "weight",
	.chapter = CLI_OPERATORS,
	.arguments = "TARGET WEIGHT",
	.summary = "give a node or a region's nodes another weight",
	.details =
		"Wins over the weight that the node reports, 100 is normal, 0 "
		"takes no new clients.\n\"none\" is the node's own again. A "
		"drain that was asked for stays.\n\n"
		"  perictl weight gru-1 50 --dry-run\n"
		"  perictl weight gru-1 50 --reason \"slow disk\"\n"
		"  perictl weight gru-1 none --reason \"disk is fine\"",
	.arguments_max = 2,
	.settings_bytes = sizeof(struct operate_settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_weight_command(void)
{
	return &command;
}
