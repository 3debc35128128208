/*
 * ask.h - one question to a daemon, waited for: the blocking side of the CLI
 * over the library's machines. Errors are said on stderr. One thread.
 */
#ifndef PERI_CLIENT_CLI_ASK_H
#define PERI_CLIENT_CLI_ASK_H

#include "client/cli/cli.h"
#include "lib/proto/json.h"

/* A piece of a stream's body, borrowed; false: that is enough. */
typedef bool ask_piece_cb(struct sv piece, void *arg);

struct ask {
	const struct cli *cli; /* how long to wait, whose token */
	const char *who;       /* for people: "the registry" */
	const char *program;   /* "peri-registry" */
	const char *option;    /* "--registry" */
	const char *url;
	struct sv target;  /* path and query */
	struct sv method;  /* "" = GET */
	struct sv body;	   /* JSON; "" = none */
	struct sv headers; /* more lines, each with its CRLF */
	bool with_token;   /* credential.h */
	bool quiet;	   /* of being out of reach, not of refusals */
	/* For a stream: its pieces as they come; then the body stays empty. */
	ask_piece_cb *piece;
	void *piece_arg;
};

/* The daemons a command may ask. */
struct ask ask_balancer(const struct cli *cli, struct sv target);
struct ask ask_balancer_admin(const struct cli *cli, struct sv target);
struct ask ask_registry_admin(const struct cli *cli, struct sv target);

/*
 * ask_text - the body of a 2xx answer into @body (initialised here, buf_fini()
 * by the caller in any case).
 *
 * Returns CLI_OK (also when a stream ended that had begun), or CLI_UNREACHABLE,
 * CLI_REFUSED, CLI_USAGE (the URL), CLI_FAILED (the token) after it was said on
 * stderr what happened and what to do.
 */
MUST_CHECK int ask_text(const struct ask *ask, struct buf *body);

/* ask_json - as ask_text(), parsed; owned by the caller (json_free()). */
MUST_CHECK int ask_json(const struct ask *ask, struct buf *body,
			struct json **root_r);

/* Puts an answer as a table. @arg: whatever the caller gave. */
typedef void ask_table_cb(struct buf *b, const struct json *root,
			  const void *arg);

/* ask_show - ask and print: the answer itself with -o json, else what @table
 * makes of it. Returns as ask_text(). */
MUST_CHECK int ask_show(const struct ask *ask, ask_table_cb *table,
			const void *arg);

#endif
