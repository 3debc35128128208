/*
 * cmd_nodes.c - perictl nodes: the registry's nodes with state and load.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"
#include "lib/base/mem.h"
#include "lib/proto/feed.h"
#include "lib/proto/url.h"

#define TARGET_MAX 2048
#define TEXT_MAX   (32u << 20)
#define PAGE	   500 /* the most the registry gives at once */
#define PAGES_MAX  1000

struct settings {
	const char *region, *service, *state;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"region", CLI_TEXT, "REGION", "only this region", &s->region,
		 0, 0},
		{"service", CLI_TEXT, "NAME", "only this service", &s->service,
		 0, 0},
		{"state", CLI_TEXT, "up|suspect|down", "only these", &s->state,
		 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static void add_row(struct table *t, const struct feed_node *n)
{
	const struct node_record *r = &n->record;
	const struct addr *addr = r->ipv4_count > 0 ? &r->ipv4[0] : &r->ipv6[0];
	char text[ADDR_TEXT_MAX];

	table_str(t, r->id);
	table_str(t, r->service);
	table_str(t, r->region);
	table_str(t, r->zone);
	table_str(t, node_state_str(n->state));
	table_str(t, addr_text(addr, text));
	table_u64(t, r->ports.tcp);
	table_u64(t, r->weight);
	table_u64(t, n->conns);
	table_u64(t, r->capacity);
	table_bar(t, r->capacity > 0 ? (double)n->conns / r->capacity : 0);
	if (n->load_age_ms < 0)
		table_str(t, "-");
	else
		table_real(t, (double)n->load_age_ms / 1000, 1);
}

/* Each node of the page as a row; one that makes no sense is said and left
 * out. */
static void add_page(struct table *t, const struct json *root)
{
	const struct json *nodes = json_member(root, "nodes");
	struct feed_node *node = mem_alloc(sizeof(*node));
	struct json_problem p;

	for (size_t i = 0; i < json_array_len(nodes); i++) {
		memset(node, 0, sizeof(*node));
		if (feed_node_decode(json_array_at(nodes, i), node, &p) == 0)
			add_row(t, node);
		else
			cli_error("a node of the registry's list makes no "
				  "sense: %s %s",
				  p.path, p.rule);
	}
	mem_free(node);
}

static void put_parameter(struct buf *b, const char *name, struct sv value)
{
	if (value.len == 0)
		return;
	buf_char(b, '&');
	buf_str(b, name);
	buf_char(b, '=');
	url_encode(b, value);
}

static void put_target(struct buf *b, const struct settings *s,
		       struct sv cursor)
{
	buf_str(b, "/v1/nodes?limit=");
	buf_u64(b, PAGE);
	put_parameter(b, "region", sv_str(s->region));
	put_parameter(b, "service", sv_str(s->service));
	put_parameter(b, "state", sv_str(s->state));
	put_parameter(b, "cursor", cursor);
}

/* One page; *@cursor becomes the next one's, empty at the end. */
static int show_page(const struct cli *cli, const struct settings *s,
		     struct table *t, struct buf *cursor)
{
	struct json *root = NULL;
	struct buf target, body;
	struct ask ask;
	int rc;

	buf_init(&target, TARGET_MAX);
	put_target(&target, s, buf_view(cursor));
	ask = ask_registry(cli, buf_view(&target));
	rc = ask_json(&ask, &body, &root);
	buf_reset(cursor);
	if (rc == CLI_OK) {
		buf_sv(cursor, pick_text(root, "next"));
		if (cli->output == CLI_JSON) {
			buf_char(&body, '\n');
			rc = cli_write(&body);
		} else {
			add_page(t, root);
		}
	}
	json_free(&root);
	buf_fini(&body);
	buf_fini(&target);
	return rc;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	static const struct table_column columns[] = {
		{"node", TABLE_LEFT},	{"service", TABLE_LEFT},
		{"region", TABLE_LEFT}, {"zone", TABLE_LEFT},
		{"state", TABLE_LEFT},	{"address", TABLE_LEFT},
		{"tcp", TABLE_RIGHT},	{"weight", TABLE_RIGHT},
		{"conns", TABLE_RIGHT}, {"capacity", TABLE_RIGHT},
		{"full", TABLE_LEFT},	{"age s", TABLE_RIGHT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	struct buf cursor, b;
	int rc = CLI_OK;

	buf_init(&cursor, 512);
	buf_init(&b, TEXT_MAX);
	for (unsigned i = 0; rc == CLI_OK && i < PAGES_MAX; i++) {
		rc = show_page(cli, settings, t, &cursor);
		if (cursor.len == 0)
			break;
	}
	if (rc == CLI_OK && cli->output == CLI_TABLE) {
		table_put(&b, t);
		rc = cli_write(&b);
	}
	buf_fini(&b);
	buf_fini(&cursor);
	table_free(&t);
	return rc;
}

static const struct cli_command command = {
	.name = "nodes",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "the fleet's nodes with state and load",
	.details =
		"Asks the registry. `age s` is the age of the load report.\n\n"
		"  perictl nodes\n"
		"  perictl nodes --region hk --state up\n"
		"  perictl nodes -o json | jq -r '.nodes[].id'",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_nodes_command(void)
{
	return &command;
}
