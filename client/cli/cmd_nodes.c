/*
 * cmd_nodes.c - perictl nodes: the fleet's nodes with state and load.
 */
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/state.h"
#include "lib/proto/jsonw_copy.h"

#define TEXT_MAX (32u << 20)

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct fleet_filter *f = settings;
	const struct cli_option options[] = {
		{"region", CLI_TEXT, "REGION", "only this region", &f->region,
		 0, 0},
		{"service", CLI_TEXT, "NAME", "only this service", &f->service,
		 0, 0},
		{"state", CLI_TEXT, "up|suspect|down", "only these", &f->state,
		 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static void put_json(struct buf *b, const struct json *root,
		     const struct fleet_filter *filter)
{
	const struct json *list = json_member(root, "nodes");
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "nodes");
	for (size_t i = 0; i < json_array_len(list); i++) {
		if (fleet_table_passes(filter, json_array_at(list, i)))
			jsonw_copy(&w, NULL, json_array_at(list, i));
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_char(b, '\n');
}

static int check(const struct fleet_filter *filter)
{
	static const char *const states[] = {"up", "suspect", "down"};

	for (size_t i = 0; filter->state && i < ARRAY_LEN(states); i++) {
		if (sv_eq(sv_str(filter->state), sv_str(states[i])))
			return CLI_OK;
	}
	if (!filter->state)
		return CLI_OK;
	cli_error("--state takes up, suspect or down, not \"%s\"",
		  filter->state);
	return CLI_USAGE;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	struct json *root = NULL;
	struct buf b;
	int rc = check(settings);

	if (rc == CLI_OK)
		rc = state_read(cli, &root);
	if (rc != CLI_OK)
		return rc;
	buf_init(&b, TEXT_MAX);
	if (cli->output == CLI_JSON)
		put_json(&b, root, settings);
	else
		fleet_table_nodes(&b, root, settings, SIZE_MAX);
	json_free(&root);
	return cli_print(&b);
}

static const struct cli_command command = {
	.name = "nodes",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "the fleet's nodes with state and load",
	.details =
		"\"why not\" says why a node takes no new clients, \"eff.\" is "
		"the weight that counts.\n\n"
		"  perictl nodes\n"
		"  perictl nodes --region hk --state up\n"
		"  perictl nodes -o json | jq -r '.nodes[].id'",
	.settings_bytes = sizeof(struct fleet_filter),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_nodes_command(void)
{
	return &command;
}
