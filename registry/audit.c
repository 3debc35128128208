/*
 * audit.c - a ring of entries. Invariant: the numbers in it grow from oldest
 * to newest; `last_seq` is the largest that was given away. Loop thread.
 */
#include "registry/audit.h"

#include "lib/base/mem.h"
#include "registry/store_backend.h"

struct audit {
	struct store_op_audit *entries[STORE_AUDIT_KEPT]; /* owned */
	size_t count; /* ever kept; entry i lies at i mod STORE_AUDIT_KEPT */
	uint64_t last_seq;
};

struct audit *audit_new(void)
{
	return mem_alloc(sizeof(struct audit));
}

void audit_free(struct audit **audit)
{
	if (!*audit)
		return;
	for (size_t i = 0; i < STORE_AUDIT_KEPT; i++)
		mem_free((*audit)->entries[i]);
	mem_free(*audit);
	*audit = NULL;
}

static void put_intent(struct jsonw *w, const char *key,
		       const struct intent *intent)
{
	if (!intent) {
		jsonw_null(w, key);
		return;
	}
	jsonw_object(w, key);
	intent_put(w, intent);
	jsonw_object_end(w);
}

void audit_render(struct audit *audit, const struct audit_event *event,
		  struct buf *json, struct store_audit *entry_r)
{
	size_t from = json->len;
	struct jsonw w;

	audit->last_seq++;
	jsonw_init(&w, json);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "seq", audit->last_seq);
	jsonw_i64(&w, "wall_s", event->wall_s);
	jsonw_str(&w, "by", event->actor.by);
	jsonw_str(&w, "role", event->actor.role);
	jsonw_str(&w, "from", event->actor.from);
	jsonw_str(&w, "action", event->action);
	jsonw_str(&w, "target", event->target);
	put_intent(&w, "before", event->before);
	put_intent(&w, "after", event->after);
	jsonw_str(&w, "reason", event->reason);
	jsonw_object_end(&w);
	*entry_r = (struct store_audit){
		.seq = audit->last_seq,
		.target = sv_str(event->target),
		.json = sv_of(json->data + from, json->len - from),
	};
}

static struct store_op_audit **slot_of(struct audit *audit, size_t i)
{
	return &audit->entries[i % STORE_AUDIT_KEPT];
}

static const struct store_op_audit *at(const struct audit *audit, size_t i)
{
	return audit->entries[i % STORE_AUDIT_KEPT];
}

static size_t oldest(const struct audit *audit)
{
	return audit->count > STORE_AUDIT_KEPT ? audit->count - STORE_AUDIT_KEPT
					       : 0;
}

void audit_keep(struct audit *audit, const struct store_audit *entry)
{
	size_t i = audit->count++;

	mem_free(*slot_of(audit, i));
	/* Those with larger numbers that were durable earlier move up. */
	for (; i > oldest(audit) && at(audit, i - 1)->seq > entry->seq; i--)
		*slot_of(audit, i) = *slot_of(audit, i - 1);
	*slot_of(audit, i) = store_audit_copy(entry);
	if (entry->seq > audit->last_seq)
		audit->last_seq = entry->seq;
}

void audit_write(struct audit *audit, struct store *store,
		 const struct audit_event *event)
{
	struct store_audit entry;
	struct buf json;

	buf_init(&json, AUDIT_JSON_MAX);
	audit_render(audit, event, &json, &entry);
	store_add_audit(store, &entry);
	audit_keep(audit, &entry);
	buf_fini(&json);
}

static bool passes(const struct audit_filter *filter,
		   const struct store_op_audit *entry)
{
	return entry->seq > filter->after &&
	       (filter->below == 0 || entry->seq < filter->below) &&
	       (filter->target.len == 0 ||
		sv_eq(filter->target, sv_str(entry->target)));
}

/* Where the newest ones that fit the limit begin. */
static size_t newest_from(const struct audit *audit,
			  const struct audit_filter *filter, bool *more_r)
{
	size_t i = audit->count, found = 0;
	size_t from = i;

	while (i > oldest(audit) && found <= filter->limit) {
		if (!passes(filter, at(audit, --i)))
			continue;
		if (found++ < filter->limit)
			from = i;
	}
	*more_r = found > filter->limit;
	return from;
}

uint64_t audit_read(const struct audit *audit,
		    const struct audit_filter *filter, struct buf *out,
		    bool *more_r)
{
	size_t i = oldest(audit), found = 0;
	uint64_t last = filter->after;

	*more_r = false;
	if (filter->after == 0)
		i = newest_from(audit, filter, more_r);
	for (; i < audit->count; i++) {
		const struct store_op_audit *entry = at(audit, i);

		if (!passes(filter, entry))
			continue;
		if (found == filter->limit) {
			*more_r = true;
			break;
		}
		if (found++ > 0)
			buf_char(out, ',');
		buf_put(out, entry->json, entry->json_bytes);
		last = entry->seq;
	}
	return last;
}
