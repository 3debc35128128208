/*
 * cmd_connect.c - perictl connect: be a client and print what happens.
 */
#include <errno.h>

#include "client/cli/commands.h"
#include "client/cli/secret_file.h"
#include "client/cli/stopper.h"
#include "client/link.h"
#include "client/pollset.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/proto/jsonw.h"
#include "lib/proto/token.h"

#define LINE_MAX 8192

struct settings {
	const char *host, *device, *ip, *token, *secret_file, *room, *subject;
	int64_t seconds_ms, stagger_ms;
	uint32_t count, foreground;
};

/* The run, as the link's handlers see it. */
struct watcher {
	const struct cli *cli;
	int64_t began_ms;
	struct buf line;
	uint32_t beats_wanted, beats_seen, ups;
	int last_rc;
	bool refused; /* the last address that failed closed at once */
	struct stopper stopper;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"host", CLI_TEXT, "NAME", "the service", &s->host, 0, 0},
		{"device", CLI_TEXT, "ID", "this device", &s->device, 0, 0},
		{"ip", CLI_TEXT, "ADDR", "resolve as if from this address",
		 &s->ip, 0, 0},
		{"token", CLI_TEXT, "JWT", "for comets that want one",
		 &s->token, 0, 0},
		{"token-secret-file", CLI_TEXT, "FILE",
		 "or sign one with this secret", &s->secret_file, 0, 0},
		{"subject", CLI_TEXT, "USER", "whom to sign it for",
		 &s->subject, 0, 0},
		{"room", CLI_TEXT, "TYPE://ID", "enter this room", &s->room, 0,
		 0},
		{"seconds", CLI_DURATION, "TIME", "stop after it: 30, 5m",
		 &s->seconds_ms, 0, 0},
		{"count", CLI_NUMBER, "N", "stop after so many heartbeats",
		 &s->count, 0, 1000000},
		{"stagger", CLI_DURATION, "TIME",
		 "next address joins after it; 0s = in order [250ms]",
		 &s->stagger_ms, 0, 0},
		{"foreground", CLI_FLAG, NULL, "beat at the shortest interval",
		 &s->foreground, 0, 0},
	};

	s->subject = "perictl";
	s->stagger_ms = 250;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

/* ---- printing ---- */

static void begin_line(struct watcher *w, struct jsonw *j, const char *event)
{
	double at_s = (double)(clk_mono_ms() - w->began_ms) / 1000;

	buf_reset(&w->line);
	if (w->cli->output == CLI_JSON) {
		jsonw_init(j, &w->line);
		jsonw_object(j, NULL);
		jsonw_fixed(j, "at_s", at_s, 3);
		jsonw_str(j, "event", event);
		return;
	}
	buf_printf(&w->line, "%8.3f  %-14s", at_s, event);
}

static void put_text(struct watcher *w, struct jsonw *j, const char *name,
		     const char *value)
{
	if (w->cli->output == CLI_JSON)
		jsonw_str(j, name, value);
	else
		buf_printf(&w->line, " %s=%s", name, value);
}

static void put_number(struct watcher *w, struct jsonw *j, const char *name,
		       int64_t value)
{
	if (w->cli->output == CLI_JSON)
		jsonw_i64(j, name, value);
	else
		buf_printf(&w->line, " %s=%lld", name, (long long)value);
}

static void end_line(struct watcher *w, struct jsonw *j)
{
	if (w->cli->output == CLI_JSON)
		jsonw_object_end(j);
	buf_char(&w->line, '\n');
	(void)cli_write(&w->line);
}

static void put_where(struct watcher *w, struct jsonw *j, struct link *link)
{
	char text[ADDR_TEXT_MAX];
	struct link_facts facts;

	link_facts(link, clk_mono_ms(), &facts);
	if (!facts.node)
		return;
	put_text(w, j, "node", facts.node->id);
	put_text(w, j, "region", facts.node->region);
	put_text(w, j, "addr", addr_text(&facts.target->addr, text));
	put_number(w, j, "port", facts.target->port);
	if (facts.node->km >= 0)
		put_number(w, j, "km", facts.node->km);
}

