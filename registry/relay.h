/*
 * relay.h - questions that a balancer answers (/v1/explain, /v1/preview), asked
 * at the admin listener that the setting balancer_admin names. Loop thread.
 */
#ifndef PERI_REGISTRY_RELAY_H
#define PERI_REGISTRY_RELAY_H

#include "registry/api.h"

#define RELAY_PENDING_MAX     32
#define RELAY_QUERY_BYTES_MAX 2048
#define RELAY_ANSWER_BYTES    (2u << 20)
#define RELAY_TIMEOUT_MS      3000

struct relay;

struct relay_counters {
	uint64_t answered, failed;
};

/* relay_new - asks nobody yet. relay_free - who waits is told. */
struct relay *relay_new(struct loop *loop);
void relay_free(struct relay **relay);

/*
 * relay_set - ask the balancer at @base_url ("http://127.0.0.1:8054") from now
 * on; "" = nobody. Nothing happens when it is the same as before.
 *
 * Returns 0, ERR_SYNTAX or ERR_UNSUPPORTED, and then all stays as before.
 */
MUST_CHECK int relay_set(struct relay *relay, const char *base_url);

/* relay_answer - the balancer's answer to the path and query of @call. */
void relay_answer(const struct api_call *call);

/* relay_counters - borrowed, always current. */
const struct relay_counters *relay_counters(const struct relay *relay);

#endif
