/*
 * cmd_resolve.c - perictl resolve: the list of nodes a client gets.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/table.h"
#include "client/resolver.h"
#include "lib/base/mem.h"

#define TARGET_MAX 4096

struct settings {
	const char *host, *device, *family, *failed;
	uint32_t n;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"host", CLI_TEXT, "NAME",
		 "the service (its only one if not said)", &s->host, 0, 0},
		{"device", CLI_TEXT, "ID", "a device: its list stays the same",
		 &s->device, 0, 0},
		{"family", CLI_TEXT, "4|6|46", "address families wanted",
		 &s->family, 0, 0},
		{"n", CLI_NUMBER, "N", "how many nodes (also -n)", &s->n, 1,
		 16},
		{"failed", CLI_TEXT, "ADDRS",
		 "addresses that did not work, with commas", &s->failed, 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static int read_family(const char *text, enum resolver_family *family_r)
{
	if (!text)
		return CLI_OK;
	if (sv_eq(sv_str(text), SV("4")))
		*family_r = RESOLVER_V4;
	else if (sv_eq(sv_str(text), SV("6")))
		*family_r = RESOLVER_V6;
	else if (sv_eq(sv_str(text), SV("46")))
		*family_r = RESOLVER_BOTH;
	else {
		cli_error("--family takes 4, 6 or 46, not \"%s\"", text);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static int read_failed(const char *text, struct addr *failed, unsigned *count_r)
{
	struct sv rest = sv_str(text);

	while (rest.len > 0 && *count_r < RESOLVER_FAILED_MAX) {
		struct sv one = sv_cut(&rest, ',');

		if (addr_parse(one, &failed[*count_r]) != 0) {
			cli_error("--failed takes addresses, not \"" SV_FMT
				  "\"",
				  SV_ARG(one));
			return CLI_USAGE;
		}
		++*count_r;
	}
	return CLI_OK;
}

static int read_query(const struct settings *s, char *const *arguments,
		      unsigned argument_count, struct addr *failed,
		      struct resolver_query *query_r)
{
	int rc = read_family(s->family, &query_r->family);

	query_r->host = s->host;
	query_r->device = s->device;
	query_r->n = s->n;
	query_r->failed = failed;
	if (rc == CLI_OK)
		rc = read_failed(s->failed, failed, &query_r->failed_count);
	if (rc == CLI_OK && argument_count > 0 &&
	    addr_parse(sv_str(arguments[0]), &query_r->ip) != 0) {
		cli_error("\"%s\" is no IP address", arguments[0]);
		rc = CLI_USAGE;
	}
	return rc;
}

static void add_row(struct table *t, unsigned place,
		    const struct reply_node *node)
{
	char text[ADDR_TEXT_MAX];

	table_u64(t, place);
	table_str(t, node->id);
	table_str(t, node->region);
	if (node->km < 0)
		table_str(t, "-");
	else
		table_u64(t, (uint64_t)node->km);
	table_str(t, node->ipv4_count ? addr_text(&node->ipv4[0], text) : "-");
	table_str(t, node->ipv6_count ? addr_text(&node->ipv6[0], text) : "-");
	if (node->ports.tcp)
		table_u64(t, node->ports.tcp);
	else
		table_str(t, "-");
}

static void put_summary(struct buf *b, const struct reply *r)
{
	buf_printf(b, "client  %s %s (%s)\n",
		   r->client_country[0] ? r->client_country : "place unknown",
		   r->client_area, r->client_source);
	buf_printf(b, "answer  %s, good for %u s\n\n", r->id, r->ttl_s);
}

static void put_reply(struct buf *b, const struct reply *r)
{
	static const struct table_column columns[] = {
		{"#", TABLE_RIGHT},	{"node", TABLE_LEFT},
		{"region", TABLE_LEFT}, {"km", TABLE_RIGHT},
		{"ipv4", TABLE_LEFT},	{"ipv6", TABLE_LEFT},
		{"tcp", TABLE_RIGHT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	put_summary(b, r);
	for (unsigned i = 0; i < r->node_count; i++)
		add_row(t, i + 1, &r->nodes[i]);
	table_put(b, t);
	table_free(&t);
	for (unsigned i = 0; i < r->fallback_count; i++)
		buf_printf(b, "%s%s\n", i == 0 ? "\nfallback  " : "          ",
			   r->fallback[i]);
}

static int show(const struct cli *cli, struct buf *body)
{
	struct reply *reply;
	struct json_problem p;
	struct buf b;
	int rc;

	if (cli->output == CLI_JSON) {
		buf_char(body, '\n');
		return cli_write(body);
	}
	reply = mem_alloc(sizeof(*reply));
	buf_init(&b, 1u << 20);
	rc = reply_decode(buf_view(body), reply, &p);
	if (rc == 0) {
		put_reply(&b, reply);
		rc = cli_print(&b);
	} else {
		cli_error("the balancer's answer makes no sense: %s %s", p.path,
			  p.rule);
		rc = CLI_FAILED;
	}
	mem_free(reply);
	return rc;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count)
{
	struct resolver_query query = {0};
	struct addr failed[RESOLVER_FAILED_MAX];
	struct buf target, body;
	struct ask ask;
	int rc =
		read_query(settings, arguments, argument_count, failed, &query);

	if (rc != CLI_OK)
		return rc;
	buf_init(&target, TARGET_MAX);
	resolver_put_target(&target, &query);
	ask = ask_balancer(cli, buf_view(&target));
	rc = ask_text(&ask, &body);
	if (rc == CLI_OK)
		rc = show(cli, &body);
	buf_fini(&body);
	buf_fini(&target);
	return rc;
}

static const struct cli_command command = {
	.name = "resolve",
	.chapter = CLI_CLIENTS,
	.arguments = "[IP]",
	.summary = "which nodes a client gets, in order",
	.details = "Asks the balancer as a client does. With IP: as if that "
		   "client had asked (the\nbalancer must trust the parameter: "
		   "trust_ip_parameter).\n\n"
		   "  perictl resolve --host im.demo 200.160.2.3\n"
		   "  perictl resolve --host im.demo --device phone-17 -n 3\n"
		   "  perictl resolve -o json 2001:db8::1 | jq .nodes[0].id",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_resolve_command(void)
{
	return &command;
}