/* ---- what happens ---- */

static void put_waiting(struct watcher *w, struct jsonw *j, struct link *link,
			int rc)
{
	struct link_facts facts;

	link_facts(link, clk_mono_ms(), &facts);
	put_text(w, j, "why", err_str(rc));
	if (facts.detail[0])
		put_text(w, j, "detail", facts.detail);
	if (facts.goodbye && facts.goodbye->reason[0])
		put_text(w, j, "goodbye", facts.goodbye->reason);
	if (rc == ERR_DENIED && facts.auth_code)
		put_number(w, j, "code", facts.auth_code);
	put_number(w, j, "retry_ms", facts.retry_ms);
}

static void on_state(struct link *link, enum link_state state, int rc,
		     void *arg)
{
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, link_state_str(state));
	if (state == LINK_AUTHENTICATING || state == LINK_UP)
		put_where(w, &j, link);
	if (state == LINK_WAITING)
		put_waiting(w, &j, link, rc);
	end_line(w, &j);
	if (state == LINK_UP)
		w->ups++;
	if (state == LINK_WAITING)
		w->last_rc = rc;
}

static void on_answer(struct link *link UNUSED, const struct reply *reply,
		      void *arg)
{
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, "answer");
	put_text(w, &j, "id", reply->id);
	put_number(w, &j, "nodes", reply->node_count);
	put_number(w, &j, "ttl_s", reply->ttl_s);
	if (reply->client_country[0])
		put_text(w, &j, "country", reply->client_country);
	end_line(w, &j);
}

/* Servers of goim's kind refuse without a word. */
static const char *failure_text(struct watcher *w, struct link *link, int rc)
{
	w->refused = link_state(link) == LINK_AUTHENTICATING &&
		     (rc == ERR_CLOSED || rc == -ECONNRESET);
	if (w->refused)
		return "closed before authentication (no or a wrong token? "
		       "full?)";
	return err_str(rc);
}

static void on_failed(struct link *link, const struct addr *addr, uint16_t port,
		      int rc, void *arg)
{
	char text[ADDR_TEXT_MAX];
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, "failed");
	put_text(w, &j, "addr", addr_text(addr, text));
	put_number(w, &j, "port", port);
	put_text(w, &j, "why", failure_text(w, link, rc));
	end_line(w, &j);
}

static void on_message(struct link *link UNUSED, const struct frame *frame,
		       void *arg)
{
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, "message");
	put_number(w, &j, "op", frame->op);
	put_number(w, &j, "bytes", (int64_t)frame->body.len);
	end_line(w, &j);
}

static void on_beat(struct link *link UNUSED, uint32_t interval_s, void *arg)
{
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, "beat");
	put_number(w, &j, "next_s", interval_s);
	end_line(w, &j);
}

static void on_beat_reply(struct link *link UNUSED, uint32_t online, void *arg)
{
	struct watcher *w = arg;
	struct jsonw j;

	begin_line(w, &j, "beat-reply");
	put_number(w, &j, "online", online);
	end_line(w, &j);
	w->beats_seen++;
}

/* ---- the run ---- */

static bool is_over(struct watcher *w, const struct settings *s)
{
	if (stopper_has_come(&w->stopper))
		return true;
	if (w->beats_wanted > 0 && w->beats_seen >= w->beats_wanted)
		return true;
	return s->seconds_ms > 0 &&
	       clk_mono_ms() >= w->began_ms + s->seconds_ms;
}

static void drive(struct link *link, struct pollset *set, struct watcher *w,
		  const struct settings *s)
{
	void *owner;

	link_start(link, clk_mono_ms());
	while (!is_over(w, s)) {
		int64_t now_ms = clk_mono_ms();
		int64_t due_ms = link_due_ms(link);

		if (due_ms > now_ms + 1000)
			due_ms = now_ms + 1000; /* look at the clock */
		if (s->seconds_ms > 0 && w->began_ms + s->seconds_ms < due_ms)
			due_ms = w->began_ms + s->seconds_ms;
		(void)pollset_wait(set, due_ms > now_ms ? due_ms - now_ms : 0,
				   &owner, 1);
		link_step(link, clk_mono_ms());
	}
}

