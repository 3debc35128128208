/*
 * cmd_explain.c - perictl explain: why a client gets the nodes it gets.
 */
#include <math.h>

#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"
#include "client/cli/what_if_table.h"
#include "lib/base/addr.h"
#include "lib/proto/url.h"

#define TARGET_MAX 2048

struct settings {
	const char *host, *device, *family, *id;
	const char *without, *drained, *weight; /* with commas */
	uint32_t relay;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"host", CLI_TEXT, "NAME", "the service", &s->host, 0, 0},
		{"device", CLI_TEXT, "ID", "this device's list", &s->device, 0,
		 0},
		{"family", CLI_TEXT, "4|6|46", "address families wanted",
		 &s->family, 0, 0},
		{"id", CLI_TEXT, "ANSWER", "an answer's id: exactly that one",
		 &s->id, 0, 0},
		{"without", CLI_TEXT, "NODE,..", "what if these were gone",
		 &s->without, 0, 0},
		{"drained", CLI_TEXT, "REGION,..", "what if drained",
		 &s->drained, 0, 0},
		{"weight", CLI_TEXT, "NODE:50,..", "what if so heavy",
		 &s->weight, 0, 0},
		{"relay", CLI_FLAG, NULL,
		 "ask through the registry's admin side", &s->relay, 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

/* ---- the table ---- */

static void put_client(struct buf *b, const struct json *root)
{
	const struct json *c = json_member(root, "client");
	const struct json *s = json_member(root, "snapshot");
	struct sv country = pick_text(c, "country"), area, city, carrier;

	area = pick_text(c, "area");
	city = pick_text(c, "city");
	if (country.len == 0)
		country = SV("place unknown");
	buf_printf(b,
		   "client    " SV_FMT "  " SV_FMT " " SV_FMT " " SV_FMT
		   "  (" SV_FMT ")",
		   SV_ARG(pick_text(c, "ip")), SV_ARG(country), SV_ARG(area),
		   SV_ARG(city), SV_ARG(pick_text(c, "source")));
	carrier = pick_text(c, "carrier");
	if (carrier.len > 0)
		buf_printf(b, "  carrier " SV_FMT, SV_ARG(carrier));
	if (!isnan(pick_real(c, "lat", NAN)))
		buf_printf(b, "  %.2f, %.2f", pick_real(c, "lat", 0),
			   pick_real(c, "lon", 0));
	buf_printf(
		b,
		"\nsnapshot  %llu, revision %llu, %.1f s old  key " SV_FMT "\n",
		(unsigned long long)pick_u64(s, "number"),
		(unsigned long long)pick_u64(s, "revision"),
		pick_real(s, "age_ms", 0) / 1000, SV_ARG(pick_text(c, "key")));
}

static void put_flags(struct buf *b, const struct json *root)
{
	const struct json *flags = json_member(root, "flags");
	struct sv flag;

	for (size_t i = 0; i < json_array_len(flags); i++) {
		if (json_get_text(json_array_at(flags, i), &flag) != 0)
			continue;
		buf_str(b, i == 0 ? "flags     " : " ");
		buf_sv(b, flag);
	}
	if (json_array_len(flags) > 0)
		buf_char(b, '\n');
}

/* What is taken off the cost, and whether an operator said so. */
static void add_bias(struct table *t, const struct json *site)
{
	bool by_intent = false;
	char text[64];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_fixed(&b, pick_real(site, "bias_km", 0), 0);
	if (json_get_bool(json_member(site, "bias_by_intent"), &by_intent) ==
		    0 &&
	    by_intent)
		buf_str(&b, " operator");
	table_text(t, buf_view(&b));
}

static void put_sites(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {
		{"rank", TABLE_RIGHT},	     {"site", TABLE_LEFT},
		{"km", TABLE_RIGHT},	     {"bias km", TABLE_LEFT},
		{"cost", TABLE_RIGHT},	     {"share", TABLE_LEFT},
		{"headroom/s", TABLE_RIGHT}, {"full", TABLE_LEFT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	const struct json *sites = json_member(root, "sites");
	struct sv chosen = pick_text(json_member(root, "chosen"), "site");
	char name[160];
	struct buf site;

	for (size_t i = 0; i < json_array_len(sites); i++) {
		const struct json *v = json_array_at(sites, i);
		double limit = pick_real(v, "limit", 0);

		table_u64(t, pick_u64(v, "rank"));
		buf_init_fixed(&site, name, sizeof(name));
		buf_sv(&site, pick_text(v, "site"));
		if (sv_eq(pick_text(v, "site"), chosen))
			buf_str(&site, " *");
		table_text(t, buf_view(&site));
		table_real(t, pick_real(v, "km", NAN), 0);
		add_bias(t, v);
		table_real(t, pick_real(v, "cost", NAN), 0);
		table_bar(t, pick_real(v, "share", 0));
		table_real(t, pick_real(v, "headroom_per_s", NAN), 1);
		table_bar(t, limit > 0 ? pick_real(v, "est", 0) / limit : 0);
	}
	buf_str(b, "\nsites, nearest first (* chosen, u = ");
	buf_fixed(b, pick_real(json_member(root, "chosen"), "u", 0), 4);
	buf_str(b, ")\n");
	table_put(b, t);
	table_free(&t);
}

static void add_node(struct table *t, const struct json *v)
{
	double limit = pick_real(v, "limit", 0);
	uint64_t position = pick_u64(v, "position");

	if (position > 0)
		table_u64(t, position);
	else
		table_str(t, "-");
	table_text(t, pick_text(v, "id"));
	table_text(t, pick_text(v, "site"));
	table_real(t, pick_real(v, "p", NAN), 3);
	table_real(t, pick_real(v, "est", NAN), 0);
	table_real(t, limit, 0);
	table_bar(t, limit > 0 ? pick_real(v, "est", 0) / limit : 0);
	table_real(t, pick_real(v, "load_age_ms", NAN) / 1000, 1);
	table_text(t, pick_text(v, "why"));
}

static void put_nodes(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {
		{"#", TABLE_RIGHT},   {"node", TABLE_LEFT},
		{"site", TABLE_LEFT}, {"p", TABLE_RIGHT},
		{"est", TABLE_RIGHT}, {"limit", TABLE_RIGHT},
		{"full", TABLE_LEFT}, {"age s", TABLE_RIGHT},
		{"why", TABLE_LEFT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	const struct json *nodes = json_member(root, "nodes");

	for (size_t i = 0; i < json_array_len(nodes); i++)
		add_node(t, json_array_at(nodes, i));
	buf_str(b, "\nnodes, in the answer's order\n");
	table_put(b, t);
	table_free(&t);
}

static void put_excluded(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {{"node", TABLE_LEFT},
						      {"why", TABLE_LEFT}};
	const struct json *excluded = json_member(root, "excluded");
	struct table *t;

	if (json_array_len(excluded) == 0)
		return;
	t = table_new(columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < json_array_len(excluded); i++) {
		const struct json *v = json_array_at(excluded, i);

		table_text(t, pick_text(v, "id"));
		table_text(t, pick_text(v, "why"));
	}
	buf_str(b, "\nexcluded\n");
	table_put(b, t);
	table_free(&t);
}

static void put_answer(struct buf *b, const struct json *root,
		       const void *arg UNUSED)
{
	if (json_member(root, "changes")) {
		what_if_table_put(b, root);
		return;
	}
	put_client(b, root);
	put_flags(b, root);
	put_sites(b, root);
	put_nodes(b, root);
	put_excluded(b, root);
}

/* ---- the question ---- */

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	buf_char(b, memchr(b->data, '?', b->len) ? '&' : '?');
	buf_str(b, name);
	buf_char(b, '=');
	url_encode(b, sv_str(value));
}

/* One parameter for each part between commas. */
static void put_parts(struct buf *b, const char *name, const char *values)
{
	struct sv rest = sv_str(values);

	while (rest.len > 0) {
		buf_char(b, '&');
		buf_str(b, name);
		buf_char(b, '=');
		url_encode(b, sv_cut(&rest, ','));
	}
}

static int check(const struct settings *s, char *const *arguments,
		 unsigned argument_count)
{
	struct addr addr;

	if (argument_count == 0 && !s->id) {
		cli_error("say which client: perictl explain IP (or --id of an "
			  "answer)");
		return CLI_USAGE;
	}
	if (argument_count > 0 &&
	    addr_parse(sv_str(arguments[0]), &addr) != 0) {
		cli_error("\"%s\" is no IP address", arguments[0]);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count)
{
	const struct settings *s = settings;
	struct buf target;
	struct ask ask;
	int rc = check(s, arguments, argument_count);

	if (rc != CLI_OK)
		return rc;
	buf_init(&target, TARGET_MAX);
	buf_str(&target, s->relay ? "/v1/explain" : "/explain");
	put_parameter(&target, "id", s->id);
	put_parameter(&target, "ip", argument_count > 0 ? arguments[0] : NULL);
	put_parameter(&target, "host", s->host);
	put_parameter(&target, "device", s->device);
	put_parameter(&target, "family", s->family);
	put_parts(&target, "without", s->without);
	put_parts(&target, "drained", s->drained);
	put_parts(&target, "weight", s->weight);
	ask = s->relay ? ask_registry_admin(cli, buf_view(&target))
		       : ask_balancer_admin(cli, buf_view(&target));
	rc = ask_show(&ask, put_answer, NULL);
	buf_fini(&target);
	return rc;
}

static const struct cli_command command = {
	.name = "explain",
	.chapter = CLI_FLEET,
	.arguments = "[IP]",
	.summary = "why a client gets the nodes it gets",
	.details =
		"Shows what the balancer's ranking saw: the sites by cost with "
		"the share of this\nclient's cell that they take, the nodes "
		"with their probability p and estimated\nconnections, and who "
		"was left out and why. Asks the balancer's admin listener, or "
		"one through the registry\n(--relay).\n\n"
		"  perictl explain 200.160.2.3\n"
		"  perictl explain 200.160.2.3 --device phone-17\n"
		"  perictl explain 200.160.2.3 --without gru-1 --drained eu\n"
		"  perictl explain 200.160.2.3 --weight gru-1:50\n"
		"  perictl explain --id b1:2846105931:9f3ac1d27b04e865:02f1004",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_explain_command(void)
{
	return &command;
}
