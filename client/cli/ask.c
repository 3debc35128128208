/*
 * ask.c - drives lookup and fetch until there is an answer. One thread.
 */
#include "client/cli/ask.h"

#include "client/cli/credential.h"
#include "client/cli/pick.h"
#include "client/fetch.h"
#include "client/pollset.h"
#include "client/servers.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"

#define ANSWER_MAX  (32u << 20)
#define WORDS_MAX   4096 /* of a refusal */
#define HEADERS_MAX 1024
/* A stream says something every 5 s: three times nothing is its end. */
#define SILENCE_MS  15000

struct ask ask_balancer(const struct cli *cli, struct sv target)
{
	return (struct ask){
		.cli = cli,
		.who = "the balancer",
		.program = "peri-balancer",
		.option = "--balancer",
		.url = cli->balancer,
		.target = target,
	};
}

struct ask ask_balancer_admin(const struct cli *cli, struct sv target)
{
	return (struct ask){
		.cli = cli,
		.who = "the balancer's admin side",
		.program = "peri-balancer",
		.option = "--balancer-admin",
		.url = cli->balancer_admin,
		.target = target,
	};
}

struct ask ask_registry_admin(const struct cli *cli, struct sv target)
{
	return (struct ask){
		.cli = cli,
		.who = "the registry's admin side",
		.program = "peri-registry",
		.option = "--registry-admin",
		.url = cli->registry_admin,
		.target = target,
		.with_token = true,
	};
}

/* One question on its way. */
struct asking {
	const struct ask *ask;
	struct server *server;
	const struct buf *headers; /* the token among them */
	struct pollset *set;
	struct interest interest;
};

static bool is_fine(const struct fetch *fetch)
{
	return fetch_status(fetch) >= 200 && fetch_status(fetch) < 300;
}

static void wait_a_turn(struct pollset *set, int64_t due_ms)
{
	int64_t wait_ms = due_ms - clk_mono_ms();
	void *owner;

	(void)pollset_wait(set, wait_ms > 0 ? wait_ms : 0, &owner, 1);
}

static int find_addresses(const struct asking *a)
{
	int64_t due_ms = clk_mono_ms() + a->ask->cli->timeout_ms;
	struct addr addrs[LOOKUP_ADDRS_MAX];
	struct lookup *lookup;
	unsigned count = 0;
	int rc;

	if (a->server->addr_count > 0)
		return 0;
	rc = lookup_start(sv_str(a->server->host), &a->interest, &lookup);
	if (rc != 0)
		return rc;
	while ((rc = lookup_result(lookup, addrs, &count)) == ERR_AGAIN) {
		if (clk_mono_ms() >= due_ms) {
			rc = ERR_TIMEOUT;
			break;
		}
		wait_a_turn(a->set, due_ms);
	}
	lookup_free(&lookup);
	if (rc == 0)
		servers_learn(a->server, addrs, count);
	return rc;
}

/* What has come of a stream, to whom it concerns; false: they have enough. */
static bool hand_on(const struct ask *ask, struct fetch *fetch)
{
	struct buf piece;
	bool go_on;

	if (!ask->piece || !is_fine(fetch))
		return true;
	buf_init(&piece, ANSWER_MAX);
	fetch_take_body(fetch, &piece);
	go_on = piece.len == 0 || ask->piece(buf_view(&piece), ask->piece_arg);
	buf_fini(&piece);
	return go_on;
}

static struct fetch *run_fetch(const struct asking *a, unsigned addr_index)
{
	const struct ask *ask = a->ask;
	struct fetch_call call = {
		.address = a->server->addrs[addr_index],
		.port = a->server->port,
		.host = sv_str(a->server->host),
		.target = ask->target,
		.method = ask->method,
		.headers = buf_view(a->headers),
		.body = ask->body,
		.timeout_ms = ask->cli->timeout_ms,
		.silence_ms = ask->piece ? SILENCE_MS : 0,
		.answer_max_bytes = ANSWER_MAX,
	};
	struct fetch *fetch = fetch_start(&call, &a->interest, clk_mono_ms());

	while (fetch_result(fetch) == ERR_AGAIN) {
		wait_a_turn(a->set, fetch_due_ms(fetch));
		fetch_step(fetch, clk_mono_ms());
		if (!hand_on(ask, fetch))
			break;
	}
	return fetch;
}

static int say_unreachable(const struct ask *ask, int rc)
{
	if (!ask->quiet)
		cli_error("cannot reach %s at %s: %s; is %s running? Another "
			  "place: %s URL",
			  ask->who, ask->url, err_str(rc), ask->program,
			  ask->option);
	return CLI_UNREACHABLE;
}

/* ": detail" or ": title", then " (path rule; ...)" of a problem document. */
static void put_problem(struct buf *b, const struct json *root)
{
	const struct json *errors = json_member(root, "errors");
	struct sv text = pick_text(root, "detail");

	if (text.len == 0)
		text = pick_text(root, "title");
	if (text.len > 0)
		buf_str(b, ": ");
	buf_sv(b, text);
	for (size_t i = 0; i < json_array_len(errors); i++) {
		const struct json *error = json_array_at(errors, i);

		buf_str(b, i == 0 ? " (" : "; ");
		buf_sv(b, pick_text(error, "path"));
		buf_char(b, ' ');
		buf_sv(b, pick_text(error, "rule"));
	}
	if (json_array_len(errors) > 0)
		buf_char(b, ')');
}

