/*
 * commands.h - the commands of perictl, one file each (cmd_*.c).
 */
#ifndef PERI_CLIENT_CLI_COMMANDS_H
#define PERI_CLIENT_CLI_COMMANDS_H

#include "client/cli/cli.h"

/* cmd_*_command - one command each; constant. */
const struct cli_command *cmd_resolve_command(void);
const struct cli_command *cmd_connect_command(void);
const struct cli_command *cmd_nodes_command(void);
const struct cli_command *cmd_regions_command(void);
const struct cli_command *cmd_coverage_command(void);
const struct cli_command *cmd_explain_command(void);
const struct cli_command *cmd_token_command(void);
const struct cli_command *cmd_load_command(void);
const struct cli_command *cmd_status_command(void);
const struct cli_command *cmd_top_command(void);
const struct cli_command *cmd_node_command(void);
const struct cli_command *cmd_events_command(void);
const struct cli_command *cmd_history_command(void);
const struct cli_command *cmd_drain_command(void);
const struct cli_command *cmd_undrain_command(void);
const struct cli_command *cmd_maint_command(void);
const struct cli_command *cmd_weight_command(void);
const struct cli_command *cmd_bias_command(void);
const struct cli_command *cmd_release_command(void);
const struct cli_command *cmd_intent_command(void);
const struct cli_command *cmd_audit_command(void);
const struct cli_command *cmd_login_command(void);
const struct cli_command *cmd_config_command(void);
const struct cli_command *cmd_completion_command(void);
const struct cli_command *cmd_help_command(void);

/* cmd_help_overview - all commands with a line each; returns @exit_code. */
int cmd_help_overview(int exit_code);

#endif
