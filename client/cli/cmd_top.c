/*
 * cmd_top.c - perictl top: the fleet on the terminal, fresh each second. While
 * the registry is away the last picture stays, with its age.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/fleet_table.h"
#include "client/cli/screen.h"
#include "client/cli/state.h"
#include "client/cli/when.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"

#define TEXT_MAX   (4u << 20)
#define ASK_MAX_MS 2000 /* a key is to be heard by then */

struct settings {
	struct fleet_filter filter;
	int64_t interval_ms;
	uint32_t count, rows;
};

struct top {
	struct cli cli; /* with a shorter timeout */
	const struct settings *settings;
	struct screen screen;
	struct json *root; /* the last picture; owned */
	int64_t came_ms;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"region", CLI_TEXT, "REGION", "only nodes of this region",
		 &s->filter.region, 0, 0},
		{"service", CLI_TEXT, "NAME", "only nodes of this service",
		 &s->filter.service, 0, 0},
		{"state", CLI_TEXT, "up|suspect|down", "only these nodes",
		 &s->filter.state, 0, 0},
		{"interval", CLI_DURATION, "TIME", "how often [1s]",
		 &s->interval_ms, 0, 0},
		{"count", CLI_NUMBER, "N", "stop after so many pictures",
		 &s->count, 1, 1000000},
		{"rows", CLI_NUMBER, "N", "at most so many nodes [200]",
		 &s->rows, 0, 10000},
	};

	s->interval_ms = 1000;
	s->rows = 200;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static void put_head(struct buf *b, const struct top *t)
{
	buf_str(b, "perictl top  ");
	when_put(b, clk_wall_s());
	if (t->came_ms < clk_mono_ms() - t->settings->interval_ms - ASK_MAX_MS)
		buf_printf(b, "  STALE: no answer for %lld s",
			   (long long)(clk_mono_ms() - t->came_ms) / 1000);
	if (t->screen.is_terminal)
		buf_str(b, "  (q ends it)");
	buf_str(b, "\n\n");
}

static int draw(struct top *t)
{
	static const char *const parts[] = {"id", "wall_ms", "status", NULL};
	struct buf b;
	int rc;

	buf_init(&b, TEXT_MAX);
	if (t->cli.output == CLI_JSON) {
		state_put_parts(&b, t->root, parts);
		return cli_print(&b);
	}
	put_head(&b, t);
	fleet_table_status(&b, t->root);
	buf_char(&b, '\n');
	fleet_table_regions(&b, t->root);
	buf_char(&b, '\n');
	fleet_table_nodes(&b, t->root, &t->settings->filter, t->settings->rows);
	if (!t->screen.is_terminal)
		buf_char(&b, '\n');
	rc = screen_draw(&t->screen, buf_view(&b));
	buf_fini(&b);
	return rc;
}

/* Another picture, or the last one once more. */
static int refresh(struct top *t)
{
	struct ask ask = ask_registry_admin(&t->cli, SV("/v1/state"));
	struct json *root = NULL;
	struct buf body;
	int rc;

	ask.quiet = t->root != NULL;
	rc = ask_json(&ask, &body, &root);
	buf_fini(&body);
	if (rc == CLI_OK) {
		json_free(&t->root);
		t->root = root;
		t->came_ms = clk_mono_ms();
	} else if (!t->root || rc != CLI_UNREACHABLE) {
		return rc;
	}
	return draw(t);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	struct top t = {.cli = *cli, .settings = settings};
	uint32_t shown = 0;
	int rc;

	if (t.cli.timeout_ms > ASK_MAX_MS)
		t.cli.timeout_ms = ASK_MAX_MS;
	rc = screen_init(&t.screen);
	if (rc != 0) {
		cli_error("cannot wait for keys: %s", err_str(rc));
		return CLI_FAILED;
	}
	do {
		rc = refresh(&t);
		shown++;
	} while (rc == CLI_OK &&
		 (t.settings->count == 0 || shown < t.settings->count) &&
		 screen_wait(&t.screen, t.settings->interval_ms));
	screen_fini(&t.screen);
	json_free(&t.root);
	return rc;
}

static const struct cli_command command = {
	.name = "top",
	.chapter = CLI_FLEET,
	.arguments = "",
	.summary = "the fleet on the terminal, fresh each second",
	.details =
		"Ends on q or Ctrl-C. Where standard output is no terminal: "
		"one picture after the\nother; with -o json a line of numbers "
		"each.\n\n"
		"  perictl top\n"
		"  perictl top --region hk --interval 5s\n"
		"  perictl top --count 3 -o json",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_top_command(void)
{
	return &command;
}
