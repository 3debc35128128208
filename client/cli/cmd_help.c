/*
 * cmd_help.c - perictl help: what there is, or one command's help.
 */
#include "client/cli/cli_options.h"
#include "client/cli/commands.h"

#define HELP_MAX 65536

int cmd_help_overview(int exit_code)
{
	const struct cli_command *const *commands;
	unsigned count;
	struct buf b;

	buf_init(&b, HELP_MAX);
	buf_str(&b, "perictl - one tool for clients and operators of "
		    "Perihelion\n\nusage: perictl COMMAND [options]\n\n");
	commands = cli_commands(&count);
	for (unsigned i = 0; i < count; i++) {
		buf_printf(&b, "  %-10s %s\n", commands[i]->name,
			   commands[i]->summary);
	}
	buf_str(&b,
		"\nTry:\n"
		"  perictl resolve 200.160.2.3      which nodes would this "
		"client get?\n"
		"  perictl explain 200.160.2.3      ... and why?\n"
		"  perictl connect --seconds 30     be a client yourself\n\n"
		"Servers: --balancer (PERI_BALANCER), --balancer-admin "
		"(PERI_BALANCER_ADMIN),\n--registry (PERI_REGISTRY). Every "
		"command: --help, -o table|json, --timeout.\n\n"
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no answer "
		"(daemon not reachable),\n4 refused by the daemon.\n");
	(void)cli_print(&b);
	return exit_code;
}

static int run(const struct cli *cli UNUSED, const void *settings UNUSED,
	       char *const *arguments, unsigned argument_count)
{
	const struct cli_command *const *commands;
	struct cli_options options;
	struct cli unused;
	unsigned count;
	struct buf b;

	if (argument_count == 0)
		return cmd_help_overview(CLI_OK);
	commands = cli_commands(&count);
	for (unsigned i = 0; i < count; i++) {
		if (!sv_eq(sv_str(commands[i]->name), sv_str(arguments[0])))
			continue;
		buf_init(&b, HELP_MAX);
		cli_options_init(&options, &unused, commands[i]);
		cli_options_put_help(&b, &options);
		cli_options_fini(&options);
		return cli_print(&b);
	}
	cli_error("there is no command \"%s\"; see: perictl help",
		  arguments[0]);
	return CLI_USAGE;
}

const struct cli_command cmd_help_command = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "this text, or a command's",
	.details = "Shows all commands, or the options and examples of one.",
	.arguments_max = 1,
	.run = run,
};
