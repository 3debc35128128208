/*
 * lease.h - who is registered and until when: the registry's truth in memory.
 * Pure: time is a parameter, nothing is written or sent here. One thread.
 *
 *	       suspect at ttl/2	  down at ttl	  forgotten an hour later
 *   NODE_UP ------> NODE_SUSPECT ------> NODE_DOWN ------> (removed)
 *     ^-------- renew or register ----------'
 *
 * (With the default of three renewals per TTL, half a TTL is 1.5 renewals.)
 * All deadlines count from the later of the last sign of life and the moment
 * since when the table has been listening without a pause.
 */
#ifndef PERI_REGISTRY_LEASE_H
#define PERI_REGISTRY_LEASE_H

#include "lib/proto/feed.h"

#define LEASE_FORGET_MS INT64_C(3600000) /* from down to forgotten */
#define LEASE_STALL_MS	1000 /* a longer silence of our own is a pause */

struct lease_table;
struct lease_sums;

/* One registered node; read-only for everybody but lease.c (see rev). */
struct lease {
	struct node_record record;
	enum node_state state;
	struct node_load load; /* valid when load_at_ms >= 0 */
	int64_t load_at_ms;    /* of the last renewal of this boot; -1 = none */
	int64_t heard_at_ms;   /* last sign of life */
	int64_t registered_at_ms; /* this boot's first registration */
	int64_t down_at_ms;	  /* valid in NODE_DOWN */
	uint64_t rev;		  /* of the last change; feed_hub writes it */
};

struct lease_config {
	uint32_t leases_max;
	uint32_t renews_per_ttl; /* 2..10; what the node is told */
};

/* What became of a lease, for the feed and the store. */
enum lease_event {
	LEASE_ADDED,
	LEASE_CHANGED,	 /* another record, or another boot of the node */
	LEASE_STATE,	 /* same record, another state */
	LEASE_LEFT,	 /* deregistered; freed after the callback */
	LEASE_FORGOTTEN, /* down for too long; freed after the callback */
};

/* @before is the state before; equal to lease->state unless LEASE_STATE. */
typedef void lease_event_cb(struct lease *lease, enum lease_event event,
			    enum node_state before, void *arg);

/* How a registration relates to what the table holds. */
enum lease_verdict {
	LEASE_IS_NEW,
	LEASE_IS_SAME,	  /* identical record: only a sign of life */
	LEASE_IS_CHANGED, /* another record, of this boot or another */
};

struct lease_counters {
	uint64_t registered, changed, same; /* registrations by verdict */
	uint64_t renewals, revived, suspected, expired, forgotten, left;
	uint64_t conflicts;  /* an older boot wanted to write */
	uint64_t stale_seqs; /* a renewal came late or twice */
	uint64_t pauses;     /* times when nothing could expire: see advance */
};

/* lease_table_new - empty table, listening since @now_ms. @event_cb comes for
 * every change, also from lease_advance(). Owned by the caller. */
struct lease_table *lease_table_new(const struct lease_config *config,
				    int64_t now_ms, lease_event_cb *event_cb,
				    void *arg);
/* lease_table_free - no callbacks. */
void lease_table_free(struct lease_table **table);

/*
 * lease_check - what lease_register() would do now; changes only counters.
 *
 * Returns 0 and *@verdict_r; ERR_CONFLICT when a newer boot holds the id and
 * is not down (once it is, any boot may take the id over); ERR_LIMIT when it is
 * new and the table is full.
 */
MUST_CHECK int lease_check(struct lease_table *table,
			   const struct node_record *record,
			   enum lease_verdict *verdict_r);

/*
 * lease_register - take over @record (copied) and hear from it at @now_ms.
 *
 * leases_max does not apply: what is stored already must be held.
 *
 * Returns 0, *@verdict_r and *@lease_r (borrowed until the next call), or
 * ERR_CONFLICT as lease_check().
 */
MUST_CHECK int lease_register(struct lease_table *table,
			      const struct node_record *record, int64_t now_ms,
			      enum lease_verdict *verdict_r,
			      const struct lease **lease_r);

/* What a store remembers beside the record. */
struct lease_past {
	int64_t registered_for_ms; /* since this boot registered */
	int64_t down_for_ms;	   /* -1 = it was not down */
};

/*
 * lease_restore - put back what a store kept; no event, no counter. An id is
 * restored once.
 *
 * A lease that was not down is up and has a full TTL from @now_ms.
 */
void lease_restore(struct lease_table *table, const struct node_record *record,
		   const struct lease_past *past, int64_t now_ms);

/*
 * lease_renew - a sign of life with the node's load. O(1).
 *
 * Returns 0 and *@lease_r; ERR_NOTFOUND for an unknown id or a boot that has
 * not registered yet; ERR_CONFLICT when a newer boot holds the id; ERR_STATE
 * for a sequence number that is not newer (nothing is extended).
 */
MUST_CHECK int lease_renew(struct lease_table *table, struct sv id,
			   const struct node_load *load, int64_t now_ms,
			   const struct lease **lease_r);

/* lease_remove - the node leaves. Returns 0, ERR_NOTFOUND, or ERR_CONFLICT
 * when a boot newer than @boot_epoch holds the id. */
MUST_CHECK int lease_remove(struct lease_table *table, struct sv id,
			    uint64_t boot_epoch);

/* lease_listen - renewals can be heard from @now_ms on: no lease expires before
 * a full TTL has passed since then. */
void lease_listen(struct lease_table *table, int64_t now_ms);

/*
 * lease_advance - let time pass: suspects, downs, forgets. To be called
 * several times a second; when the last call is more than LEASE_STALL_MS ago
 * the registry itself was deaf, and every lease gets a full TTL again.
 */
void lease_advance(struct lease_table *table, int64_t now_ms);

/* lease_find - by id, borrowed, or NULL. */
const struct lease *lease_find(const struct lease_table *table, struct sv id);
/* lease_count - leases held; lease_count_in - those in @state. */
size_t lease_count(const struct lease_table *table);
size_t lease_count_in(const struct lease_table *table, enum node_state state);
/* lease_at - number @index in the order of ids (strcmp), or NULL. */
const struct lease *lease_at(const struct lease_table *table, size_t index);
/* lease_index_after - index of the first id greater than @id. */
size_t lease_index_after(const struct lease_table *table, const char *id);

/* lease_take_renewed - up to @max leases that were renewed since they were
 * last taken; returns how many. Borrowed until the next call. */
size_t lease_take_renewed(struct lease_table *table,
			  const struct lease **leases_r, size_t max);

/* lease_renew_ms - the interval that the node is told. */
uint32_t lease_renew_ms(const struct lease_table *table,
			const struct lease *lease);
/* lease_due_ms - when @lease is down if nothing is heard; for people. */
int64_t lease_due_ms(const struct lease_table *table,
		     const struct lease *lease);
/* lease_to_feed - the node as watchers and lists see it. */
void lease_to_feed(const struct lease *lease, int64_t now_ms,
		   struct feed_node *node_r);

/* lease_regions, lease_services - live sums by region and by service. */
const struct lease_sums *lease_regions(const struct lease_table *table);
const struct lease_sums *lease_services(const struct lease_table *table);

/* lease_counters - borrowed, always current. */
const struct lease_counters *lease_counters(const struct lease_table *table);

#endif