/* What to do about it. */
static const char *advice(const struct ask *ask, unsigned status)
{
	if (!ask->with_token)
		return "";
	if (status == 401)
		return "; give a token: --token-file FILE, PERI_TOKEN_FILE or "
		       "PERI_TOKEN. The registry's own is admin.token in its "
		       "state_dir, others stand in its tokens_file";
	if (status == 403)
		return "; this token's role is too low: take one with a higher "
		       "role of the registry's tokens_file";
	if (status == 404 && sv_starts(ask->target, SV("/v1/intent/")))
		return "; perictl intent lists what holds";
	if (status == 412)
		return "; somebody was faster: look at it (perictl intent) and "
		       "ask again";
	if (status == 404 && sv_starts(ask->target, SV("/v1/history")))
		return "; perictl nodes and perictl regions list what there is";
	return "";
}

/* The daemon's own words, if its answer is a problem document. Text from
 * outside: control bytes are blanked. */
static int say_refused(const struct ask *ask, unsigned status, struct sv body)
{
	struct json_problem p;
	struct json *root = NULL;
	struct buf words;

	buf_init(&words, WORDS_MAX);
	if (json_parse(body, &root, &p) == 0)
		put_problem(&words, root);
	for (size_t i = 0; i < words.len; i++) {
		if ((unsigned char)words.data[i] < 0x20 ||
		    words.data[i] == 0x7f)
			words.data[i] = ' ';
	}
	cli_error("%s answered %u for " SV_FMT SV_FMT "%s", ask->who, status,
		  SV_ARG(ask->target), SV_ARG(buf_view(&words)),
		  advice(ask, status));
	buf_fini(&words);
	json_free(&root);
	return CLI_REFUSED;
}

/* Tries each address of the server until one connects. */
static int ask_server(const struct asking *a, struct buf *body)
{
	struct fetch *fetch = NULL;
	int rc = find_addresses(a);

	for (unsigned i = 0; rc == 0 && i < a->server->addr_count; i++) {
		fetch_free(&fetch);
		fetch = run_fetch(a, i);
		if (fetch_result(fetch) == 0 || fetch_status(fetch) != 0)
			break;
	}
	if (rc == 0)
		rc = fetch_result(fetch);
	if (rc != 0 && a->ask->piece && is_fine(fetch))
		rc = CLI_OK; /* it had begun */
	else if (rc != 0)
		rc = say_unreachable(a->ask, rc);
	else if (!is_fine(fetch))
		rc = say_refused(a->ask, fetch_status(fetch),
				 fetch_body(fetch));
	else
		buf_sv(body, fetch_body(fetch));
	fetch_free(&fetch);
	return rc;
}

/* The header lines, with the token if it wants one. */
static int put_headers(const struct ask *ask, struct buf *headers)
{
	struct credential credential = {.len = 0};
	int rc = CLI_OK;

	buf_sv(headers, ask->headers);
	if (ask->with_token)
		rc = credential_read(&credential, ask->cli);
	if (rc == CLI_OK && credential.len > 0)
		buf_printf(headers, "Authorization: Bearer %.*s\r\n",
			   (int)credential.len, credential.text);
	credential_forget(&credential);
	return rc;
}

static int ask_with(const struct ask *ask, struct server *server,
		    const struct buf *headers, struct buf *body)
{
	struct asking a = {.ask = ask, .server = server, .headers = headers};
	struct pollset_member member;
	int rc = pollset_new(&a.set);

	if (rc != 0) {
		cli_error("cannot wait for sockets: %s", err_str(rc));
		return CLI_FAILED;
	}
	member = (struct pollset_member){.set = a.set, .owner = a.set};
	a.interest = pollset_interest(&member);
	rc = ask_server(&a, body);
	pollset_free(&a.set);
	return rc;
}

int ask_text(const struct ask *ask, struct buf *body)
{
	char storage[HEADERS_MAX];
	struct servers servers = {0};
	struct buf headers;
	int rc;

	buf_init(body, ANSWER_MAX);
	rc = servers_add(&servers, sv_str(ask->url));
	if (rc != 0) {
		cli_error("%s takes a URL like http://127.0.0.1:8053, not "
			  "\"%s\": %s",
			  ask->option, ask->url, err_str(rc));
		return CLI_USAGE;
	}
	buf_init_fixed(&headers, storage, sizeof(storage));
	rc = put_headers(ask, &headers);
	if (rc == CLI_OK)
		rc = ask_with(ask, &servers.list[0], &headers, body);
	explicit_bzero(storage, sizeof(storage));
	return rc;
}

int ask_json(const struct ask *ask, struct buf *body, struct json **root_r)
{
	struct json_problem p;
	int rc = ask_text(ask, body);

	if (rc != CLI_OK)
		return rc;
	if (json_parse(buf_view(body), root_r, &p) != 0) {
		cli_error("%s at %s answered with something that is no JSON: "
			  "%s; is it another program?",
			  ask->who, ask->url, p.rule);
		return CLI_FAILED;
	}
	return CLI_OK;
}

int ask_show(const struct ask *ask, ask_table_cb *table, const void *arg)
{
	struct json *root = NULL;
	struct buf body, b;
	int rc = ask_json(ask, &body, &root);

	if (rc == CLI_OK && ask->cli->output == CLI_JSON) {
		buf_char(&body, '\n');
		rc = cli_write(&body);
	} else if (rc == CLI_OK) {
		buf_init(&b, ANSWER_MAX);
		table(&b, root, arg);
		rc = cli_print(&b);
	}
	json_free(&root);
	buf_fini(&body);
	return rc;
}
