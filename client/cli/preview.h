/*
 * preview.h - whose clients a change would move (/v1/preview). One thread.
 */
#ifndef PERI_CLIENT_CLI_PREVIEW_H
#define PERI_CLIENT_CLI_PREVIEW_H

#include "client/cli/cli.h"

/* preview_show - ask through the registry and print; @query begins with '?',
 * or is empty when nothing would change. Returns an exit code. */
int preview_show(const struct cli *cli, struct sv query);

#endif
