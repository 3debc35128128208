/*
 * cmd_audit.c - perictl audit: who did what, and why.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"
#include "client/cli/when.h"
#include "lib/proto/url.h"

#define CELL_BYTES   256
#define TARGET_BYTES 512

struct settings {
	const char *target;
	uint32_t limit;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"target", CLI_TEXT, "TARGET", "only node/ID or region/ID",
		 &s->target, 0, 0},
		{"limit", CLI_NUMBER, "N", "at most so many [50]", &s->limit, 1,
		 500},
	};

	s->limit = 50;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static void put_side(struct buf *b, const struct json *intent)
{
	if (json_is_object(intent))
		fleet_table_intent(b, intent);
	else
		buf_char(b, '-');
}

static void add_row(struct table *t, const struct json *v)
{
	char storage[CELL_BYTES];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	when_put(&text, (int64_t)pick_u64(v, "wall_s"));
	table_text(t, buf_view(&text));
	table_text(t, pick_text(v, "by"));
	table_text(t, pick_text(v, "role"));
	table_text(t, pick_text(v, "from"));
	table_text(t, pick_text(v, "action"));
	table_text(t, pick_text(v, "target"));
	buf_reset(&text);
	if (json_is_object(json_member(v, "before")) ||
	    json_is_object(json_member(v, "after"))) {
		put_side(&text, json_member(v, "before"));
		buf_str(&text, " → ");
		put_side(&text, json_member(v, "after"));
	}
	table_text(t, buf_view(&text));
	table_text(t, pick_text(v, "reason"));
}

static void put_audit(struct buf *b, const struct json *root,
		      const void *arg UNUSED)
{
	static const struct table_column columns[] = {
		{"time", TABLE_LEFT},	{"by", TABLE_LEFT},
		{"role", TABLE_LEFT},	{"from", TABLE_LEFT},
		{"action", TABLE_LEFT}, {"target", TABLE_LEFT},
		{"change", TABLE_LEFT}, {"reason", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "audit");
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(list); i++)
		add_row(t, json_array_at(list, i));
	table_put(b, t);
	table_free(&t);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	char storage[TARGET_BYTES];
	struct buf target;
	struct ask ask;

	buf_init_fixed(&target, storage, sizeof(storage));
	buf_printf(&target, "/v1/audit?limit=%u", s->limit);
	if (s->target) {
		buf_str(&target, "&target=");
		url_encode(&target, sv_str(s->target));
	}
	ask = ask_registry_admin(cli, buf_view(&target));
	return ask_show(&ask, put_audit, NULL);
}

static const struct cli_command command = {
	.name = "audit",
	.chapter = CLI_OPERATORS,
	.arguments = "",
	.summary = "who did what, and why",
	.details =
		"Changes of what is wanted, and log-ins, also refused ones.\n\n"
		"  perictl audit\n"
		"  perictl audit --target node/gru-1 --limit 10\n"
		"  perictl audit -o json | jq '.audit[] | "
		"select(.by==\"ann\")'",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_audit_command(void)
{
	return &command;
}
