/*
 * cli_options.h - one command's options by table: the common ones and its own,
 * read with getopt_long and shown by --help. One thread.
 */
#ifndef PERI_CLIENT_CLI_CLI_OPTIONS_H
#define PERI_CLIENT_CLI_CLI_OPTIONS_H

#include "client/cli/cli.h"

struct cli_options {
	const struct cli_command *command; /* borrowed */
	void *settings;			   /* owned */
	struct cli_option list[CLI_OPTIONS_MAX];
	unsigned own_count, count; /* the command's own come first */
	char *const *arguments;	   /* borrowed: what is no option */
	unsigned argument_count;
};

/* cli_options_init - the table for @command; defaults and PERI_* environment
 * variables are put into @cli, the command's own into settings (owned). */
void cli_options_init(struct cli_options *options, struct cli *cli,
		      const struct cli_command *command);
/* cli_options_fini - free the settings. */
void cli_options_fini(struct cli_options *options);

/* cli_options_read - argv to the targets. Returns CLI_OK, CLI_USAGE (said why)
 * or -1 after --help was shown. */
MUST_CHECK int cli_options_read(struct cli_options *options, int argc,
				char **argv);

/* cli_options_variable - the environment variable that stands for the common
 * option @name, or NULL. */
const char *cli_options_variable(const char *name);

/* cli_options_put_help - append the command's help. */
void cli_options_put_help(struct buf *b, const struct cli_options *options);

#endif
