/*
 * fleet_intents.c - two hash tables, ids come from outside.
 */
#include "balancer/fleet_intents.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"

static void hash_bytes(const void *key, size_t len, unsigned *value_r)
{
	static const struct hash_key table_key = {0x7065726968656c69ULL,
						  0x696e74656e747300ULL};

	*value_r = (unsigned)hash_sip(&table_key, sv_of(key, len));
}

#define HASH_FUNCTION(key, len, value) hash_bytes(key, len, &(value))
#define uthash_malloc(size_bytes)      mem_alloc(size_bytes)
#define uthash_free(ptr, size_bytes)   mem_free(ptr)
#include <uthash.h>

struct fleet_intent {
	struct intent intent; /* its id is the key */
	uint32_t round;	      /* that saw it last */
	UT_hash_handle hh;
};

static struct fleet_intent *find(const struct fleet_intents *intents,
				 enum intent_scope scope, const char *id)
{
	struct fleet_intent *entry = NULL;

	if (intents->tables[scope])
		HASH_FIND(hh, intents->tables[scope], id, strlen(id), entry);
	return entry;
}

static void add(struct fleet_intents *intents, const struct intent *intent,
		uint32_t round)
{
	struct fleet_intent *entry = mem_alloc(sizeof(*entry));

	entry->intent = *intent;
	entry->round = round;
	HASH_ADD_KEYPTR(hh, intents->tables[intent->scope], entry->intent.id,
			strlen(entry->intent.id), entry);
}

static void del(struct fleet_intents *intents, struct fleet_intent *entry)
{
	HASH_DELETE(hh, intents->tables[entry->intent.scope], entry);
	mem_free(entry);
}

void fleet_intents_fini(struct fleet_intents *intents)
{
	struct fleet_intent *entry, *next;

	for (unsigned i = 0; i < ARRAY_LEN(intents->tables); i++)
		HASH_ITER(hh, intents->tables[i], entry, next)
	del(intents, entry);
}

void fleet_intents_copy(const struct fleet_intents *intents,
			struct fleet_intents *copy_r)
{
	struct fleet_intent *entry, *next;

	*copy_r = (struct fleet_intents){{NULL}};
	for (unsigned i = 0; i < ARRAY_LEN(intents->tables); i++)
		HASH_ITER(hh, intents->tables[i], entry, next)
	add(copy_r, &entry->intent, entry->round);
}

/* All that the stream carries. */
static bool is_same(const struct intent *a, const struct intent *b)
{
	return a->state == b->state && a->has_weight == b->has_weight &&
	       a->weight == b->weight && a->has_bias == b->has_bias &&
	       a->bias_km == b->bias_km;
}

enum fleet_intents_change fleet_intents_put(struct fleet_intents *intents,
					    const struct intent *intent,
					    uint32_t round)
{
	struct fleet_intent *entry = find(intents, intent->scope, intent->id);

	if (!entry && intent->gone)
		return FLEET_INTENTS_SAME;
	if (!entry &&
	    fleet_intents_count(intents, intent->scope) >= FLEET_INTENTS_MAX)
		return FLEET_INTENTS_FULL;
	if (!entry) {
		add(intents, intent, round);
		return FLEET_INTENTS_CHANGED;
	}
	if (intent->gone) {
		del(intents, entry);
		return FLEET_INTENTS_CHANGED;
	}
	entry->round = round;
	if (is_same(&entry->intent, intent))
		return FLEET_INTENTS_SAME;
	entry->intent = *intent; /* the key's bytes are the same */
	return FLEET_INTENTS_CHANGED;
}

unsigned fleet_intents_forget(struct fleet_intents *intents, uint32_t round)
{
	struct fleet_intent *entry, *next;
	unsigned count = 0;

	for (unsigned i = 0; i < ARRAY_LEN(intents->tables); i++)
		HASH_ITER(hh, intents->tables[i], entry, next)
		{
			if (entry->round == round)
				continue;
			del(intents, entry);
			count++;
		}
	return count;
}

const struct intent *fleet_intents_find(const struct fleet_intents *intents,
					enum intent_scope scope, const char *id)
{
	const struct fleet_intent *entry = find(intents, scope, id);

	return entry ? &entry->intent : NULL;
}

const struct intent *fleet_intents_next(const struct fleet_intents *intents,
					enum intent_scope scope,
					const struct intent *intent)
{
	const struct fleet_intent *entry = intents->tables[scope];

	if (intent) {
		entry = CONTAINER_OF(intent, const struct fleet_intent, intent);
		entry = entry->hh.next;
	}
	return entry ? &entry->intent : NULL;
}

unsigned fleet_intents_count(const struct fleet_intents *intents,
			     enum intent_scope scope)
{
	return HASH_COUNT(intents->tables[scope]);
}
