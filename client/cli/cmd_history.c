/*
 * cmd_history.c - perictl history: an hour or a day as small charts.
 */
#include <math.h>

#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/pick.h"
#include "client/cli/sparkline.h"
#include "client/cli/when.h"
#include "lib/base/mem.h"
#include "lib/proto/url.h"

#define COLUMNS	     60
#define VALUES_MAX   4096
#define TARGET_BYTES 512

struct settings {
	const char *span;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;

	s->span = "hour";
	options_r[0] = (struct cli_option){
		.name = "span",
		.kind = CLI_TEXT,
		.metavar = "hour|day",
		.help = "how far back",
		.target = &s->span,
	};
	return 1;
}

static void put_number(struct buf *b, double value)
{
	if (isnan(value))
		buf_printf(b, " %9s", "-");
	else
		buf_printf(b, fabs(value) < 10 ? " %9.2f" : " %9.0f", value);
}

/* One series: name, chart, and what it holds. */
static int put_series(const char *name, const struct json *v, void *arg)
{
	size_t count = json_array_len(v);
	struct sparkline_facts facts;
	struct buf *b = arg;
	double *values;

	count = count < VALUES_MAX ? count : VALUES_MAX;
	values = mem_array(count + 1, sizeof(double));
	for (size_t i = 0; i < count; i++) {
		if (json_get_real(json_array_at(v, i), &values[i]) != 0)
			values[i] = NAN;
	}
	facts = sparkline_facts_of(values, count);
	buf_printf(b, "%-14s ", name);
	sparkline_put(b, values, count, COLUMNS);
	put_number(b, facts.min);
	put_number(b, facts.mean);
	put_number(b, facts.max);
	put_number(b, facts.last);
	buf_char(b, '\n');
	mem_free(values);
	return 0;
}

static void put_history(struct buf *b, const struct json *root,
			const void *arg UNUSED)
{
	buf_sv(b, pick_text(root, "target"));
	buf_str(b, " since ");
	when_put(b, (int64_t)pick_u64(root, "from_wall_s"));
	buf_printf(b, ", a value each %llu s\n\n",
		   (unsigned long long)pick_u64(root, "step_s"));
	buf_printf(b, "%-14s %-*s %9s %9s %9s %9s\n", "series", COLUMNS, "",
		   "min", "mean", "max", "last");
	(void)json_each(json_member(root, "series"), put_series, b);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments, unsigned argument_count)
{
	const struct settings *s = settings;
	struct sv what =
		argument_count > 0 ? sv_str(arguments[0]) : SV("fleet");
	char storage[TARGET_BYTES];
	struct buf target;
	struct ask ask;

	buf_init_fixed(&target, storage, sizeof(storage));
	buf_str(&target, "/v1/history?target=");
	if (!sv_eq(what, SV("fleet")) && !memchr(what.ptr, '/', what.len))
		buf_str(&target, "node%2F"); /* an ID alone is a node's */
	url_encode(&target, what);
	buf_str(&target, "&span=");
	url_encode(&target, sv_str(s->span));
	ask = ask_registry_admin(cli, buf_view(&target));
	return ask_show(&ask, put_history, NULL);
}

static const struct cli_command command = {
	.name = "history",
	.chapter = CLI_FLEET,
	.arguments = "[TARGET]",
	.summary = "an hour or a day as small charts",
	.details = "Connections, capacity, first places a second and weight of "
		   "node/ID or region/ID (an\nID alone is a node's), or of the "
		   "whole fleet. A space in a chart: nothing is known.\n\n"
		   "  perictl history\n"
		   "  perictl history region/eu-west --span day\n"
		   "  perictl history gru-1 -o json | jq '.series.conns[-1]'",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_history_command(void)
{
	return &command;
}
