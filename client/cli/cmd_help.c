/*
 * cmd_help.c - perictl help: what there is, or one command's help.
 */
#include "client/cli/cli_manual.h"
#include "client/cli/cli_options.h"
#include "client/cli/commands.h"

#define HELP_MAX   65536
#define MANUAL_MAX (1u << 20)

struct settings {
	uint32_t manual;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;

	options_r[0] = (struct cli_option){
		.name = "manual",
		.kind = CLI_FLAG,
		.help = "print the manual page (mdoc)",
		.target = &s->manual,
	};
	return 1;
}

static void put_chapter(struct buf *b, unsigned chapter)
{
	const struct cli_command *command;

	buf_printf(b, "\n%s\n", cli_chapter_str(chapter));
	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++) {
		if (command->chapter == chapter)
			buf_printf(b, "  %-10s  %s\n", command->name,
				   command->summary);
	}
}

int cmd_help_overview(int exit_code)
{
	struct buf b;

	buf_init(&b, HELP_MAX);
	buf_str(&b, "perictl - one tool for clients and operators of "
		    "Perihelion\n\nusage: perictl COMMAND [options]\n");
	for (unsigned i = 0; i < CLI_CHAPTERS; i++)
		put_chapter(&b, i);
	buf_str(&b,
		"\nTry:\n"
		"  perictl resolve 200.160.2.3      which nodes would this "
		"client get?\n"
		"  perictl explain 200.160.2.3      ... and why?\n"
		"  perictl connect --seconds 30     be a client yourself\n\n"
		"Every command: --help, -o table|json, --timeout, and where "
		"the daemons are.\nperictl --version says which one this "
		"is.\n\nExit codes:\n");
	for (int code = 0; cli_exit_str(code); code++)
		buf_printf(&b, "  %d  %s\n", code, cli_exit_str(code));
	(void)cli_print(&b);
	return exit_code;
}

static int show_manual(void)
{
	struct buf b;

	buf_init(&b, MANUAL_MAX);
	cli_manual_put(&b);
	return cli_print(&b);
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

static int run(const struct cli *cli UNUSED, const void *settings,
	       char *const *arguments, unsigned argument_count)
{
	const struct settings *s = settings;
	const struct cli_command *command;

	if (s->manual)
		return show_manual();
	if (argument_count == 0)
		return cmd_help_overview(CLI_OK);
	command = cli_command_find(sv_str(arguments[0]));
	if (command)
		return show_command(command);
	cli_error("there is no command \"%s\"; see: perictl help",
		  arguments[0]);
	return CLI_USAGE;
}

static const struct cli_command command = {
	.name = "help",
	.chapter = CLI_TOOLS,
	.arguments = "[COMMAND]",
	.summary = "this text, or a command's",
	.details = "Shows all commands, or the options and examples of one.\n\n"
		   "  perictl help explain\n"
		   "  perictl help --manual | man -l -",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_help_command(void)
{
	return &command;
}
