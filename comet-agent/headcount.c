/*
 * headcount.c - 64 small hash tables with a lock each. Invariant: an entry is
 * in its table exactly while its count is above zero.
 */
#include "comet-agent/headcount.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <uthash.h>

#include "lib/base/crypto.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define SHARDS 64

struct headcount_name {
	UT_hash_handle hh;
	_Atomic uint32_t count; /* written under the shard's lock */
	uint32_t hash;		/* which shard and bucket */
	uint8_t len;
	char text[];
};

struct shard {
	pthread_mutex_t lock; /* guards names and their counts' changes */
	struct headcount_name *names;
};

struct headcount {
	struct hash_key key; /* names come from outside */
	struct shard shards[SHARDS];
};

struct headcount *headcount_new(void)
{
	struct headcount *table = mem_alloc(sizeof(*table));

	crypto_random(&table->key, sizeof(table->key));
	for (unsigned i = 0; i < SHARDS; i++)
		pthread_mutex_init(&table->shards[i].lock, NULL);
	return table;
}

void headcount_free(struct headcount **table)
{
	if (!*table)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		assert(!(*table)->shards[i].names);
		pthread_mutex_destroy(&(*table)->shards[i].lock);
	}
	mem_free(*table);
	*table = NULL;
}

static struct shard *shard_of(struct headcount *table, uint32_t hash)
{
	/* The low bits choose the bucket inside; the high ones the shard. */
	return &table->shards[hash >> 26];
}

static struct headcount_name *add(struct shard *shard, struct sv name,
				  uint32_t hash)
{
	struct headcount_name *entry = mem_alloc(sizeof(*entry) + name.len);

	entry->hash = hash;
	entry->len = (uint8_t)name.len;
	memcpy(entry->text, name.ptr, name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->names, entry->text, entry->len,
				    hash, entry);
	return entry;
}

struct headcount_name *headcount_join(struct headcount *table, struct sv name,
				      uint32_t limit)
{
	uint32_t hash = (uint32_t)hash_sip(&table->key, name);
	struct shard *shard = shard_of(table, hash);
	struct headcount_name *entry = NULL;

	assert(name.len > 0 && name.len <= UINT8_MAX);
	pthread_mutex_lock(&shard->lock);
	HASH_FIND_BYHASHVALUE(hh, shard->names, name.ptr, name.len, hash,
			      entry);
	if (!entry)
		entry = add(shard, name, hash);
	else if (limit && headcount_now(entry) >= limit)
		goto out_full;
	atomic_fetch_add_explicit(&entry->count, 1, memory_order_relaxed);
	pthread_mutex_unlock(&shard->lock);
	return entry;
out_full:
	pthread_mutex_unlock(&shard->lock);
	return NULL;
}

void headcount_leave(struct headcount *table, struct headcount_name *entry)
{
	struct shard *shard = shard_of(table, entry->hash);

	pthread_mutex_lock(&shard->lock);
	if (atomic_fetch_sub_explicit(&entry->count, 1, memory_order_relaxed) ==
	    1) {
		HASH_DELETE(hh, shard->names, entry);
		mem_free(entry);
	}
	pthread_mutex_unlock(&shard->lock);
}

uint32_t headcount_now(const struct headcount_name *entry)
{
	return atomic_load_explicit(&entry->count, memory_order_relaxed);
}

size_t headcount_names(struct headcount *table)
{
	size_t total = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&table->shards[i].lock);
		total += HASH_COUNT(table->shards[i].names);
		pthread_mutex_unlock(&table->shards[i].lock);
	}
	return total;
}
