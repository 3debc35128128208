/*
 * store.h - what survives the registry: registrations, regions, what operators
 * want and the audit of it. Asynchronous:
 * a call takes its arguments along and returns at once, the callback comes on
 * the loop when the change is durable. Calls take effect in their order.
 * Which backend is behind it is decided where it is made (store_sqlite.h).
 * Loop thread only.
 */
#ifndef PERI_REGISTRY_STORE_H
#define PERI_REGISTRY_STORE_H

#include "lib/proto/feed.h"
#include "lib/svc/metrics.h"

struct store;

/* @rc is 0 when the change is durable; else it was not made at all. */
typedef void store_done_cb(int rc, void *arg);

/* Where a region comes from. */
enum store_region_source {
	STORE_REGION_FILE, /* regions_file says so */
	STORE_REGION_NODE, /* its first node brought its position */
};

/* A registration as it was kept. */
struct store_node {
	struct node_record record;
	int64_t registered_wall_s; /* when this boot registered */
	int64_t down_wall_s;	   /* 0 = it was not down */
};

/* One entry of the audit (audit.h makes and reads them). */
struct store_audit {
	uint64_t seq;	  /* from 1, in order */
	struct sv target; /* "node/x" or "" */
	struct sv json;
};

#define STORE_AUDIT_KEPT 8192 /* entries; older ones are deleted */

struct store_sink {
	void (*region)(void *arg, const struct feed_region *region,
		       enum store_region_source source);
	void (*node)(void *arg, const struct store_node *node);
	void (*intent)(void *arg, const struct intent *intent);
	void (*audit)(void *arg, const struct store_audit *audit);
	/* Last; rc != 0: what came is not everything. */
	void (*done)(void *arg, int rc);
	void *arg;
};

struct store_counters {
	uint64_t ok, failed; /* changes by outcome */
	uint64_t refused;    /* not taken: the queue was full */
	uint64_t unreadable; /* kept entries that could not be decoded */
	uint64_t transactions;
	uint64_t probes; /* small writes to see whether it is back */
	size_t queued;
	bool up;			  /* the last answer was a success */
	struct metrics_histogram latency; /* call to callback */
};

/* store_load - hand over everything; regions first. @sink is copied. Once. */
void store_load(struct store *store, const struct store_sink *sink);

/*
 * store_put_node - keep a registration; an older boot overwrites a newer one
 * only when that is marked down.
 *
 * Returns 0 (then @cb comes exactly once, never from inside this call) or
 * ERR_LIMIT when the queue is full.
 */
MUST_CHECK int store_put_node(struct store *store,
			      const struct node_record *record,
			      int64_t registered_wall_s, store_done_cb *cb,
			      void *arg);
/* store_delete_node - the boot @boot_epoch left. Returns as store_put_node. */
MUST_CHECK int store_delete_node(struct store *store, const char *id,
				 uint64_t boot_epoch, store_done_cb *cb,
				 void *arg);

/* store_put_intent, store_delete_intent - what an operator wants, and the entry
 * in the audit: both or none. @audit is borrowed for the call. Return as
 * store_put_node. */
MUST_CHECK int store_put_intent(struct store *store,
				const struct intent *intent,
				const struct store_audit *audit,
				store_done_cb *cb, void *arg);
MUST_CHECK int store_delete_intent(struct store *store,
				   const struct intent *intent,
				   const struct store_audit *audit,
				   store_done_cb *cb, void *arg);

/* The next ones are for our own bookkeeping: nobody waits for them, and they
 * have a queue bound of their own that is far higher. */

/* store_mark_node - down since @down_wall_s; 0 = it is not down. */
void store_mark_node(struct store *store, const char *id, uint64_t boot_epoch,
		     int64_t down_wall_s);
/* store_forget_node - delete a node that is marked down. */
void store_forget_node(struct store *store, const char *id,
		       uint64_t boot_epoch);
void store_put_region(struct store *store, const struct feed_region *region,
		      enum store_region_source source);
void store_delete_region(struct store *store, const char *id);

/* store_expire_intent - delete it unless another was put in its place. */
void store_expire_intent(struct store *store, const struct intent *intent,
			 const struct store_audit *audit);
/* store_add_audit - an entry alone. */
void store_add_audit(struct store *store, const struct store_audit *audit);

/* store_free - stop probing, finish what is queued, call back, close. */
void store_free(struct store **store);
const struct store_counters *store_counters(const struct store *store);

#endif
