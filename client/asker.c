/*
 * asker.c - cache before balancers before stale cache. One thread.
 * Invariant: resolver is open exactly while result is ERR_AGAIN.
 */
#include "client/asker.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"

/* The answers' key: what was asked, without what failed. */
static void put_key(struct buf *b, const struct resolver_query *query)
{
	struct resolver_query plain = *query;

	plain.failed_count = 0;
	resolver_put_target(b, &plain);
}

static const struct reply *find_cached(struct asker *a, enum cache_age age,
				       int64_t now_ms)
{
	const struct reply *reply;
	struct buf key;

	if (!a->cache)
		return NULL;
	buf_init(&key, CACHE_KEY_BYTES);
	put_key(&key, &a->query);
	reply = cache_find(a->cache, buf_cstr(&key), age, now_ms);
	buf_fini(&key);
	return reply;
}

static void keep(struct asker *a, int64_t now_ms)
{
	struct buf key;

	if (!a->cache)
		return;
	buf_init(&key, CACHE_KEY_BYTES);
	put_key(&key, &a->query);
	if (!key.failed)
		cache_put(a->cache, buf_cstr(&key), a->reply, now_ms);
	buf_fini(&key);
}

void asker_distrust(struct cache *cache, const struct resolver_query *query,
		    int64_t now_ms)
{
	struct buf key;

	if (!cache)
		return;
	buf_init(&key, CACHE_KEY_BYTES);
	put_key(&key, query);
	cache_expire(cache, buf_cstr(&key), now_ms);
	buf_fini(&key);
}

void asker_close(struct asker *a)
{
	resolver_free(&a->resolver);
	mem_free(a->reply);
	a->reply = NULL;
	a->result = ERR_STATE;
}

void asker_fini(struct asker *a)
{
	asker_close(a);
	mem_free(a->detail);
	a->detail = NULL;
}

static void use_cached(struct asker *a, const struct reply *reply,
		       enum asker_origin origin)
{
	a->reply = mem_dup(reply, sizeof(*reply));
	a->origin = origin;
	a->result = 0;
}

void asker_start(struct asker *a, struct cache *cache, struct servers *servers,
		 const struct resolver_query *query,
		 const struct interest *interest, int64_t timeout_ms,
		 int64_t now_ms)
{
	const struct reply *cached, *known;

	asker_fini(a);
	a->cache = cache;
	a->query = *query;
	a->retry_ms = 0;
	a->result = ERR_AGAIN;
	cached = find_cached(a, CACHE_FRESH, now_ms);
	if (cached) {
		use_cached(a, cached, ASKER_CACHE);
		return;
	}
	known = find_cached(a, CACHE_STALE, now_ms);
	a->query.etag = known ? known->etag : NULL;
	a->resolver = resolver_start(servers, &a->query, interest, timeout_ms,
				     now_ms);
	a->query.etag = NULL; /* the resolver has its own */
}

/* Our list is still the right one. It may have left the cache meanwhile, then
 * there is nothing to keep: the next question is without a tag. */
static void take_old(struct asker *a, int64_t now_ms)
{
	const struct reply *known = find_cached(a, CACHE_STALE, now_ms);
	struct buf key;

	if (!known) {
		a->result = ERR_UNAVAILABLE;
		return;
	}
	use_cached(a, known, ASKER_BALANCER);
	buf_init(&key, CACHE_KEY_BYTES);
	put_key(&key, &a->query);
	cache_renew(a->cache, buf_cstr(&key), now_ms);
	buf_fini(&key);
}

static void take_refusal(struct asker *a, int rc, int64_t now_ms)
{
	const struct reply *stale = find_cached(a, CACHE_STALE, now_ms);
	const char *detail = resolver_detail(a->resolver);

	a->retry_ms = resolver_retry_ms(a->resolver);
	a->detail = detail[0] ? mem_strdup(detail) : NULL;
	a->result = rc;
	if (stale)
		use_cached(a, stale, ASKER_STALE);
}

void asker_step(struct asker *a, int64_t now_ms)
{
	int rc;

	if (!a->resolver)
		return;
	resolver_step(a->resolver, now_ms);
	rc = resolver_result(a->resolver);
	if (rc == ERR_AGAIN)
		return;
	if (rc == 0 && resolver_is_not_modified(a->resolver)) {
		take_old(a, now_ms);
	} else if (rc == 0) {
		use_cached(a, resolver_reply(a->resolver), ASKER_BALANCER);
		keep(a, now_ms);
	} else {
		take_refusal(a, rc, now_ms);
	}
	resolver_free(&a->resolver);
}

int64_t asker_due_ms(const struct asker *a)
{
	return a->resolver ? resolver_due_ms(a->resolver) : 0;
}

int asker_take(struct asker *a, struct reply **reply_r)
{
	if (a->result != 0)
		return a->result;
	*reply_r = a->reply;
	a->reply = NULL;
	a->result = ERR_STATE;
	return 0;
}
