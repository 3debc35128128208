/*
 * session_table.c - an array of slots and a stack of free ones. Invariant: a
 * slot's generation grows each time it is taken, so old numbers do not match.
 */
#include "comet-agent/session_table.h"

#include <assert.h>

#include "lib/base/mem.h"

#define SLOTS_FIRST	256
#define NO_SLOT		UINT32_MAX
#define GENERATION_BITS 24
#define GENERATION_MASK ((1U << GENERATION_BITS) - 1)

struct slot {
	struct session *session; /* NULL = free */
	uint32_t generation;	 /* 1..2^24 - 1 */
	uint32_t next_free;	 /* while free */
};

struct session_table {
	struct slot *slots;
	uint32_t slot_count;
	uint32_t first_free;
	size_t count;
	unsigned worker;
};

struct session_table *session_table_new(unsigned worker)
{
	struct session_table *table = mem_alloc(sizeof(*table));

	assert(worker < SESSION_TABLE_WORKERS_MAX);
	table->worker = worker;
	table->first_free = NO_SLOT;
	return table;
}

void session_table_free(struct session_table **table)
{
	if (!*table)
		return;
	assert((*table)->count == 0);
	mem_free((*table)->slots);
	mem_free(*table);
	*table = NULL;
}

static void grow(struct session_table *table)
{
	uint32_t old = table->slot_count;

	/* By half: an idle slot is memory that every session pays. */
	table->slot_count = old ? old + old / 2 : SLOTS_FIRST;
	table->slots = mem_grow(table->slots, table->slot_count,
				sizeof(*table->slots));
	/* Lowest first: the array fills from its start. */
	for (uint32_t i = table->slot_count; i-- > old;) {
		table->slots[i] = (struct slot){.next_free = table->first_free};
		table->first_free = i;
	}
}

uint64_t session_table_add(struct session_table *table, struct session *session)
{
	struct slot *slot;
	uint32_t at;

	if (table->first_free == NO_SLOT)
		grow(table);
	at = table->first_free;
	slot = &table->slots[at];
	table->first_free = slot->next_free;
	slot->session = session;
	slot->generation = (slot->generation + 1) & GENERATION_MASK;
	if (slot->generation == 0)
		slot->generation = 1;
	table->count++;
	return (uint64_t)slot->generation << 40 |
	       (uint64_t)table->worker << 32 | at;
}

static struct slot *slot_of(const struct session_table *table, uint64_t number)
{
	uint32_t at = (uint32_t)number;

	if (at >= table->slot_count ||
	    session_table_worker(number) != table->worker)
		return NULL;
	return table->slots[at].generation == number >> 40 ? &table->slots[at]
							   : NULL;
}

void session_table_del(struct session_table *table, uint64_t number)
{
	struct slot *slot = slot_of(table, number);

	assert(slot && slot->session);
	slot->session = NULL;
	slot->next_free = table->first_free;
	table->first_free = (uint32_t)number;
	table->count--;
}

struct session *session_table_find(const struct session_table *table,
				   uint64_t number)
{
	struct slot *slot = slot_of(table, number);

	return slot ? slot->session : NULL;
}

size_t session_table_count(const struct session_table *table)
{
	return table->count;
}

struct session *session_table_next(const struct session_table *table,
				   size_t *cursor)
{
	while (*cursor < table->slot_count) {
		struct session *session = table->slots[(*cursor)++].session;

		if (session)
			return session;
	}
	return NULL;
}

unsigned session_table_worker(uint64_t number)
{
	return (unsigned)(number >> 32) & 0xff;
}
