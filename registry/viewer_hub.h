/*
 * viewer_hub.h - everybody who looks at the dashboard (/v1/events, server-sent
 * events): an event is encoded once, kept for a while and sent to all. Who
 * comes back or reads slowly is sent what they missed, or told to read
 * everything again. Loop thread only.
 */
#ifndef PERI_REGISTRY_VIEWER_HUB_H
#define PERI_REGISTRY_VIEWER_HUB_H

#include "lib/net/httpd.h"

#define VIEWER_HUB_MAX		256	    /* viewers */
#define VIEWER_HUB_EVENTS_MAX	1024	    /* kept */
#define VIEWER_HUB_EVENT_BYTES	(3u << 20)  /* of an event, at most */
#define VIEWER_HUB_KEPT_BYTES	(16u << 20) /* of all that are kept */
/* A viewer with more unread bytes gets no more until it has read. With the
 * largest usual event behind it this stays below httpd's stream_queue_bytes. */
#define VIEWER_HUB_UNREAD_BYTES (1u << 20)

/* So old a stream ends: who comes back is asked again who they are. */
#define VIEWER_HUB_AGE_MS 3600000

struct viewer_hub;

/* What an event tells; also a bit set of what a viewer wants. */
enum viewer_kind { VIEWER_STATE = 1, VIEWER_LOG = 2 };

struct viewer_hub_counters {
	uint64_t viewers_total, resumed;
	uint64_t resets; /* told to read everything again */
	uint64_t refused, closed;
	uint64_t events, bytes; /* sent */
	unsigned viewers;	/* now */
};

/* viewer_hub_new - @epoch (copied) tells this life of the registry from
 * others. */
struct viewer_hub *viewer_hub_new(struct loop *loop, const char *epoch);
/* viewer_hub_free - ends all streams. Before the httpd. */
void viewer_hub_free(struct viewer_hub **hub);

/*
 * viewer_hub_watch - answer @req with the stream.
 *
 * @from   "EPOCH:SEQ", the last event seen, or the empty view: from now on
 * @kinds  what is wanted
 *
 * Returns 0 when the stream has begun; ERR_SYNTAX (bad @from) or ERR_LIMIT and
 * the request is not answered.
 */
MUST_CHECK int viewer_hub_watch(struct viewer_hub *hub,
				struct httpd_request *req, struct sv from,
				unsigned kinds);

/* viewer_hub_wanted - how many want events of @kind. */
unsigned viewer_hub_wanted(const struct viewer_hub *hub, enum viewer_kind kind);

/* viewer_hub_put_id, viewer_hub_put_next_id - "EPOCH:SEQ" of the last event
 * and of the next one. */
void viewer_hub_put_id(const struct viewer_hub *hub, struct buf *b);
void viewer_hub_put_next_id(const struct viewer_hub *hub, struct buf *b);

/* viewer_hub_add - the next event: @json on one line, copied. One that is too
 * long becomes a reset. */
void viewer_hub_add(struct viewer_hub *hub, enum viewer_kind kind,
		    struct sv json);

/* viewer_hub_reset - everybody who wants state is to read everything again;
 * @why is constant text. */
void viewer_hub_reset(struct viewer_hub *hub, const char *why);

/* viewer_hub_gap - changes are not followed for a while: whoever comes back
 * with an id of before has to read everything again. */
void viewer_hub_gap(struct viewer_hub *hub);

/* viewer_hub_end_all - somebody may no longer look: all streams end, and who
 * may comes back and goes on. */
void viewer_hub_end_all(struct viewer_hub *hub);

/* viewer_hub_counters - borrowed, always current. */
const struct viewer_hub_counters *
viewer_hub_counters(const struct viewer_hub *hub);

#endif
