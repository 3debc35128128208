/*
 * api_intent.c - see the header. A change is answered when it is durable and
 * holds, so whoever has the answer can rely on it. Main loop.
 */
#include "registry/api_intent.h"

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "registry/api.h"
#include "registry/intent_tag.h"

#define LIST_BODY_MAX	    (32u << 20) /* OVERRIDE_MAX of them fit */
#define TAG_LINE_BYTES	    96
#define AUDIT_LIMIT_DEFAULT 100
#define AUDIT_LIMIT_MAX	    500
#define AUDIT_BODY_MAX	    ((size_t)AUDIT_LIMIT_MAX * AUDIT_JSON_MAX + 1024)

/* Who asks, as the audit wants it. */
struct actor {
	struct audit_actor as;
	char from[ADDR_TEXT_MAX];
};

static void actor_init(struct actor *actor, const struct api_call *call)
{
	const struct access_who *who = call->who;

	actor->as.by = who->name[0] ? who->name : "anonymous";
	actor->as.role = access_role_str(who->role);
	actor->as.from = addr_text(&call->req->peer, actor->from);
}

/* The target in the path; false: it has been refused. */
static bool take_target(const struct api_call *call, struct intent *intent)
{
	if (intent_scope_parse(call->id, &intent->scope) == 0 &&
	    sv_copy(call->id2, intent->id, sizeof(intent->id)) == 0)
		return true;
	api_refuse(call, REFUSAL_UNKNOWN_PATH,
		   "an intent is for a node or a region");
	return false;
}

/* Whether there is such a node or region now; an intent may come first. */
static bool is_known(const struct registry *r, const struct intent *intent)
{
	struct sv id = sv_str(intent->id);

	return intent->scope == INTENT_NODE
		       ? lease_find(r->leases, id) != NULL
		       : region_table_find(r->regions, id) != NULL;
}

static void put_intent(struct jsonw *w, const struct registry *r,
		       const struct intent *intent)
{
	jsonw_object(w, NULL);
	intent_put(w, intent);
	jsonw_bool(w, "known", is_known(r, intent));
	intent_tag_put_member(w, intent);
	jsonw_object_end(w);
}

/* Whose word the audit has last of @target, for people. */
static void put_last(struct buf *b, const struct registry *r, struct sv target)
{
	struct audit_filter filter = {
		.below = UINT64_MAX, .target = target, .limit = 1};
	struct json *entry = NULL;
	struct json_problem p;
	struct buf text;
	struct sv by;
	bool more;

	buf_init(&text, AUDIT_JSON_MAX);
	audit_read(r->audit, &filter, &text, &more);
	if (text.len > 0 && json_parse(buf_view(&text), &entry, &p) == 0 &&
	    json_get_text(json_member(entry, "by"), &by) == 0)
		buf_printf(b, "; it was changed last by " SV_FMT, SV_ARG(by));
	json_free(&entry);
	buf_fini(&text);
}

static void refuse_changed(const struct api_call *call,
			   const struct intent *which, const struct intent *now)
{
	char storage[2 * INTENT_REASON_BYTES], name[INTENT_TARGET_BYTES];
	struct buf detail, target;

	buf_init_fixed(&detail, storage, sizeof(storage));
	buf_init_fixed(&target, name, sizeof(name));
	intent_put_target(&target, which->scope, which->id);
	if (now) {
		buf_printf(&detail, "what holds is by %s: %s", now->by,
			   now->reason);
	} else {
		buf_str(&detail, "nothing holds");
		put_last(&detail, call->registry, buf_view(&target));
	}
	api_refuse(call, REFUSAL_INTENT_CHANGED, buf_cstr(&detail));
}

/* If-Match, If-None-Match; false: it has been refused. */
static bool is_as_expected(const struct api_call *call,
			   const struct intent *which)
{
	const struct intent *now = intent_keeper_latest(call->registry, which);

	if (intent_tag_permits(call->req->head, now))
		return true;
	refuse_changed(call, which, now);
	return false;
}

/* The header ETag of @intent. */
static void put_tag_line(struct buf *b, const struct intent *intent)
{
	buf_str(b, "Cache-Control: no-store\r\nETag: ");
	intent_tag_put(b, intent);
	buf_str(b, "\r\n");
}

