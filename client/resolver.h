/*
 * resolver.h - asks the balancers for a list of nodes: one GET /resolve, at
 * the balancer that answered last, then at the others until one answers. A
 * machine that never blocks; lives only while a question is open. One thread.
 */
#ifndef PERI_CLIENT_RESOLVER_H
#define PERI_CLIENT_RESOLVER_H

#include "client/interest.h"
#include "client/servers.h"
#include "lib/proto/reply.h"

#define RESOLVER_FAILED_MAX   8 /* addresses reported with a query */
#define RESOLVER_ANSWER_MAX   REPLY_JSON_MAX
#define RESOLVER_DETAIL_BYTES 160

enum resolver_family { RESOLVER_ANY, RESOLVER_V4, RESOLVER_V6, RESOLVER_BOTH };

/* What to ask; texts are borrowed. */
struct resolver_query {
	const char *host;   /* the service; NULL or "" = the only one */
	const char *device; /* keeps a device's list stable; NULL = none */
	struct addr ip;	    /* ask for another address; ADDR_NONE = ours */
	unsigned n;	    /* nodes wanted, 0 = the server's default */
	enum resolver_family family;
	const struct addr *failed; /* did not work; at most
				    * RESOLVER_FAILED_MAX are reported */
	unsigned failed_count;
	const char *etag; /* of the answer that we have; NULL or "" = none */
};

/* resolver_put_target - append the path and query for @query. */
void resolver_put_target(struct buf *b, const struct resolver_query *query);

struct resolver;

/*
 * resolver_start - ask.
 *
 * @servers	borrowed, at least one; the preferred one may change
 * @timeout_ms	for each balancer
 *
 * Returns the machine (owned, resolver_free()); everything else of the
 * arguments is copied but @interest, which is borrowed.
 */
struct resolver *resolver_start(struct servers *servers,
				const struct resolver_query *query,
				const struct interest *interest,
				int64_t timeout_ms, int64_t now_ms);
void resolver_free(struct resolver **resolver);

/* resolver_step, resolver_due_ms - as fetch_step() and fetch_due_ms(). */
void resolver_step(struct resolver *resolver, int64_t now_ms);
int64_t resolver_due_ms(const struct resolver *resolver);

/*
 * resolver_result - 0 when the answer is there, ERR_AGAIN before that; else
 * why the last balancer that was asked gave none: what fetch_result() and
 * lookup_result() say, ERR_DENIED (4xx), ERR_LIMIT (429), ERR_UNAVAILABLE
 * (5xx), ERR_SYNTAX and others of reply_decode().
 */
int resolver_result(const struct resolver *resolver);

/* resolver_is_not_modified - the answer is the one that query->etag is of: it
 * holds for another ttl, and there is no reply. */
bool resolver_is_not_modified(const struct resolver *resolver);

/* resolver_reply - the answer, borrowed; when resolver_result() is 0 and it is
 * not the old one. */
const struct reply *resolver_reply(const struct resolver *resolver);

/* resolver_retry_ms - what Retry-After asked for, at most 1 h; 0 = nothing. */
int64_t resolver_retry_ms(const struct resolver *resolver);

/* resolver_detail - a refusal in the balancer's words, maybe "". Text from
 * outside: control bytes are blanked. */
const char *resolver_detail(const struct resolver *resolver);

#endif
