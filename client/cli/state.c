/*
 * state.c - see the header.
 */
#include "client/cli/state.h"

#include "client/cli/ask.h"
#include "lib/proto/jsonw_copy.h"

#define TEXT_MAX (16u << 20)

int state_read(const struct cli *cli, struct json **root_r)
{
	struct ask ask = ask_registry_admin(cli, SV("/v1/state"));
	struct buf body;
	int rc = ask_json(&ask, &body, root_r);

	buf_fini(&body);
	return rc;
}

void state_put_parts(struct buf *b, const struct json *root,
		     const char *const *names)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	for (; *names; names++)
		jsonw_copy(&w, *names, json_member(root, *names));
	jsonw_object_end(&w);
	buf_char(b, '\n');
}

int state_show(const struct cli *cli, const char *const *names,
	       state_text_cb put_text)
{
	struct json *root = NULL;
	struct buf b;
	int rc = state_read(cli, &root);

	if (rc != CLI_OK)
		return rc;
	buf_init(&b, TEXT_MAX);
	if (cli->output == CLI_JSON)
		state_put_parts(&b, root, names);
	else
		put_text(&b, root);
	json_free(&root);
	return cli_print(&b);
}
