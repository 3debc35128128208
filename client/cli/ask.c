/*
 * ask.c - drives lookup and fetch until there is an answer. One thread.
 */
#include "client/cli/ask.h"

#include "client/cli/pick.h"
#include "client/fetch.h"
#include "client/pollset.h"
#include "client/servers.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"

#define ANSWER_MAX (32u << 20)
#define WORDS_MAX  4096 /* of a refusal */

struct ask ask_balancer(const struct cli *cli, struct sv target)
{
	return (struct ask){"the balancer", "peri-balancer", "--balancer",
			    cli->balancer,  target,	     cli->timeout_ms};
}

struct ask ask_balancer_admin(const struct cli *cli, struct sv target)
{
	return (struct ask){"the balancer's admin side",
			    "peri-balancer",
			    "--balancer-admin",
			    cli->balancer_admin,
			    target,
			    cli->timeout_ms};
}

struct ask ask_registry(const struct cli *cli, struct sv target)
{
	return (struct ask){"the registry", "peri-registry", "--registry",
			    cli->registry,  target,	     cli->timeout_ms};
}

static void wait_a_turn(struct pollset *set, int64_t due_ms)
{
	int64_t wait_ms = due_ms - clk_mono_ms();
	void *owner;

	(void)pollset_wait(set, wait_ms > 0 ? wait_ms : 0, &owner, 1);
}

static int find_addresses(struct server *server, struct pollset *set,
			  const struct interest *interest, int64_t due_ms)
{
	struct addr addrs[LOOKUP_ADDRS_MAX];
	struct lookup *lookup;
	unsigned count = 0;
	int rc;

	if (server->addr_count > 0)
		return 0;
	rc = lookup_start(sv_str(server->host), interest, &lookup);
	if (rc != 0)
		return rc;
	while ((rc = lookup_result(lookup, addrs, &count)) == ERR_AGAIN) {
		if (clk_mono_ms() >= due_ms) {
			rc = ERR_TIMEOUT;
			break;
		}
		wait_a_turn(set, due_ms);
	}
	lookup_free(&lookup);
	if (rc == 0)
		servers_learn(server, addrs, count);
	return rc;
}

static struct fetch *run_fetch(const struct ask *ask,
			       const struct server *server, unsigned addr_index,
			       struct pollset *set,
			       const struct interest *interest)
{
	struct fetch_call call = {
		.address = server->addrs[addr_index],
		.port = server->port,
		.host = sv_str(server->host),
		.target = ask->target,
		.timeout_ms = ask->timeout_ms,
		.answer_max_bytes = ANSWER_MAX,
	};
	struct fetch *fetch = fetch_start(&call, interest, clk_mono_ms());

	while (fetch_result(fetch) == ERR_AGAIN) {
		wait_a_turn(set, fetch_due_ms(fetch));
		fetch_step(fetch, clk_mono_ms());
	}
	return fetch;
}

static int say_unreachable(const struct ask *ask, int rc)
{
	cli_error("cannot reach %s at %s: %s; is %s running? Another place: "
		  "%s URL",
		  ask->who, ask->url, err_str(rc), ask->program, ask->option);
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
	cli_error("%s answered %u for " SV_FMT SV_FMT, ask->who, status,
		  SV_ARG(ask->target), SV_ARG(buf_view(&words)));
	buf_fini(&words);
	json_free(&root);
	return CLI_REFUSED;
}

/* Tries each address of the server until one connects. */
static int ask_server(const struct ask *ask, struct server *server,
		      struct pollset *set, const struct interest *interest,
		      struct buf *body)
{
	struct fetch *fetch = NULL;
	int rc = find_addresses(server, set, interest,
				clk_mono_ms() + ask->timeout_ms);

	for (unsigned i = 0; rc == 0 && i < server->addr_count; i++) {
		fetch_free(&fetch);
		fetch = run_fetch(ask, server, i, set, interest);
		if (fetch_result(fetch) == 0)
			break;
	}
	if (rc == 0)
		rc = fetch_result(fetch);
	if (rc != 0)
		rc = say_unreachable(ask, rc);
	else if (fetch_status(fetch) != 200)
		rc = say_refused(ask, fetch_status(fetch), fetch_body(fetch));
	else
		buf_sv(body, fetch_body(fetch));
	fetch_free(&fetch);
	return rc;
}

int ask_text(const struct ask *ask, struct buf *body)
{
	struct servers servers = {0};
	struct pollset *set;
	struct pollset_member member;
	struct interest interest;
	int rc;

	buf_init(body, ANSWER_MAX);
	rc = servers_add(&servers, sv_str(ask->url));
	if (rc != 0) {
		cli_error("%s takes a URL like http://127.0.0.1:8053, not "
			  "\"%s\": %s",
			  ask->option, ask->url, err_str(rc));
		return CLI_USAGE;
	}
	rc = pollset_new(&set);
	if (rc != 0) {
		cli_error("cannot wait for sockets: %s", err_str(rc));
		return CLI_FAILED;
	}
	member = (struct pollset_member){.set = set, .owner = set};
	interest = pollset_interest(&member);
	rc = ask_server(ask, &servers.list[0], set, &interest, body);
	pollset_free(&set);
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
