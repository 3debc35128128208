/*
 * asker.h - an answer for a question: from the cache while it is fresh, from
 * the balancers, or a stale one when no balancer answers. Never blocks; owns
 * memory only while a question is open. One thread.
 */
#ifndef PERI_CLIENT_ASKER_H
#define PERI_CLIENT_ASKER_H

#include "client/cache.h"
#include "client/resolver.h"

enum asker_origin { ASKER_CACHE, ASKER_BALANCER, ASKER_STALE };

struct asker {
	struct resolver *resolver; /* owned; NULL = nothing is open */
	struct reply *reply;	   /* owned; the answer */
	enum asker_origin origin;
	int result;
	int64_t retry_ms;    /* a refusal's Retry-After; 0 = none */
	char *detail;	     /* owned; a refusal in words, or NULL */
	struct cache *cache; /* borrowed; NULL = none */
	struct resolver_query query;
};

/* asker_start - ask; the arguments are those of resolver_start(). Forgets what
 * was asked before. */
void asker_start(struct asker *asker, struct cache *cache,
		 struct servers *servers, const struct resolver_query *query,
		 const struct interest *interest, int64_t timeout_ms,
		 int64_t now_ms);

/* asker_step, asker_due_ms - as fetch_step() and fetch_due_ms(). */
void asker_step(struct asker *asker, int64_t now_ms);
int64_t asker_due_ms(const struct asker *asker);

/*
 * asker_take - the answer, once: owned by the caller (mem_free()).
 *
 * Returns 0, ERR_AGAIN, or what resolver_result() says.
 */
MUST_CHECK int asker_take(struct asker *asker, struct reply **reply_r);

/* asker_close - give up what is open; detail and retry_ms stay. */
void asker_close(struct asker *asker);
/* asker_fini - free everything; allowed twice. */
void asker_fini(struct asker *asker);

/* asker_distrust - the cached answer for @query led nowhere: ask next time. */
void asker_distrust(struct cache *cache, const struct resolver_query *query,
		    int64_t now_ms);

#endif
