/*
 * feed_hub.h - everybody who watches (/v1/watch): full state or what was
 * missed, then each change as it happens. A live line is encoded once and sent
 * to all. A watcher that lags gets no more lines until its queue is short; then
 * it is sent what it missed, from the ring. Loop thread only.
 */
#ifndef PERI_REGISTRY_FEED_HUB_H
#define PERI_REGISTRY_FEED_HUB_H

#include "lib/net/httpd.h"
#include "registry/feed_state.h"

struct feed_hub;

struct feed_hub_config {
	size_t change_count; /* the ring's */
	unsigned watchers_max;
	const char *epoch;
};

struct feed_hub_counters {
	uint64_t watchers_total, resumed, reset; /* how they began */
	uint64_t refused;			 /* too many watchers */
	uint64_t closed_slow, lagged;
	uint64_t lines, load_lines, bytes;
	unsigned watchers; /* now */
};

/* feed_hub_new - @state is copied, its tables are borrowed and outlive the hub.
 */
struct feed_hub *feed_hub_new(struct loop *loop,
			      const struct feed_hub_config *config,
			      const struct feed_state *state);
/* feed_hub_free - ends all streams. Before the httpd. */
void feed_hub_free(struct feed_hub **hub);

/*
 * feed_hub_watch - answer @req with the stream.
 *
 * @from  "EPOCH:REV" or the empty view
 *
 * Returns 0 when the stream has begun; ERR_SYNTAX (bad @from) or ERR_LIMIT and
 * the request is not answered.
 */
MUST_CHECK int feed_hub_watch(struct feed_hub *hub, struct httpd_request *req,
			      struct sv from);

/* feed_hub_node - @lease was added or changed: its revision is set and it is
 * sent. feed_hub_gone - it will be freed after this call. */
void feed_hub_node(struct feed_hub *hub, struct lease *lease);
void feed_hub_gone(struct feed_hub *hub, const struct lease *lease,
		   const char *why);
/* feed_hub_region - @region was added or changed; feed_hub_region_gone - it
 * will be freed after this call. */
void feed_hub_region(struct feed_hub *hub, struct region *region);
void feed_hub_region_gone(struct feed_hub *hub, const struct region *region);

/* feed_hub_intent - @entry is new or says something else;
 * feed_hub_intent_gone - it holds no longer and is not in the table. */
void feed_hub_intent(struct feed_hub *hub, struct override *entry);
void feed_hub_intent_gone(struct feed_hub *hub, const struct override *entry);

/* feed_hub_balancers - how many are live; all are told when it changes, new
 * ones at once. Negative: not known, nothing is said. */
void feed_hub_balancers(struct feed_hub *hub, int count);

/* feed_hub_rev, feed_hub_epoch - of the last change; the epoch is borrowed. */
uint64_t feed_hub_rev(const struct feed_hub *hub);
const char *feed_hub_epoch(const struct feed_hub *hub);
/* feed_hub_ring - the last changes; borrowed. */
const struct feed_ring *feed_hub_ring(const struct feed_hub *hub);
/* feed_hub_counters - borrowed, always current. */
const struct feed_hub_counters *feed_hub_counters(const struct feed_hub *hub);

#endif
