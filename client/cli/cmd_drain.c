/*
 * cmd_drain.c - perictl drain: no new clients, those connected go evenly.
 */
#include "client/cli/commands.h"
#include "client/cli/operate.h"

struct settings {
	struct operate_settings operate;
	uint32_t rate;
	int64_t deadline_ms;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"rate", CLI_NUMBER, "PERCENT",
		 "of the clients that go each minute [what holds, or 10]",
		 &s->rate, 1, 100},
		{"deadline", CLI_DURATION, "TIME",
		 "all of them are gone by then [what holds]", &s->deadline_ms,
		 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options) +
	       operate_options(&s->operate, options_r + ARRAY_LEN(options));
}

/* A drain that goes on keeps what is not said. */
static void change(struct intent *intent, const void *arg)
{
	const struct settings *s = arg;

	intent->state = INTENT_DRAIN;
	if (s->rate > 0)
		intent->shed_per_min = s->rate;
	if (s->deadline_ms > 0)
		intent->deadline_s = (uint32_t)((s->deadline_ms + 999) / 1000);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;

	return operate_run(cli, &s->operate, arguments[0], change, s);
}

static const struct cli_command command = {
	.name = "drain",
	.chapter = CLI_OPERATORS,
	.arguments = "TARGET",
	.summary = "let a node or a region run empty",
	.details =
		"From the next snapshot on it gets no new clients; its agents "
		"let those connected go\nevenly at --rate percent a minute, "
		"all by --deadline. TARGET is an ID, node/ID or\nregion/ID. It "
		"holds until perictl undrain, or until its end.\n\n"
		"  perictl drain gru-1 --reason \"kernel update\"\n"
		"  perictl drain region/eu-west --rate 5 --deadline 30m --for "
		"2h --reason move\n"
		"  perictl drain gru-1 --dry-run",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_drain_command(void)
{
	return &command;
}
