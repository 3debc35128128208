/*
 * cmd_node.c - perictl node: all that is known of one node.
 */
#include "client/cli/commands.h"
#include "client/cli/state.h"
#include "client/cli/target.h"
#include "lib/proto/jsonw_copy.h"

#define TEXT_MAX (1u << 20)

static int put_line(const char *name, const struct json *v, void *arg)
{
	struct buf *b = arg;
	struct sv text;
	struct jsonw w;

	buf_printf(b, "%-18s ", name);
	if (json_is_null(v)) {
		buf_char(b, '-');
	} else if (json_get_text(v, &text) == 0) {
		buf_sv(b, text);
	} else {
		jsonw_init(&w, b);
		jsonw_copy(&w, NULL, v);
	}
	buf_char(b, '\n');
	return 0;
}

static int show(const struct cli *cli, const struct json *node)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (cli->output == CLI_JSON) {
		jsonw_init(&w, &b);
		jsonw_copy(&w, NULL, node);
		buf_char(&b, '\n');
	} else {
		(void)json_each(node, put_line, &b);
	}
	return cli_print(&b);
}

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	const struct json *node;
	struct json *root = NULL;
	int rc = state_read(cli, &root);

	if (rc != CLI_OK)
		return rc;
	node = target_member(root, INTENT_NODE, sv_str(arguments[0]));
	if (node) {
		rc = show(cli, node);
	} else {
		cli_error("there is no node \"%s\"; perictl nodes lists them",
			  arguments[0]);
		rc = CLI_FAILED;
	}
	json_free(&root);
	return rc;
}

static const struct cli_command command = {
	.name = "node",
	.chapter = CLI_FLEET,
	.arguments = "NODE",
	.summary = "all that is known of one node",
	.details = "What it reports, what is wanted of it, how long its lease "
		   "lasts. Its past:\nperictl history and perictl events.\n\n"
		   "  perictl node gru-1\n"
		   "  perictl history node/gru-1\n"
		   "  perictl events --target node/gru-1",
	.arguments_max = 1,
	.run = run,
};

const struct cli_command *cmd_node_command(void)
{
	return &command;
}
