/*
 * cli_manual.h - perictl's manual page, from the tables of commands, options,
 * variables and exit codes. Pure.
 */
#ifndef PERI_CLIENT_CLI_CLI_MANUAL_H
#define PERI_CLIENT_CLI_CLI_MANUAL_H

#include "lib/base/buf.h"

/* cli_manual_put - append perictl(1) in mdoc(7). */
void cli_manual_put(struct buf *b);

#endif