static void refuse_change(struct registry *r, struct httpd_later *later, int rc)
{
	struct refusal_case c = {.reason = rc == ERR_LIMIT
						   ? REFUSAL_STORE_QUEUE_FULL
						   : REFUSAL_STORE_UNAVAILABLE};

	refusal_reply_later(&r->refusals, later, &c);
}

/* A request that waits for its change. */
struct waiting {
	struct registry *registry;
	struct httpd_later *later;
	bool is_put; /* else a release: it leaves nothing that has a tag */
};

static void on_changed(const struct intent_outcome *outcome)
{
	struct waiting *waiting = outcome->arg;
	char storage[INTENT_JSON_MAX], line[TAG_LINE_BYTES];
	struct buf body, headers;
	struct jsonw w;

	if (outcome->rc != 0) {
		refuse_change(waiting->registry, waiting->later, outcome->rc);
	} else {
		buf_init_fixed(&body, storage, sizeof(storage));
		jsonw_init(&w, &body);
		put_intent(&w, waiting->registry, outcome->intent);
		buf_init_fixed(&headers, line, sizeof(line));
		if (waiting->is_put)
			put_tag_line(&headers, outcome->intent);
		httpd_later_reply(waiting->later, outcome->before ? 200 : 201,
				  API_JSON, buf_view(&headers),
				  buf_view(&body));
	}
	mem_free(waiting);
}

static struct waiting *waiting_new(const struct api_call *call)
{
	struct waiting *waiting = mem_alloc(sizeof(*waiting));

	waiting->registry = call->registry;
	return waiting;
}

/* The change is on its way, or refused. The callback never comes from inside,
 * so there is time to defer. */
static void await(const struct api_call *call, struct waiting *waiting, int rc)
{
	if (rc == 0) {
		waiting->later = httpd_defer(call->req);
		return;
	}
	mem_free(waiting);
	api_refuse(call,
		   rc == ERR_NOTFOUND ? REFUSAL_UNKNOWN_INTENT
		   : rc == ERR_RANGE  ? REFUSAL_TOO_MANY_INTENTS
				      : REFUSAL_STORE_QUEUE_FULL,
		   NULL);
}

void api_intent_put(const struct api_call *call)
{
	struct intent_keeper_listener listener = {.cb = on_changed};
	struct waiting *waiting;
	struct actor actor;
	struct json_problem p;
	struct intent intent;

	if (intent_decode(call->req->body, clk_wall_s(), &intent, &p) != 0) {
		api_refuse_body(call, &p);
		return;
	}
	if (!take_target(call, &intent) || !is_as_expected(call, &intent))
		return;
	actor_init(&actor, call);
	/* Names of people are no longer than that. */
	if (sv_copy(sv_str(actor.as.by), intent.by, sizeof(intent.by)) != 0)
		intent.by[0] = '\0';
	listener.arg = waiting = waiting_new(call);
	waiting->is_put = true;
	await(call, waiting,
	      intent_keeper_put(call->registry, &intent, &actor.as, &listener));
}

/* Why, from the query or the body. False: it has been refused. */
static bool take_reason(const struct api_call *call, struct intent *which)
{
	static const char *const names[] = {"reason", NULL};
	static const struct json_field fields[] = {
		{.name = "reason",
		 .kind = JSON_TEXT,
		 .size = sizeof(which->reason)},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						false};
	char storage[3 * INTENT_REASON_BYTES];
	struct json_problem p;
	struct buf text;
	struct sv value;

	if (!api_check_parameters(call, names))
		return false;
	buf_init_fixed(&text, storage, sizeof(storage));
	if (api_parameter(call, "reason", &text, &value) != 0 ||
	    sv_copy(value, which->reason, sizeof(which->reason)) != 0) {
		api_refuse_parameter(call, "reason", "at most 256 bytes");
		return false;
	}
	if (call->req->body.len > 0 &&
	    json_decode_text(call->req->body, &table, which->reason, &p) != 0) {
		api_refuse_body(call, &p);
		return false;
	}
	if (sv_trim(sv_str(which->reason)).len > 0)
		return true;
	api_refuse_parameter(call, "reason",
			     "must say why: ?reason= or {\"reason\"} as body");
	return false;
}

