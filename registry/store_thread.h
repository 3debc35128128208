/*
 * store_thread.h - the thread of a store backend that blocks: a queue towards
 * it, results back to the loop in order. The backend's functions run on the
 * thread, one at a time.
 */
#ifndef PERI_REGISTRY_STORE_THREAD_H
#define PERI_REGISTRY_STORE_THREAD_H

#include "lib/net/loop.h"
#include "registry/store_backend.h"

struct store_thread;

struct store_work {
	/* Make all changes of @ops durable or none; sets each op->rc. */
	void (*write)(void *arg, struct store_op_list *ops);
	/* Give every entry to store_thread_region() and its like. */
	int (*read)(void *arg, struct store_thread *thread);
	void *arg;
};

/* store_thread_new - start it. @front counts and calls back; @work is copied.
 * Returns 0 or -errno. Loop thread. */
MUST_CHECK int store_thread_new(struct loop *loop, struct store *front,
				const struct store_work *work,
				struct store_thread **thread_r);
/* store_thread_free - finish the queue, deliver the results, join. */
void store_thread_free(struct store_thread **thread);

/* store_thread_submit - queue one change. Loop thread. */
void store_thread_submit(struct store_thread *thread, struct store_op *op);
/* store_thread_load - have everything read. Loop thread. */
void store_thread_load(struct store_thread *thread,
		       const struct store_sink *sink);

/* store_thread_region, _node, _intent, _audit - one entry as it was kept; what
 * cannot be decoded is logged and counted. From work->read() only. */
void store_thread_region(struct store_thread *thread, const char *id,
			 struct sv json, enum store_region_source source);
void store_thread_node(struct store_thread *thread, const char *id,
		       struct sv json, int64_t registered_wall_s,
		       int64_t down_wall_s);
void store_thread_intent(struct store_thread *thread, const char *id,
			 struct sv json);
void store_thread_audit(struct store_thread *thread,
			const struct store_audit *audit);

#endif
