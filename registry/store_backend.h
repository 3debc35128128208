/*
 * store_backend.h - what a backend of store.h implements. The front (store.c)
 * encodes, bounds and counts; a backend takes operations in order and gives
 * them back on the loop with their result.
 */
#ifndef PERI_REGISTRY_STORE_BACKEND_H
#define PERI_REGISTRY_STORE_BACKEND_H

#include <sys/queue.h>

#include "lib/net/loop.h"
#include "registry/store.h"

enum store_op_kind {
	STORE_OP_PUT_NODE,
	STORE_OP_DELETE_NODE,
	STORE_OP_MARK_NODE,
	STORE_OP_FORGET_NODE,
	STORE_OP_PUT_REGION,
	STORE_OP_DELETE_REGION,
	STORE_OP_PUT_INTENT,
	STORE_OP_DELETE_INTENT,
	STORE_OP_EXPIRE_INTENT, /* deletes it if it ends at wall_s */
	STORE_OP_ADD_AUDIT,	/* op->audit alone */
	STORE_OP_PROBE,		/* a small write that changes nothing */
};

/* Owned by its operation. */
struct store_op_audit {
	uint64_t seq;
	char target[INTENT_TARGET_BYTES];
	size_t json_bytes;
	char json[];
};

/* One change on its way; owned by who holds it. */
struct store_op {
	STAILQ_ENTRY(store_op) link;
	enum store_op_kind kind;
	char id[NODE_ID_BYTES];
	uint64_t boot_epoch;
	int64_t wall_s; /* registered, down since, or until */
	int tag;	/* a region's source or an intent's scope */
	char *json;	/* owned; the record, NULL when deleting */
	size_t json_bytes;
	struct store_op_audit *audit; /* owned; in the same transaction */
	int64_t submitted_us;
	int rc;
	store_done_cb *cb; /* NULL: nobody waits */
	void *arg;
};
STAILQ_HEAD(store_op_list, store_op);

struct store_backend {
	/* Takes @op; gives it back with store_complete() on the loop. */
	void (*submit)(struct store *store, struct store_op *op);
	void (*load)(struct store *store, const struct store_sink *sink);
	/* Completes everything under way first. */
	void (*free)(struct store *store);
};

/* The first member of a backend's own struct. */
struct store {
	const struct store_backend *backend;
	size_t waited_max, waited; /* operations with a callback */
	size_t own_max, own;	   /* bookkeeping without one */
	struct loop *loop;
	struct loop_timer *probe_timer; /* from the first failure on */
	int64_t probe_ms;		/* from a failure to the next probe */
	bool probe_due, closing; /* due: the timer runs or it is queued */
	struct store_counters counters;
};

/* store_audit_copy - owned by the caller, mem_free(). Any thread. */
struct store_op_audit *store_audit_copy(const struct store_audit *audit);

/* store_init - for the backend's constructor; @loop is borrowed. */
void store_init(struct store *store, struct loop *loop,
		const struct store_backend *backend, size_t queue_max);
/* store_complete - op->rc says how it went: count, call back, free. After a
 * failure a probe follows every few seconds until a write succeeds. */
void store_complete(struct store *store, struct store_op *op);

#endif
