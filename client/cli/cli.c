/*
 * cli.c - finds the command, reads its options by table, shows its help.
 * One thread.
 */
#include "client/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "client/cli/cli_options.h"
#include "client/cli/commands.h"
#include "lib/base/log.h"
#include "perihelion.h"

const struct cli_command *cli_command_at(unsigned index)
{
	static const struct cli_command *(*const commands[])(void) = {
		/* clients */
		cmd_resolve_command,
		cmd_connect_command,
		cmd_token_command,
		cmd_load_command,
		/* the fleet */
		cmd_status_command,
		cmd_top_command,
		cmd_nodes_command,
		cmd_node_command,
		cmd_regions_command,
		cmd_coverage_command,
		cmd_events_command,
		cmd_history_command,
		cmd_explain_command,
		/* operators */
		cmd_drain_command,
		cmd_undrain_command,
		cmd_maint_command,
		cmd_weight_command,
		cmd_bias_command,
		cmd_release_command,
		cmd_intent_command,
		cmd_audit_command,
		cmd_login_command,
		/* tools */
		cmd_config_command,
		cmd_completion_command,
		cmd_help_command,
	};

	return index < ARRAY_LEN(commands) ? commands[index]() : NULL;
}

const char *cli_chapter_str(unsigned chapter)
{
	static const char *const names[] = {"clients", "the fleet", "operators",
					    "tools"};

	return chapter < ARRAY_LEN(names) ? names[chapter] : NULL;
}

const char *cli_exit_str(int code)
{
	static const char *const meanings[] = {
		[CLI_OK] = "done",
		[CLI_FAILED] = "it was tried and did not work",
		[CLI_USAGE] = "the command line makes no sense",
		[CLI_UNREACHABLE] = "no answer: is the daemon running?",
		[CLI_REFUSED] = "answered, but with a refusal",
	};

	return code >= 0 && code < (int)ARRAY_LEN(meanings) ? meanings[code]
							    : NULL;
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("perictl: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

int cli_write(struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(STDOUT_FILENO, b->data + done, b->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return CLI_FAILED;
		done += (size_t)n;
	}
	buf_reset(b);
	return CLI_OK;
}

int cli_print(struct buf *b)
{
	int rc = cli_write(b);

	buf_fini(b);
	return rc;
}

const struct cli_command *cli_command_find(struct sv name)
{
	const struct cli_command *command;

	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++) {
		if (sv_eq(sv_str(command->name), name))
			break;
	}
	return command;
}

static int check_output(struct cli *cli)
{
	struct sv text = sv_str(cli->output_text);

	if (sv_eq(text, SV("json")))
		cli->output = CLI_JSON;
	else if (!sv_eq(text, SV("table"))) {
		cli_error("-o takes table or json, not \"%s\"",
			  cli->output_text);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_options options;
	struct cli cli;
	int rc;

	cli_options_init(&options, &cli, command);
	rc = cli_options_read(&options, argc, argv);
	if (rc == CLI_OK)
		rc = check_output(&cli);
	if (rc == CLI_OK)
		rc = command->run(&cli, options.settings, options.arguments,
				  options.argument_count);
	cli_options_fini(&options);
	return rc < 0 ? CLI_OK : rc; /* -1: --help was shown */
}

static int show_version(void)
{
	struct buf b;

	buf_init(&b, 128);
	buf_printf(&b, "perictl %s\n", perihelion_version());
	return cli_print(&b);
}

int cli_main(int argc, char **argv)
{
	const struct cli_command *command;

	log_init("perictl");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return cmd_help_overview(CLI_USAGE);
	if (sv_eq(sv_str(argv[1]), SV("--help")) ||
	    sv_eq(sv_str(argv[1]), SV("-h")))
		return cmd_help_overview(CLI_OK);
	if (sv_eq(sv_str(argv[1]), SV("--version")))
		return show_version();
	command = cli_command_find(sv_str(argv[1]));
	if (!command) {
		cli_error("there is no command \"%s\"; see: perictl help",
			  argv[1]);
		return CLI_USAGE;
	}
	return run_command(command, argc - 1, argv + 1);
}