void api_intent_delete(const struct api_call *call)
{
	struct intent_keeper_listener listener = {.cb = on_changed};
	struct intent which = {.reason = ""};
	struct actor actor;

	if (!take_target(call, &which) || !take_reason(call, &which) ||
	    !is_as_expected(call, &which))
		return;
	actor_init(&actor, call);
	listener.arg = waiting_new(call);
	await(call, listener.arg,
	      intent_keeper_release(call->registry, &which, &actor.as,
				    &listener));
}

void api_intent_get(const struct api_call *call)
{
	const struct registry *r = call->registry;
	const struct override *entry;
	struct intent which;
	char storage[INTENT_JSON_MAX], line[TAG_LINE_BYTES];
	struct buf body, headers;
	struct jsonw w;

	if (!take_target(call, &which))
		return;
	entry = override_find(r->overrides, which.scope, sv_str(which.id));
	if (!entry) {
		api_refuse(call, REFUSAL_UNKNOWN_INTENT, NULL);
		return;
	}
	buf_init_fixed(&body, storage, sizeof(storage));
	jsonw_init(&w, &body);
	put_intent(&w, r, &entry->intent);
	buf_init_fixed(&headers, line, sizeof(line));
	put_tag_line(&headers, &entry->intent);
	httpd_reply(call->req, 200, API_JSON, buf_view(&headers),
		    buf_view(&body));
}

void api_intent_list(const struct api_call *call)
{
	static const char *const names[] = {NULL};
	const struct registry *r = call->registry;
	const struct override *entry = NULL;
	struct buf body;
	struct jsonw w;

	if (!api_check_parameters(call, names))
		return;
	buf_init(&body, LIST_BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "intents");
	while ((entry = override_next(r->overrides, entry)) != NULL)
		put_intent(&w, r, &entry->intent);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}

/* A number among the parameters, @value as it was when absent. */
static bool take_number(const struct api_call *call, const char *name,
			uint64_t max, uint64_t *value)
{
	char storage[32];
	struct buf text;
	struct sv given;

	buf_init_fixed(&text, storage, sizeof(storage));
	if (api_parameter(call, name, &text, &given) == 0 &&
	    (given.len == 0 || num_u64(given, max, value) == 0))
		return true;
	api_refuse_parameter(call, name, "must be a number in its limits");
	return false;
}

static void reply_audit(const struct api_call *call,
			const struct audit_filter *filter)
{
	uint64_t last;
	struct buf body;
	bool more;

	buf_init(&body, AUDIT_BODY_MAX);
	buf_str(&body, "{\"audit\":[");
	last = audit_read(call->registry->audit, filter, &body, &more);
	buf_str(&body, "],\"next\":");
	buf_u64(&body, last);
	buf_str(&body, more ? ",\"more\":true}" : ",\"more\":false}");
	api_reply_json(call, &body);
	buf_fini(&body);
}

void api_intent_audit(const struct api_call *call)
{
	static const char *const names[] = {"after", "before", "limit",
					    "target", NULL};
	struct audit_filter filter = {.below = UINT64_MAX};
	uint64_t limit = AUDIT_LIMIT_DEFAULT;
	uint64_t first = intent_keeper_first_seq(call->registry);
	char storage[3 * INTENT_TARGET_BYTES];
	struct buf text;

	if (!api_check_parameters(call, names) ||
	    !take_number(call, "after", INT64_MAX, &filter.after) ||
	    !take_number(call, "before", INT64_MAX, &filter.below) ||
	    !take_number(call, "limit", AUDIT_LIMIT_MAX, &limit))
		return;
	buf_init_fixed(&text, storage, sizeof(storage));
	if (api_parameter(call, "target", &text, &filter.target) != 0) {
		api_refuse_parameter(call, "target", "node/ID or region/ID");
		return;
	}
	filter.limit = limit;
	if (filter.below == 0 || filter.below > first)
		filter.below = first;
	reply_audit(call, &filter);
}
