/*
 * commands.h - the commands of perictl, one file each (cmd_*.c).
 */
#ifndef PERI_CLIENT_CLI_COMMANDS_H
#define PERI_CLIENT_CLI_COMMANDS_H

#include "client/cli/cli.h"

extern const struct cli_command cmd_resolve_command;
extern const struct cli_command cmd_connect_command;
extern const struct cli_command cmd_nodes_command;
extern const struct cli_command cmd_regions_command;
extern const struct cli_command cmd_explain_command;
extern const struct cli_command cmd_token_command;
extern const struct cli_command cmd_load_command;
extern const struct cli_command cmd_help_command;

/* cmd_help_overview - all commands with a line each; returns @exit_code. */
int cmd_help_overview(int exit_code);

#endif
