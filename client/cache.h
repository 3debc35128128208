/*
 * cache.h - answers of the balancers, by what was asked: used while their ttl
 * lasts, and for a day more when no balancer answers (stale-if-error). Pure,
 * takes now_ms; one thread.
 */
#ifndef PERI_CLIENT_CACHE_H
#define PERI_CLIENT_CACHE_H

#include <stdint.h>

#include "lib/proto/reply.h"

#define CACHE_ENTRIES_MAX 4
#define CACHE_KEY_BYTES	  384
#define CACHE_STALE_MS	  INT64_C(86400000)
#define CACHE_TTL_MAX_S	  86400 /* whatever the answer says */

struct cache;

enum cache_age { CACHE_FRESH, CACHE_STALE };

/* cache_new, cache_free - an empty one, owned by the caller; with all its
 * answers. */
struct cache *cache_new(void);
void cache_free(struct cache **cache);

/* cache_put - keep a copy of @reply under @key (longer keys are not kept);
 * the oldest of CACHE_ENTRIES_MAX leaves. */
void cache_put(struct cache *cache, const char *key, const struct reply *reply,
	       int64_t now_ms);

/*
 * cache_find - the answer for @key that is at most so old: within its ttl
 * (CACHE_FRESH), or CACHE_STALE_MS beyond it.
 *
 * Returns it, borrowed until the next call, or NULL.
 */
const struct reply *cache_find(const struct cache *cache, const char *key,
			       enum cache_age age, int64_t now_ms);

/* cache_renew - the answer for @key holds for another ttl from @now_ms on. */
void cache_renew(struct cache *cache, const char *key, int64_t now_ms);

/* cache_expire - the answer for @key did not work: ask again; it stays usable
 * as a stale one. */
void cache_expire(struct cache *cache, const char *key, int64_t now_ms);

/* cache_clear - forget everything (another network gives other answers). */
void cache_clear(struct cache *cache);

#endif
