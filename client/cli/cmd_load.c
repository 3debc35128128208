/*
 * cmd_load.c - perictl demo-load: options of the stream of clients.
 */
#include "client/cli/commands.h"
#include "client/cli/demo_load.h"

#define CLIENTS_MAX 60000

struct settings {
	const char *host, *geo_db, *secret_file;
	double rate_per_s;
	int64_t session_mean_ms, seconds_ms;
	uint32_t clients_max, strict, json_lines, seed;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"host", CLI_TEXT, "NAME", "the service", &s->host, 0, 0},
		{"geo-db", CLI_TEXT, "FILES",
		 "city databases, with commas between", &s->geo_db, 0, 0},
		{"token-secret-file", CLI_TEXT, "FILE",
		 "sign each client's token with it", &s->secret_file, 0, 0},
		{"rate", CLI_REAL, "N", "clients that arrive a second [25]",
		 &s->rate_per_s, 0.001, 10000},
		{"session-mean", CLI_DURATION, "TIME",
		 "mean of their exponential stay [60s]", &s->session_mean_ms, 0,
		 0},
		{"seconds", CLI_DURATION, "TIME", "stop after it: 30, 5m",
		 &s->seconds_ms, 0, 0},
		{"clients-max", CLI_NUMBER, "N",
		 "more than so many do not come [20000]", &s->clients_max, 1,
		 CLIENTS_MAX},
		{"strict", CLI_FLAG, NULL,
		 "exit 1 unless all went well (below)", &s->strict, 0, 0},
		{"json", CLI_FLAG, NULL, "status lines as JSON", &s->json_lines,
		 0, 0},
		{"seed", CLI_NUMBER, "N", "the same crowd again", &s->seed, 0,
		 UINT32_MAX},
	};

	s->rate_per_s = 25;
	s->session_mean_ms = 60000;
	s->clients_max = 20000;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	struct secret_file secret;
	struct demo_load_options options = {
		.host = s->host,
		.geo_paths = s->geo_db,
		.rate_per_s = s->rate_per_s,
		.session_mean_s = (double)s->session_mean_ms / 1000,
		.run_ms = s->seconds_ms,
		.clients_max = s->clients_max,
		.seed = s->seed,
		.strict = s->strict,
		.json_lines = s->json_lines || cli->output == CLI_JSON,
	};
	int rc;

	if (s->secret_file) {
		rc = secret_file_read(&secret, s->secret_file);
		if (rc != CLI_OK)
			return rc;
		options.secret = &secret;
	}
	rc = demo_load_run(cli, &options);
	if (s->secret_file)
		secret_file_forget(&secret);
	return rc;
}

static const struct cli_command command = {
	.name = "demo-load",
	.chapter = CLI_CLIENTS,
	.arguments = "",
	.summary = "a stream of real clients from all over the world",
	.details =
		"Draws clients by their countries' Internet users and the "
		"database's networks, asks\n/resolve?ip= for each, connects to "
		"the node it got, authenticates, heartbeats,\nstays for a "
		"while and leaves. One status line a second; daemons may die "
		"and come\nback. With --strict it exits 0 only if every "
		"question was answered, nobody was\nrefused, and at most 1 % "
		"of connects failed and 1 % of connections were lost.\n\n"
		"  perictl demo-load --host im.demo --rate 25 --seconds 30 "
		"--strict \\\n"
		"      --geo-db var/geo/city-ipv4.mmdb --token-secret-file "
		"var/demo/token.secret",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_load_command(void)
{
	return &command;
}
