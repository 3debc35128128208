/*
 * follow.h - keeps a stream of the registry's /v1/events open: begins it,
 * begins it again when it ends, goes on behind the last event. One thread.
 */
#ifndef PERI_CLIENT_CLI_FOLLOW_H
#define PERI_CLIENT_CLI_FOLLOW_H

#include "client/cli/cli.h"

/* Called once when the stream stands, and then for each piece that brought an
 * event. Returns CLI_OK to go on, else what follow_run() is to return. */
typedef int follow_cb(void *arg);

/*
 * follow_run - until a signal ends the process, or @event says so.
 *
 * @target  "/v1/events?only=log"
 *
 * Returns an exit code: CLI_UNREACHABLE only when it never stood.
 */
int follow_run(const struct cli *cli, struct sv target, follow_cb *event,
	       void *arg);

#endif
