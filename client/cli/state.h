/*
 * state.h - the registry's whole picture (/v1/state) and parts of it, for the
 * commands that look. One thread.
 */
#ifndef PERI_CLIENT_CLI_STATE_H
#define PERI_CLIENT_CLI_STATE_H

#include "client/cli/cli.h"
#include "lib/proto/json.h"

/* state_read - the picture; owned by the caller (json_free()). Returns
 * CLI_OK or what ask.h says, after it was said why. */
MUST_CHECK int state_read(const struct cli *cli, struct json **root_r);

/* state_put_parts - append an object with these members of @root, and a line's
 * end. @names ends with NULL. */
void state_put_parts(struct buf *b, const struct json *root,
		     const char *const *names);

/* state_text_cb - append the picture as people read it. */
typedef void (*state_text_cb)(struct buf *b, const struct json *root);

/* state_show - read the picture and print it: as a table by @put_text, or its
 * members @names (ends with NULL) where the user wants JSON. Returns CLI_OK, or
 * an exit code after it was said why. */
MUST_CHECK int state_show(const struct cli *cli, const char *const *names,
			  state_text_cb put_text);

#endif
