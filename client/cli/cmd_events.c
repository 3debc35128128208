/*
 * cmd_events.c - perictl events: what happened, and what happens (-f).
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/follow.h"
#include "client/cli/pick.h"
#include "client/cli/when.h"
#include "lib/proto/jsonw_copy.h"
#include "lib/proto/url.h"

#define TARGET_BYTES 2048
#define TEXT_MAX     (16u << 20)
#define PAGE	     1000 /* the most the registry gives at once */
#define FOLLOW_SHOWS 10	  /* of what was before */

struct settings {
	const char *kind, *target, *severity;
	uint32_t limit, follow;
};

/* The way through the log. */
struct reader {
	const struct cli *cli;
	const struct settings *settings;
	uint64_t after; /* the last one shown; 0 = none yet */
	uint32_t limit;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"follow", CLI_FLAG, NULL, "go on with what happens, also -f",
		 &s->follow, 0, 0},
		{"kind", CLI_TEXT, "KIND,..", "only node.down, intent.put, ..",
		 &s->kind, 0, 0},
		{"severity", CLI_TEXT, "info|warn|error", "at least",
		 &s->severity, 0, 0},
		{"target", CLI_TEXT, "TARGET",
		 "only node/ID, region/ID (and what is in it)", &s->target, 0,
		 0},
		{"limit", CLI_NUMBER, "N", "the last N [100; 10 with -f]",
		 &s->limit, 1, PAGE},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "&%s=", name);
	url_encode(b, sv_str(value));
}

static void put_question(struct buf *b, const struct reader *r)
{
	buf_printf(b, "/v1/log?limit=%u", r->limit);
	if (r->after > 0)
		buf_printf(b, "&after=%llu", (unsigned long long)r->after);
	put_parameter(b, "kind", r->settings->kind);
	put_parameter(b, "severity", r->settings->severity);
	put_parameter(b, "target", r->settings->target);
}

/* A line for people. Texts of others are taken as they are, but for bytes
 * that a terminal would obey. */
static void put_line(struct buf *b, const struct json *v)
{
	size_t began = b->len;

	when_put(b, (int64_t)pick_u64(v, "wall_ms") / 1000);
	buf_printf(b, "  %-5.*s  %-14.*s  %-28.*s  " SV_FMT,
		   SV_ARG(pick_text(v, "severity")),
		   SV_ARG(pick_text(v, "kind")), SV_ARG(pick_text(v, "target")),
		   SV_ARG(pick_text(v, "text")));
	for (size_t i = began; i < b->len; i++) {
		if ((unsigned char)b->data[i] < 0x20 || b->data[i] == 0x7f)
			b->data[i] = ' ';
	}
	buf_char(b, '\n');
}

static void put_event(struct buf *b, const struct json *v,
		      enum cli_output output)
{
	struct jsonw w;

	if (output == CLI_TABLE) {
		put_line(b, v);
		return;
	}
	jsonw_init(&w, b);
	jsonw_copy(&w, NULL, v);
	buf_char(b, '\n');
}

/* Show one page; *@more_r: whether there are others behind it. */
static int show_page(struct reader *r, bool *more_r)
{
	char storage[TARGET_BYTES];
	struct json *root = NULL;
	const struct json *list;
	struct buf target, body, b;
	struct ask ask;
	int rc;

	buf_init_fixed(&target, storage, sizeof(storage));
	put_question(&target, r);
	ask = ask_registry_admin(r->cli, buf_view(&target));
	rc = ask_json(&ask, &body, &root);
	list = json_member(root, "events");
	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < json_array_len(list); i++) {
		put_event(&b, json_array_at(list, i), r->cli->output);
		r->after = pick_u64(json_array_at(list, i), "id");
	}
	*more_r = r->limit == PAGE && json_array_len(list) == PAGE;
	if (rc == CLI_OK)
		rc = cli_write(&b);
	buf_fini(&b);
	buf_fini(&body);
	json_free(&root);
	return rc;
}

/* What has come since. A registry that is away for a moment is the stream's
 * business, which ends too. */
static int catch_up(void *arg)
{
	struct reader *r = arg;
	bool more = true;
	int rc = CLI_OK;

	while (rc == CLI_OK && more)
		rc = show_page(r, &more);
	r->limit = PAGE;
	return rc == CLI_UNREACHABLE ? CLI_OK : rc;
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	struct reader reader = {.cli = cli, .settings = s, .limit = s->limit};
	bool more;

	if (reader.limit == 0)
		reader.limit = s->follow ? FOLLOW_SHOWS : 100;
	if (!s->follow)
		return show_page(&reader, &more);
	return follow_run(cli, SV("/v1/events?only=log"), catch_up, &reader);
}

static const struct cli_command command = {
	.name = "events",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "what happened to the fleet, and what happens",
	.details =
		"From the registry's log, one event a line (with -o json an "
		"object a line). With -f it\nshows the last ones and goes on "
		"until Ctrl-C; it survives a restart of the registry.\n\n"
		"  perictl events\n"
		"  perictl events -f --severity warn\n"
		"  perictl events --target region/eu-west --kind "
		"node.down,node.up\n"
		"  perictl events -o json | jq -r .text",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_events_command(void)
{
	return &command;
}
