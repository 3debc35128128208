/*
 * override.c - intents by scope and id. Invariants: an entry is in the hash of
 * its scope and counted once under its state; next_end_wall_s is not later
 * than the first end. Pure; one thread.
 */
#include "registry/override.h"

#include "registry/id_hash.h"

#define SCOPE_COUNT (INTENT_REGION + 1)
#define STATE_COUNT (INTENT_MAINTENANCE + 1)

struct entry {
	struct override override; /* must come first */
	UT_hash_handle hh;
};

struct override_table {
	struct entry *entries[SCOPE_COUNT];
	size_t counts[SCOPE_COUNT][STATE_COUNT];
	uint64_t made;		 /* entries, ever */
	int64_t next_end_wall_s; /* nothing is over before */
	struct hash_key hash_key;
	override_event_cb *event_cb;
	void *arg;
};

struct override_table *override_table_new(override_event_cb *event_cb,
					  void *arg)
{
	struct override_table *table = mem_alloc(sizeof(*table));

	table->hash_key = id_hash_key();
	table->next_end_wall_s = INT64_MAX;
	table->event_cb = event_cb;
	table->arg = arg;
	return table;
}

static void entry_drop(struct override_table *table, struct entry *entry)
{
	const struct intent *intent = &entry->override.intent;

	table->counts[intent->scope][intent->state]--;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): in uthash */
	HASH_DEL(table->entries[intent->scope], entry);
	mem_free(entry);
}

void override_table_free(struct override_table **table)
{
	struct override_table *self = *table;

	if (!self)
		return;
	for (unsigned scope = 0; scope < SCOPE_COUNT; scope++) {
		while (self->entries[scope])
			entry_drop(self, self->entries[scope]);
	}
	mem_free(self);
	*table = NULL;
}

static struct entry *entry_find(const struct override_table *table,
				enum intent_scope scope, struct sv id)
{
	struct entry *entry = NULL;
	unsigned hash;

	if (!table->entries[scope])
		return NULL; /* the rule: nobody wants anything */
	hash = id_hash(&table->hash_key, id);
	HASH_FIND_BYHASHVALUE(hh, table->entries[scope], id.ptr, id.len, hash,
			      entry);
	return entry;
}

static struct entry *entry_add(struct override_table *table,
			       enum intent_scope scope, struct sv id)
{
	struct entry *entry = mem_alloc(sizeof(*entry));
	unsigned hash = id_hash(&table->hash_key, id);
	char *key = entry->override.intent.id;

	memcpy(key, id.ptr, id.len);
	entry->override.number = ++table->made;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->entries[scope], key, id.len,
				    hash, entry);
	return entry;
}

static struct entry *put(struct override_table *table,
			 const struct intent *intent)
{
	struct sv id = sv_str(intent->id);
	struct entry *entry = entry_find(table, intent->scope, id);

	if (entry)
		table->counts[intent->scope][entry->override.intent.state]--;
	else
		entry = entry_add(table, intent->scope, id);
	entry->override.intent = *intent;
	table->counts[intent->scope][intent->state]++;
	if (intent->until_wall_s > 0 &&
	    intent->until_wall_s < table->next_end_wall_s)
		table->next_end_wall_s = intent->until_wall_s;
	return entry;
}

void override_put(struct override_table *table, const struct intent *intent)
{
	struct entry *entry = put(table, intent);

	table->event_cb(&entry->override, OVERRIDE_PUT, table->arg);
}

void override_restore(struct override_table *table, const struct intent *intent)
{
	(void)put(table, intent);
}

void override_release(struct override_table *table, enum intent_scope scope,
		      struct sv id, enum override_event why)
{
	struct entry *entry = entry_find(table, scope, id);
	struct override last;

	if (!entry)
		return;
	last = entry->override;
	entry_drop(table, entry);
	table->event_cb(&last, why, table->arg);
}

bool override_has_room(const struct override_table *table,
		       enum intent_scope scope, struct sv id, size_t coming)
{
	return override_count(table) + coming < OVERRIDE_MAX ||
	       entry_find(table, scope, id);
}

const struct override *override_overdue(struct override_table *table,
					int64_t now_wall_s)
{
	const struct override *entry = NULL;
	int64_t first_s = INT64_MAX;

	if (now_wall_s < table->next_end_wall_s)
		return NULL;
	while ((entry = override_next(table, entry)) != NULL) {
		int64_t end_s = entry->intent.until_wall_s;

		if (end_s > 0 && end_s <= now_wall_s)
			return entry;
		if (end_s > 0 && end_s < first_s)
			first_s = end_s;
	}
	table->next_end_wall_s = first_s;
	return NULL;
}

const struct override *override_find(const struct override_table *table,
				     enum intent_scope scope, struct sv id)
{
	const struct entry *entry = entry_find(table, scope, id);

	return entry ? &entry->override : NULL;
}

void override_effective(const struct override_table *table,
			const struct node_record *record,
			struct intent_effect *effect_r)
{
	const struct override *own =
		override_find(table, INTENT_NODE, sv_str(record->id));
	const struct override *region =
		override_find(table, INTENT_REGION, sv_str(record->region));

	intent_combine(own ? &own->intent : NULL,
		       region ? &region->intent : NULL, effect_r);
}

const struct override *override_next(const struct override_table *table,
				     const struct override *entry)
{
	const struct entry *next = table->entries[INTENT_NODE];
	const struct entry *at;

	if (entry) {
		at = (const struct entry *)(const void *)entry;
		next = at->hh.next;
		if (!next && entry->intent.scope == INTENT_REGION)
			return NULL;
	}
	if (!next)
		next = table->entries[INTENT_REGION];
	return next ? &next->override : NULL;
}

const struct override *override_after(const struct override_table *table,
				      enum intent_scope scope, uint64_t number)
{
	const struct override *entry = NULL;

	while ((entry = override_next(table, entry)) != NULL) {
		if (entry->intent.scope > scope ||
		    (entry->intent.scope == scope && entry->number > number))
			break;
	}
	return entry;
}

size_t override_count(const struct override_table *table)
{
	return HASH_COUNT(table->entries[INTENT_NODE]) +
	       HASH_COUNT(table->entries[INTENT_REGION]);
}

size_t override_count_in(const struct override_table *table,
			 enum intent_scope scope, enum intent_state state)
{
	return table->counts[scope][state];
}
