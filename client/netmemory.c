/*
 * netmemory.c - a small least-recently-used table of networks. Twenty entries
 * are searched in order: an index would be larger than the table.
 */
#include "client/netmemory.h"

#include <string.h>

static struct netmemory_entry *find_key(struct netmemory *memory,
					const char *key)
{
	for (unsigned i = 0; i < memory->count; i++) {
		if (strncmp(memory->entries[i].key, key,
			    NETMEMORY_KEY_BYTES - 1) == 0)
			return &memory->entries[i];
	}
	return NULL;
}

static struct netmemory_entry *least_recent(struct netmemory *memory)
{
	struct netmemory_entry *oldest = &memory->entries[0];

	for (unsigned i = 1; i < memory->count; i++) {
		if (memory->entries[i].used_ms < oldest->used_ms)
			oldest = &memory->entries[i];
	}
	return oldest;
}

const struct netmemory_facts *netmemory_find(struct netmemory *memory,
					     const char *key, int64_t now_ms)
{
	struct netmemory_entry *entry = find_key(memory, key);

	if (!entry || now_ms - entry->used_ms > NETMEMORY_AGE_MS)
		return NULL;
	return &entry->facts;
}

void netmemory_put(struct netmemory *memory, const char *key,
		   const struct netmemory_facts *facts, int64_t now_ms)
{
	struct netmemory_entry *entry = find_key(memory, key);
	size_t len = strnlen(key, NETMEMORY_KEY_BYTES - 1);

	if (!entry && memory->count < NETMEMORY_MAX)
		entry = &memory->entries[memory->count++];
	else if (!entry)
		entry = least_recent(memory);
	memcpy(entry->key, key, len);
	entry->key[len] = '\0';
	entry->used_ms = now_ms;
	entry->facts = *facts;
}
