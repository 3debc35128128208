/*
 * cache.c - a handful of answers, searched in order. One thread.
 */
#include "client/cache.h"

#include <string.h>

#include "lib/base/mem.h"

struct entry {
	char key[CACHE_KEY_BYTES];
	int64_t put_ms, fresh_until_ms;
	struct reply *reply; /* owned; NULL = free */
};

struct cache {
	struct entry entries[CACHE_ENTRIES_MAX];
};

struct cache *cache_new(void)
{
	return mem_alloc(sizeof(struct cache));
}

void cache_clear(struct cache *cache)
{
	for (unsigned i = 0; i < CACHE_ENTRIES_MAX; i++) {
		mem_free(cache->entries[i].reply);
		cache->entries[i] = (struct entry){.reply = NULL};
	}
}

void cache_free(struct cache **cache)
{
	if (!*cache)
		return;
	cache_clear(*cache);
	mem_free(*cache);
	*cache = NULL;
}

static struct entry *find_entry(struct cache *cache, const char *key)
{
	for (unsigned i = 0; i < CACHE_ENTRIES_MAX; i++) {
		struct entry *e = &cache->entries[i];

		if (e->reply && strcmp(e->key, key) == 0)
			return e;
	}
	return NULL;
}

static struct entry *oldest_entry(struct cache *cache)
{
	struct entry *oldest = &cache->entries[0];

	for (unsigned i = 0; i < CACHE_ENTRIES_MAX; i++) {
		if (!cache->entries[i].reply)
			return &cache->entries[i];
		if (cache->entries[i].put_ms < oldest->put_ms)
			oldest = &cache->entries[i];
	}
	return oldest;
}

static void refresh(struct entry *e, int64_t now_ms)
{
	uint32_t ttl_s = e->reply->ttl_s;

	if (ttl_s > CACHE_TTL_MAX_S)
		ttl_s = CACHE_TTL_MAX_S;
	e->put_ms = now_ms;
	e->fresh_until_ms = now_ms + (int64_t)ttl_s * 1000;
}

void cache_put(struct cache *cache, const char *key, const struct reply *reply,
	       int64_t now_ms)
{
	struct entry *e = find_entry(cache, key);

	if (!e)
		e = oldest_entry(cache);
	if (sv_copy(sv_str(key), e->key, sizeof(e->key)) != 0) {
		mem_free(e->reply);
		e->reply = NULL;
		return;
	}
	if (!e->reply)
		e->reply = mem_alloc(sizeof(*e->reply));
	*e->reply = *reply;
	refresh(e, now_ms);
}

void cache_renew(struct cache *cache, const char *key, int64_t now_ms)
{
	struct entry *e = find_entry(cache, key);

	if (e)
		refresh(e, now_ms);
}

const struct reply *cache_find(const struct cache *cache, const char *key,
			       enum cache_age age, int64_t now_ms)
{
	const struct entry *e = find_entry((struct cache *)cache, key);
	int64_t more_ms = age == CACHE_STALE ? CACHE_STALE_MS : 0;

	if (!e || now_ms >= e->fresh_until_ms + more_ms)
		return NULL;
	return e->reply;
}

void cache_expire(struct cache *cache, const char *key, int64_t now_ms)
{
	struct entry *e = find_entry(cache, key);

	if (e && e->fresh_until_ms > now_ms)
		e->fresh_until_ms = now_ms;
}
