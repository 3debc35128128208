/*
 * operate.c - see the header. A PUT replaces the whole intent, so what is not
 * changed is read first and sent back. One thread.
 */
#include "client/cli/operate.h"

#include "client/cli/ask.h"
#include "client/cli/pick.h"
#include "client/cli/preview.h"
#include "client/cli/state.h"
#include "client/cli/target.h"
#include "client/cli/when.h"
#include "lib/base/clk.h"
#include "lib/proto/jsonw.h"
#include "lib/proto/url.h"

#define PATH_BYTES 1024
#define BODY_BYTES 4096
#define WHY_BYTES  256
#define LINE_BYTES 128

unsigned operate_options(struct operate_settings *s,
			 struct cli_option *options_r)
{
	const struct cli_option options[OPERATE_OPTIONS] = {
		{"reason", CLI_TEXT, "TEXT",
		 "why: others read it, and the audit (required)", &s->reason, 0,
		 0},
		{"for", CLI_DURATION, "TIME", "ends by itself after it: 30m",
		 &s->for_ms, 0, 0},
		{"until", CLI_TEXT, "WHEN",
		 "or then (UTC): 18:30 or 2026-11-23T06:00Z", &s->until, 0, 0},
		{"dry-run", CLI_FLAG, NULL,
		 "only show whose clients would move", &s->dry_run, 0, 0},
	};

	memcpy(options_r, options, sizeof(options));
	return OPERATE_OPTIONS;
}

/* ---- what is said to the registry ---- */

bool operate_is_nothing(const struct intent *i)
{
	return i->state == INTENT_UP && !i->has_weight && !i->has_bias;
}

void operate_put_body(struct buf *b, const struct intent *i)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "state", intent_state_str(i->state));
	if (i->has_weight)
		jsonw_u64(&w, "weight", i->weight);
	if (i->has_bias)
		jsonw_real(&w, "bias_km", i->bias_km);
	if (i->shed_per_min > 0)
		jsonw_u64(&w, "shed_per_min", i->shed_per_min);
	if (i->deadline_s > 0)
		jsonw_u64(&w, "deadline_s", i->deadline_s);
	jsonw_str(&w, "reason", i->reason);
	if (i->until_wall_s > 0)
		jsonw_i64(&w, "until_wall_s", i->until_wall_s);
	jsonw_object_end(&w);
}

/* "&weight=gru-1"; the scope is said where it is not @usual, whom the parameter
 * names as a rule. */
static void put_parameter(struct buf *b, const char *name,
			  enum intent_scope usual, const struct intent *i)
{
	buf_char(b, b->len == 0 ? '?' : '&');
	buf_str(b, name);
	buf_char(b, '=');
	if (i->scope != usual)
		buf_printf(b, "%s/", intent_scope_str(i->scope));
	url_encode(b, sv_str(i->id));
}

static bool takes_none(const struct intent *i)
{
	return i->state != INTENT_UP;
}

/* Whether something ends: what is left of it must be said as a whole. */
static bool ends_any(const struct intent *now, const struct intent *wanted)
{
	return (takes_none(now) && !takes_none(wanted)) ||
	       (now->has_weight && !wanted->has_weight) ||
	       (now->has_bias && !wanted->has_bias);
}

void operate_put_preview(struct buf *b, const struct intent *now,
			 const struct intent *wanted)
{
	static const struct intent nothing;

	if (ends_any(now, wanted)) {
		put_parameter(b, "release", INTENT_NODE, wanted);
		now = &nothing;
	}
	if (takes_none(wanted) && !takes_none(now))
		put_parameter(b, "drained", INTENT_REGION, wanted);
	if (wanted->has_weight &&
	    (!now->has_weight || now->weight != wanted->weight)) {
		put_parameter(b, "weight", INTENT_NODE, wanted);
		buf_printf(b, ":%u", wanted->weight);
	}
	if (wanted->has_bias &&
	    (!now->has_bias || now->bias_km < wanted->bias_km ||
	     now->bias_km > wanted->bias_km)) {
		put_parameter(b, "bias", INTENT_REGION, wanted);
		buf_char(b, ':');
		buf_double(b, wanted->bias_km);
	}
}

static void put_path(struct buf *b, const struct intent *i)
{
	buf_printf(b, "/v1/intent/%s/", intent_scope_str(i->scope));
	url_encode(b, sv_str(i->id));
}

/* What is sent holds only if what was read still does. A registry that gave no
 * tag is asked without a condition. */
static void put_condition(struct buf *b, const struct intent *now,
			  struct sv tag)
{
	if (now->since_wall_s == 0) /* there is none */
		buf_str(b, "If-None-Match: *\r\n");
	else if (tag.len > 0)
		buf_printf(b, "If-Match: " SV_FMT "\r\n", SV_ARG(tag));
}

/* ---- what is said to people ---- */

