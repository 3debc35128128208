/*
 * cmd_help.c - perictl help: what there is, or one command's help.
 */
#include "client/cli/cli_options.h"
#include "client/cli/commands.h"

#define HELP_MAX 65536

int cmd_help_overview(int exit_code)
{
	const struct cli_command *command;
	struct buf b;

	buf_init(&b, HELP_MAX);
	buf_str(&b, "perictl - one tool for clients and operators of "
		    "Perihelion\n\nusage: perictl COMMAND [options]\n\n");
	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++)
		buf_printf(&b, "  %-10s %s\n", command->name, command->summary);
	buf_str(&b,
		"\nTry:\n"
		"  perictl resolve 200.160.2.3      which nodes would this "
		"client get?\n"
		"  perictl explain 200.160.2.3      ... and why?\n"
		"  perictl connect --seconds 30     be a client yourself\n\n"
		"Servers: --balancer (PERI_BALANCER), --balancer-admin "
		"(PERI_BALANCER_ADMIN),\n--registry (PERI_REGISTRY). Every "
		"command: --help, -o table|json, --timeout.\n"
		"perictl --version says which one this is.\n\n"
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no answer "
		"(daemon not reachable),\n4 refused by the daemon.\n");
	(void)cli_print(&b);
	return exit_code;
}

static int show_command(const struct cli_command *command)
{
	struct cli_options options;
	struct cli unused;
	struct buf b;

	buf_init(&b, HELP_MAX);
	cli_options_init(&options, &unused, command);
	cli_options_put_help(&b, &options);
	cli_options_fini(&options);
	return cli_print(&b);
}

static int run(const struct cli *cli UNUSED, const void *settings UNUSED,
	       char *const *arguments, unsigned argument_count)
{
	const struct cli_command *command;

	if (argument_count == 0)
		return cmd_help_overview(CLI_OK);
	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++) {
		if (sv_eq(sv_str(command->name), sv_str(arguments[0])))
			return show_command(command);
	}
	cli_error("there is no command \"%s\"; see: perictl help",
		  arguments[0]);
	return CLI_USAGE;
}

static const struct cli_command command = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "this text, or a command's",
	.details = "Shows all commands, or the options and examples of one.",
	.arguments_max = 1,
	.run = run,
};

const struct cli_command *cmd_help_command(void)
{
	return &command;
}
