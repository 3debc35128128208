/*
 * cmd_bias.c - perictl bias: a region counts nearer or farther than it is.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"
#include "lib/base/num.h"

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	return operate_options(settings, options_r);
}

/* @arg: the kilometres, or NULL for the region's own. */
static void change(struct intent *intent, const void *arg)
{
	const double *bias_km = arg;

	intent->has_bias = bias_km != NULL;
	intent->bias_km = bias_km ? *bias_km : 0;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	struct sv text = sv_str(arguments[1]);
	double bias_km;

	if (sv_eq(text, SV("none")))
		return operate_run(cli, settings, arguments[0], change, NULL);
	if (num_double(text, -INTENT_BIAS_KM_MAX, INTENT_BIAS_KM_MAX,
		       &bias_km) != 0) {
		cli_error("a bias is -%d to %d km, or none, not \"%s\"",
			  INTENT_BIAS_KM_MAX, INTENT_BIAS_KM_MAX, arguments[1]);
		return CLI_USAGE;
	}
	return operate_run(cli, settings, arguments[0], change, &bias_km);
}

static const struct cli_command command = {
	.name = "bias",
	.chapter = CLI_OPERATORS,
	.arguments = "REGION KM",
	.summary = "let a region count nearer than it is",
	.details =
		"Takes KM off the distance to it, or adds them below 0 (after "
		"--: an option begins with\na dash). Wins over the bias_km of "
		"the regions file; \"none\" is that one again.\n\n"
		"  perictl bias eu-west 300 --dry-run\n"
		"  perictl bias eu-west 300 --reason \"new racks\"\n"
		"  perictl bias --reason \"dear traffic\" -- eu-west -500",
	.arguments_max = 2,
	.settings_bytes = sizeof(struct operate_settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_bias_command(void)
{
	return &command;
}
