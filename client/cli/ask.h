/*
 * ask.h - one question to a daemon, waited for: the blocking side of the CLI
 * over the library's machines. Errors are said on stderr. One thread.
 */
#ifndef PERI_CLIENT_CLI_ASK_H
#define PERI_CLIENT_CLI_ASK_H

#include "client/cli/cli.h"
#include "lib/proto/json.h"

struct ask {
	const char *who;     /* for people: "the registry" */
	const char *program; /* "peri-registry" */
	const char *option;  /* "--registry" */
	const char *url;
	struct sv target; /* path and query */
	int64_t timeout_ms;
};

/* The three daemons a command may ask. */
struct ask ask_balancer(const struct cli *cli, struct sv target);
struct ask ask_balancer_admin(const struct cli *cli, struct sv target);
struct ask ask_registry(const struct cli *cli, struct sv target);

/*
 * ask_text - the body of a 200 answer into @body (initialised here, buf_fini()
 * by the caller in any case).
 *
 * Returns CLI_OK, or CLI_UNREACHABLE, CLI_REFUSED, CLI_USAGE (the URL) after
 * it was said on stderr what happened and what to do.
 */
MUST_CHECK int ask_text(const struct ask *ask, struct buf *body);

/* ask_json - as ask_text(), parsed; owned by the caller (json_free()). */
MUST_CHECK int ask_json(const struct ask *ask, struct buf *body,
			struct json **root_r);

#endif
