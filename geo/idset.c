/*
 * idset.c - open addressing with linear probing (Knuth 6.4, algorithm L), at
 * most half full. One thread.
 */
#include "geo/idset.h"

#include <string.h>

#include "lib/base/mem.h"

#define IDSET_SLOTS_MIN 64

static struct idset_slot *slots_new(uint32_t count)
{
	struct idset_slot *slots = mem_array(count, sizeof(*slots));

	memset(slots, 0xff, count * sizeof(*slots));
	return slots;
}

void idset_init(struct idset *set)
{
	set->slots = slots_new(IDSET_SLOTS_MIN);
	set->mask = IDSET_SLOTS_MIN - 1;
	set->count = 0;
}

void idset_fini(struct idset *set)
{
	mem_free(set->slots);
	memset(set, 0, sizeof(*set));
}

uint32_t idset_find(const struct idset *set, uint32_t hash, idset_eq_cb *eq,
		    const void *wanted, const void *arg)
{
	for (uint32_t i = hash & set->mask;; i = (i + 1) & set->mask) {
		const struct idset_slot *slot = &set->slots[i];

		if (slot->id == IDSET_NONE)
			return IDSET_NONE;
		if (slot->hash == hash && eq(slot->id, wanted, arg))
			return slot->id;
	}
}

static void put(struct idset *set, struct idset_slot thing)
{
	uint32_t i = thing.hash & set->mask;

	while (set->slots[i].id != IDSET_NONE)
		i = (i + 1) & set->mask;
	set->slots[i] = thing;
}

static void enlarge(struct idset *set)
{
	struct idset_slot *old = set->slots;
	uint32_t old_count = set->mask + 1;

	set->slots = slots_new(old_count * 2);
	set->mask = old_count * 2 - 1;
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i].id != IDSET_NONE)
			put(set, old[i]);
	mem_free(old);
}

void idset_add(struct idset *set, uint32_t hash, uint32_t id)
{
	if (set->count >= set->mask / 2)
		enlarge(set);
	put(set, (struct idset_slot){hash, id});
	set->count++;
}