static int exit_code(const struct watcher *w)
{
	if (w->ups > 0)
		return CLI_OK;
	return w->refused || w->last_rc == ERR_DENIED ? CLI_REFUSED
						      : CLI_UNREACHABLE;
}

static int read_settings(const struct cli *cli, const struct settings *s,
			 struct servers *servers, struct resolver_query *query)
{
	if (servers_add(servers, sv_str(cli->balancer)) != 0) {
		cli_error("--balancer takes a URL like http://127.0.0.1:8053, "
			  "not \"%s\"",
			  cli->balancer);
		return CLI_USAGE;
	}
	if (s->ip && addr_parse(sv_str(s->ip), &query->ip) != 0) {
		cli_error("--ip takes an address, not \"%s\"", s->ip);
		return CLI_USAGE;
	}
	query->host = s->host;
	query->device = s->device;
	return CLI_OK;
}

static int make_token(const struct settings *s, struct buf *token)
{
	struct secret_file secret;
	int rc;

	if (!s->secret_file) {
		buf_str(token, s->token ? s->token : "");
		return CLI_OK;
	}
	rc = secret_file_read(&secret, s->secret_file);
	if (rc == CLI_OK)
		secret_file_sign(&secret, s->subject, 3600, token);
	secret_file_forget(&secret);
	return rc;
}

static int run_link(const struct settings *s, const struct link_config *config,
		    const struct resolver_query *query,
		    const struct channel_identity *identity, struct watcher *w)
{
	const struct link_handler handler = {
		.state = on_state,
		.answer = on_answer,
		.failed = on_failed,
		.message = on_message,
		.beat = on_beat,
		.beat_reply = on_beat_reply,
		.arg = w,
	};
	struct pollset_member member = {0};
	struct interest interest;
	struct pollset *set;
	struct link *link;
	int rc = pollset_new(&set);

	if (rc != 0) {
		cli_error("cannot wait for sockets: %s", err_str(rc));
		return CLI_FAILED;
	}
	member.set = set;
	interest = pollset_interest(&member);
	stopper_init(&w->stopper, &interest);
	link = link_new(config, query, identity, &handler, &interest);
	if (s->foreground)
		link_activity(link, HEARTBEAT_FOREGROUND);
	drive(link, set, w, s);
	link_free(&link);
	stopper_fini(&w->stopper);
	pollset_free(&set);
	return exit_code(w);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	struct servers servers = {0};
	struct resolver_query query = {0};
	struct link_config config = {.servers = &servers};
	struct channel_identity identity = {
		.platform = "perictl", .key = s->device, .room = s->room};
	struct watcher w = {.cli = cli,
			    .began_ms = clk_mono_ms(),
			    .beats_wanted = s->count};
	struct rng rng;
	struct buf token;
	int rc = read_settings(cli, s, &servers, &query);

	if (rc != CLI_OK)
		return rc;
	link_defaults(&config);
	config.stagger_ms = s->stagger_ms;
	config.rng = &rng;
	rng_seed_os(&rng);
	buf_init(&token, TOKEN_TEXT_MAX);
	buf_init(&w.line, LINE_MAX);
	rc = make_token(s, &token);
	identity.token = buf_cstr(&token);
	if (rc == CLI_OK)
		rc = run_link(s, &config, &query, &identity, &w);
	buf_fini(&w.line);
	buf_fini(&token);
	return rc;
}

static const struct cli_command command = {
	.name = "connect",
	.chapter = CLI_CLIENTS,
	.arguments = "",
	.summary = "be a client: resolve, connect, heartbeat",
	.details =
		"Does what the library does in an app and prints each step, "
		"with back-off and\nreconnects, until Ctrl-C, --seconds or "
		"--count. Exits 0 if it was connected once,\n3 if it never "
		"was, 4 if it was refused.\n\n"
		"  perictl connect --host im.demo --token-secret-file "
		"var/demo/token.secret\n"
		"  perictl connect --host im.demo --ip 200.160.2.3 --seconds "
		"30 --foreground",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_connect_command(void)
{
	return &command;
}