static void put_facts(struct buf *b, const struct json *root)
{
	double weight = pick_real(root, "weight", -1);
	uint64_t rate = pick_u64(root, "shed_per_min");
	uint64_t until_s = pick_u64(root, "until_wall_s");
	uint64_t deadline_s = pick_u64(root, "deadline_s");

	buf_printf(b, SV_FMT "/" SV_FMT ": " SV_FMT,
		   SV_ARG(pick_text(root, "scope")),
		   SV_ARG(pick_text(root, "id")),
		   SV_ARG(pick_text(root, "state")));
	if (weight >= 0)
		buf_printf(b, ", weight %.0f", weight);
	if (!json_is_null(json_member(root, "bias_km")))
		buf_printf(b, ", bias %.0f km", pick_real(root, "bias_km", 0));
	if (rate > 0)
		buf_printf(b, ", %llu %% a minute", (unsigned long long)rate);
	if (deadline_s > 0) {
		buf_str(b, ", within ");
		when_put_age(b, (int64_t)deadline_s);
	}
	buf_str(b, until_s > 0 ? ", until " : ", until it is released");
	if (until_s > 0)
		when_put(b, (int64_t)until_s);
	buf_printf(b, "; by " SV_FMT ": " SV_FMT "\n",
		   SV_ARG(pick_text(root, "by")),
		   SV_ARG(pick_text(root, "reason")));
}

static void put_done(struct buf *b, const struct json *root, const void *arg)
{
	const struct intent *wanted = arg;
	bool known = true;

	if (operate_is_nothing(wanted)) {
		buf_printf(b, "%s/%s: released, it is as it reports itself\n",
			   intent_scope_str(wanted->scope), wanted->id);
		return;
	}
	put_facts(b, root);
	if (json_get_bool(json_member(root, "known"), &known) == 0 && !known)
		buf_printf(b,
			   "There is no such %s yet; it holds from when it "
			   "comes.\n",
			   intent_scope_str(wanted->scope));
}

/* ---- doing it ---- */

static int check(const struct operate_settings *s)
{
	if (!s->dry_run && (!s->reason || !s->reason[0])) {
		cli_error("say why: --reason TEXT; others read it, and the "
			  "audit keeps it");
		return CLI_USAGE;
	}
	if (s->reason && strlen(s->reason) >= INTENT_REASON_BYTES) {
		cli_error("--reason takes at most %d bytes",
			  INTENT_REASON_BYTES - 1);
		return CLI_USAGE;
	}
	if (s->for_ms > 0 && s->until) {
		cli_error("--for or --until, not both");
		return CLI_USAGE;
	}
	return CLI_OK;
}

/* An end that was said before stays, unless another one is said. */
static int take_end(const struct operate_settings *s, struct intent *i)
{
	int64_t now_wall_s = clk_wall_s();

	if (s->for_ms > 0)
		i->until_wall_s = now_wall_s + (s->for_ms + 999) / 1000;
	if (s->until &&
	    when_parse(sv_str(s->until), now_wall_s, &i->until_wall_s) != 0) {
		cli_error("--until takes 18:30 or 2026-11-23T06:00Z (UTC), not "
			  "\"%s\"",
			  s->until);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static int read_now(const struct cli *cli, const char *text,
		    struct intent *now_r, struct buf *condition)
{
	struct target target = {.id = ""};
	struct json *root = NULL;
	char storage[WHY_BYTES];
	struct buf why;
	int rc = state_read(cli, &root);

	if (rc != CLI_OK)
		return rc;
	buf_init_fixed(&why, storage, sizeof(storage));
	if (target_find(root, sv_str(text), &target, &why) == 0) {
		target_intent(root, &target, now_r);
		put_condition(condition, now_r, target_tag(root, &target));
	} else {
		cli_error("%s", buf_cstr(&why));
		rc = CLI_USAGE;
	}
	json_free(&root);
	return rc;
}

static int show_preview(const struct cli *cli, const struct intent *now,
			const struct intent *wanted)
{
	char storage[PATH_BYTES];
	struct buf query;

	buf_init_fixed(&query, storage, sizeof(storage));
	operate_put_preview(&query, now, wanted);
	return preview_show(cli, buf_view(&query));
}

static int send_wanted(const struct cli *cli, const struct intent *wanted,
		       struct sv condition)
{
	char path[PATH_BYTES], text[BODY_BYTES];
	struct buf target, body;
	struct ask ask;

	buf_init_fixed(&target, path, sizeof(path));
	buf_init_fixed(&body, text, sizeof(text));
	put_path(&target, wanted);
	ask = ask_registry_admin(cli, SV(""));
	if (operate_is_nothing(wanted)) {
		buf_str(&target, "?reason=");
		url_encode(&target, sv_str(wanted->reason));
		ask.method = SV("DELETE");
	} else {
		operate_put_body(&body, wanted);
		ask.method = SV("PUT");
	}
	ask.target = buf_view(&target);
	ask.body = buf_view(&body);
	ask.headers = condition;
	return ask_show(&ask, put_done, wanted);
}

int operate_run(const struct cli *cli, const struct operate_settings *s,
		const char *target, operate_change_cb *change, const void *arg)
{
	char storage[LINE_BYTES];
	struct intent now, wanted;
	struct buf condition;
	int rc = check(s);

	buf_init_fixed(&condition, storage, sizeof(storage));
	if (rc == CLI_OK)
		rc = read_now(cli, target, &now, &condition);
	if (rc != CLI_OK)
		return rc;
	wanted = now;
	if (change) {
		change(&wanted, arg);
	} else {
		wanted.state = INTENT_UP;
		wanted.has_weight = wanted.has_bias = false;
	}
	rc = take_end(s, &wanted);
	if (rc == CLI_OK && s->reason)
		/* It fits: check() has said so. */
		rc = sv_copy(sv_str(s->reason), wanted.reason,
			     sizeof(wanted.reason)) == 0
			     ? CLI_OK
			     : CLI_USAGE;
	if (rc != CLI_OK)
		return rc;
	if (s->dry_run)
		return show_preview(cli, &now, &wanted);
	return send_wanted(cli, &wanted, buf_view(&condition));
}
