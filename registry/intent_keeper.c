/*
 * intent_keeper.c - changes of intents on their way through the store, in
 * their order. Invariant: what is judged (does something hold, what held
 * before) is judged after all changes that are under way. Loop thread.
 */
#include "registry/intent_keeper.h"

#include <string.h>
#include <sys/queue.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "registry/registry.h"
#include "registry/store_backend.h"

struct change {
	LIST_ENTRY(change) link;
	struct registry *registry;
	struct intent intent; /* put, or released */
	bool is_release;
	bool has_before;
	struct intent before;
	char by[INTENT_BY_BYTES];     /* who changes it */
	struct store_op_audit *audit; /* owned; to be kept when durable */
	struct intent_keeper_listener listener;
};

struct intent_keeper {
	LIST_HEAD(, change) changes; /* under way, newest first */
	struct drain_book *drains;
	struct intent_keeper_counters counters;
};

struct intent_keeper *intent_keeper_new(void)
{
	struct intent_keeper *keeper = mem_alloc(sizeof(*keeper));

	LIST_INIT(&keeper->changes);
	keeper->drains = drain_book_new();
	return keeper;
}

void intent_keeper_free(struct intent_keeper **keeper)
{
	if (!*keeper)
		return;
	drain_book_free(&(*keeper)->drains);
	mem_free(*keeper);
	*keeper = NULL;
}

static bool same_target(const struct intent *a, const struct intent *b)
{
	return a->scope == b->scope && strcmp(a->id, b->id) == 0;
}

const struct intent *intent_keeper_latest(const struct registry *r,
					  const struct intent *which)
{
	const struct override *entry;
	const struct change *change;

	LIST_FOREACH (change, &r->intents->changes, link) {
		if (same_target(&change->intent, which))
			return change->is_release ? NULL : &change->intent;
	}
	entry = override_find(r->overrides, which->scope, sv_str(which->id));
	return entry ? &entry->intent : NULL;
}

/* How many targets that have no intent yet get one soon. */
static size_t count_coming(const struct registry *r)
{
	const struct change *change;
	size_t count = 0;

	LIST_FOREACH (change, &r->intents->changes, link) {
		count += !change->is_release && !change->has_before &&
			 !override_find(r->overrides, change->intent.scope,
					sv_str(change->intent.id));
	}
	return count;
}

uint64_t intent_keeper_first_seq(const struct registry *r)
{
	const struct change *change;
	uint64_t first = UINT64_MAX;

	LIST_FOREACH (change, &r->intents->changes, link) {
		if (change->audit->seq < first)
			first = change->audit->seq;
	}
	return first;
}

static void log_change(const char *what, const struct intent *intent,
		       const char *by)
{
	log_info("intent.%s target=%s/%s state=%s by=%s", what,
		 intent_scope_str(intent->scope), intent->id,
		 intent_state_str(intent->state), by);
}

/* It is durable: now it holds. */
static void take_effect(const struct change *change)
{
	struct registry *r = change->registry;
	const struct intent *intent = &change->intent;
	struct store_audit entry = {
		.seq = change->audit->seq,
		.target = sv_str(change->audit->target),
		.json = sv_of(change->audit->json, change->audit->json_bytes),
	};

	audit_keep(r->audit, &entry);
	if (change->is_release) {
		r->intents->counters.released++;
		override_release(r->overrides, intent->scope,
				 sv_str(intent->id), OVERRIDE_RELEASED);
	} else {
		r->intents->counters.put++;
		override_put(r->overrides, intent);
	}
	log_change(change->is_release ? "release" : "put", intent, change->by);
}

static void change_free(struct change *change)
{
	LIST_REMOVE(change, link);
	mem_free(change->audit);
	mem_free(change);
}

static void on_stored(int rc, void *arg)
{
	struct change *change = arg;
	struct intent_outcome outcome = {
		.rc = rc,
		.intent = &change->intent,
		.before = change->has_before ? &change->before : NULL,
		.arg = change->listener.arg,
	};

	if (rc == 0)
		take_effect(change);
	change->listener.cb(&outcome);
	change_free(change);
}

static struct change *change_new(struct registry *r,
				 const struct intent *intent,
				 const struct intent *before,
				 const struct audit_actor *actor,
				 const struct intent_keeper_listener *listener)
{
	struct change *change = mem_alloc(sizeof(*change));
	int rc = sv_copy(sv_str(actor->by), change->by, sizeof(change->by));

	(void)rc; /* a name that is too long is left out of a log line */
	change->registry = r;
	change->intent = *intent;
	change->has_before = before != NULL;
	if (before)
		change->before = *before;
	change->listener = *listener;
	LIST_INSERT_HEAD(&r->intents->changes, change, link);
	return change;
}

