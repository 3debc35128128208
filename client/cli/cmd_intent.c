/*
 * cmd_intent.c - perictl intent: what operators want of the fleet now.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"
#include "client/cli/when.h"
#include "lib/proto/url.h"

#define CELL_BYTES   160
#define TARGET_BYTES 512

static void add_time(struct table *t, const struct json *v, const char *name)
{
	uint64_t wall_s = pick_u64(v, name);
	char storage[CELL_BYTES];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	if (wall_s > 0)
		when_put(&text, (int64_t)wall_s);
	else
		buf_char(&text, '-');
	table_text(t, buf_view(&text));
}

static void add_row(struct table *t, const struct json *v)
{
	char storage[CELL_BYTES];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	buf_printf(&text, SV_FMT "/" SV_FMT, SV_ARG(pick_text(v, "scope")),
		   SV_ARG(pick_text(v, "id")));
	table_text(t, buf_view(&text));
	buf_reset(&text);
	fleet_table_intent(&text, v);
	table_text(t, buf_view(&text));
	table_text(t, pick_text(v, "by"));
	add_time(t, v, "since_wall_s");
	add_time(t, v, "until_wall_s");
	table_text(t, pick_text(v, "reason"));
}

/* All of them, or the one that the answer is. */
static void put_intents(struct buf *b, const struct json *root,
			const void *arg UNUSED)
{
	static const struct table_column columns[] = {
		{"target", TABLE_LEFT}, {"wanted", TABLE_LEFT},
		{"by", TABLE_LEFT},	{"since", TABLE_LEFT},
		{"until", TABLE_LEFT},	{"reason", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "intents");
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(list); i++)
		add_row(t, json_array_at(list, i));
	if (!list)
		add_row(t, root);
	table_put(b, t);
	table_free(&t);
}

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments, unsigned argument_count)
{
	struct sv id = sv_str(argument_count > 0 ? arguments[0] : NULL), scope;
	char storage[TARGET_BYTES];
	struct buf target;
	struct ask ask;

	buf_init_fixed(&target, storage, sizeof(storage));
	buf_str(&target, "/v1/intents");
	if (argument_count > 0) {
		buf_reset(&target);
		scope = sv_cut(&id, '/');
		if (id.len == 0) { /* an ID alone is a node's */
			id = scope;
			scope = SV("node");
		}
		buf_str(&target, "/v1/intent/");
		url_encode(&target, scope);
		buf_char(&target, '/');
		url_encode(&target, id);
	}
	ask = ask_registry_admin(cli, buf_view(&target));
	return ask_show(&ask, put_intents, NULL);
}

static const struct cli_command command = {
	.name = "intent",
	.chapter = CLI_OPERATORS,
	.arguments = "[TARGET]",
	.summary = "what operators want of the fleet now",
	.details =
		"Drains, maintenance, weights and biases in force, with who, "
		"why and until when. An ID\nalone is a node's; region/ID is a "
		"region's.\n\n"
		"  perictl intent\n"
		"  perictl intent region/eu-west -o json",
	.arguments_max = 1,
	.run = run,
};

const struct cli_command *cmd_intent_command(void)
{
	return &command;
}
