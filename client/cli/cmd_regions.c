/*
 * cmd_regions.c - perictl regions: the regions with nodes and load.
 */
#include <math.h>

#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"

#define TEXT_MAX (4u << 20)

static void add_row(struct table *t, const struct json *v)
{
	const struct json *nodes = json_member(v, "nodes");
	double capacity = pick_real(v, "capacity", 0);

	table_text(t, pick_text(v, "id"));
	table_text(t, pick_text(v, "title"));
	table_real(t, pick_real(v, "lat", NAN), 2);
	table_real(t, pick_real(v, "lon", NAN), 2);
	table_u64(t, pick_u64(nodes, "up"));
	table_u64(t, pick_u64(nodes, "suspect"));
	table_u64(t, pick_u64(nodes, "down"));
	table_u64(t, pick_u64(v, "conns"));
	table_real(t, capacity, 0);
	table_bar(t, capacity > 0 ? pick_real(v, "conns", 0) / capacity : 0);
}

static int show(const struct json *root)
{
	static const struct table_column columns[] = {
		{"region", TABLE_LEFT},	   {"title", TABLE_LEFT},
		{"lat", TABLE_RIGHT},	   {"lon", TABLE_RIGHT},
		{"up", TABLE_RIGHT},	   {"suspect", TABLE_RIGHT},
		{"down", TABLE_RIGHT},	   {"conns", TABLE_RIGHT},
		{"capacity", TABLE_RIGHT}, {"full", TABLE_LEFT},
	};
	const struct json *regions = json_member(root, "regions");
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	struct buf b;

	for (size_t i = 0; i < json_array_len(regions); i++)
		add_row(t, json_array_at(regions, i));
	buf_init(&b, TEXT_MAX);
	table_put(&b, t);
	table_free(&t);
	return cli_print(&b);
}

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	struct ask ask = ask_registry(cli, SV("/v1/regions"));
	struct json *root = NULL;
	struct buf body;
	int rc = ask_json(&ask, &body, &root);

	if (rc == CLI_OK && cli->output == CLI_JSON) {
		buf_char(&body, '\n');
		rc = cli_write(&body);
	} else if (rc == CLI_OK) {
		rc = show(root);
	}
	json_free(&root);
	buf_fini(&body);
	return rc;
}

static const struct cli_command command = {
	.name = "regions",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "the regions with nodes and load",
	.details = "Asks the registry.\n\n"
		   "  perictl regions\n"
		   "  perictl regions -o json | jq '.regions[].id'",
	.run = run,
};

const struct cli_command *cmd_regions_command(void)
{
	return &command;
}