/* What is to be audited, with the text of its target. */
struct entry_text {
	struct audit_event event;
	struct store_audit entry;
	struct buf target, json;
	char target_text[INTENT_TARGET_BYTES];
};

static void entry_text_init(struct entry_text *text, struct registry *r,
			    const struct intent *target)
{
	buf_init(&text->json, AUDIT_JSON_MAX);
	buf_init_fixed(&text->target, text->target_text,
		       sizeof(text->target_text));
	intent_put_target(&text->target, target->scope, target->id);
	text->event.target = buf_cstr(&text->target);
	audit_render(r->audit, &text->event, &text->json, &text->entry);
}

/* Send @change off with its entry in the audit. */
static int submit(struct change *change, const struct audit_event *event)
{
	struct registry *r = change->registry;
	struct entry_text text = {.event = *event};
	int rc;

	entry_text_init(&text, r, &change->intent);
	change->audit = store_audit_copy(&text.entry);
	rc = change->is_release
		     ? store_delete_intent(r->store, &change->intent,
					   &text.entry, on_stored, change)
		     : store_put_intent(r->store, &change->intent, &text.entry,
					on_stored, change);
	buf_fini(&text.json);
	if (rc != 0)
		change_free(change);
	return rc;
}

int intent_keeper_put(struct registry *r, const struct intent *intent,
		      const struct audit_actor *actor,
		      const struct intent_keeper_listener *listener)
{
	const struct intent *before = intent_keeper_latest(r, intent);
	struct change *change;
	struct audit_event event = {
		.actor = *actor,
		.action = "intent.put",
		.reason = intent->reason,
		.after = intent,
		.wall_s = intent->since_wall_s,
	};

	if (!before && !override_has_room(r->overrides, intent->scope,
					  sv_str(intent->id), count_coming(r)))
		return ERR_RANGE;
	change = change_new(r, intent, before, actor, listener);
	event.before = change->has_before ? &change->before : NULL;
	return submit(change, &event);
}

int intent_keeper_release(struct registry *r, const struct intent *which,
			  const struct audit_actor *actor,
			  const struct intent_keeper_listener *listener)
{
	const struct intent *before = intent_keeper_latest(r, which);
	struct change *change;
	struct audit_event event = {
		.actor = *actor,
		.action = "intent.delete",
		.reason = which->reason,
		.wall_s = clk_wall_s(),
	};

	if (!before)
		return ERR_NOTFOUND;
	change = change_new(r, before, before, actor, listener);
	change->is_release = true;
	event.before = &change->before;
	return submit(change, &event);
}

static void expire(struct registry *r, const struct intent *intent,
		   int64_t now_wall_s)
{
	struct entry_text text = {
		.event = {.actor = {"registry", "registry", ""},
			  .action = "intent.expire",
			  .reason = "its time was over",
			  .before = intent,
			  .wall_s = now_wall_s},
	};

	entry_text_init(&text, r, intent);
	store_expire_intent(r->store, intent, &text.entry);
	audit_keep(r->audit, &text.entry);
	buf_fini(&text.json);
	r->intents->counters.expired++;
	log_change("expire", intent, "registry");
	override_release(r->overrides, intent->scope, sv_str(intent->id),
			 OVERRIDE_EXPIRED);
}

void intent_keeper_advance(struct registry *r, int64_t now_wall_s)
{
	const struct override *entry;
	struct intent intent;

	while ((entry = override_overdue(r->overrides, now_wall_s)) != NULL) {
		intent = entry->intent;
		expire(r, &intent, now_wall_s);
	}
}

void intent_keeper_heard(struct registry *r, const struct lease *lease,
			 struct intent_effect *effect_r)
{
	struct drain_book *drains = r->intents->drains;

	override_effective(r->overrides, &lease->record, effect_r);
	if (effect_r->state == INTENT_UP)
		drain_book_forget(drains, lease->record.id);
	else
		drain_book_note(drains, lease->record.id, lease->load.conns);
}

const struct drain_book *
intent_keeper_drains(const struct intent_keeper *keeper)
{
	return keeper->drains;
}

void intent_keeper_gone(struct registry *r, const struct lease *lease)
{
	drain_book_forget(r->intents->drains, lease->record.id);
}

const struct intent_keeper_counters *
intent_keeper_counters(const struct intent_keeper *keeper)
{
	return &keeper->counters;
}
