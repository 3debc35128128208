/*
 * qsbr.h - quiescent-state-based reclamation (McKenney; urcu's QSBR flavour)
 * for published immutable objects: one builder thread publishes, worker
 * threads read without a lock, the old object is freed when every worker has
 * passed a quiescent state after the swap.
 *
 * A worker reads with qsbr_read() and must not keep the pointer beyond the
 * event callback that read it. It says qsbr_quiescent() from a loop timer,
 * between callbacks: then it holds nothing.
 */
#ifndef PERI_LIB_BASE_QSBR_H
#define PERI_LIB_BASE_QSBR_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct qsbr;

/* A published pointer; readers load it with qsbr_read(). */
struct qsbr_slot {
	_Atomic(void *) current;
};

typedef void qsbr_free_cb(void *object);

/* qsbr_new - for @worker_count readers, 0..worker_count-1; none online. */
struct qsbr *qsbr_new(unsigned worker_count);
/* qsbr_free - frees what is still retired; no reader may be online. */
void qsbr_free(struct qsbr **domain);

/* qsbr_online, qsbr_offline - this worker reads / holds nothing until it is
 * online again. The worker's own thread. */
void qsbr_online(struct qsbr *domain, unsigned worker);
void qsbr_offline(struct qsbr *domain, unsigned worker);

/* qsbr_quiescent - this worker holds nothing right now. Its own thread. */
void qsbr_quiescent(struct qsbr *domain, unsigned worker);

/* qsbr_read - the current object, borrowed until the callback returns. */
static inline void *qsbr_read(struct qsbr_slot *slot)
{
	return atomic_load_explicit(&slot->current, memory_order_acquire);
}

/*
 * qsbr_publish - make @object the current one and retire the one before.
 *
 * @object   given away; may be NULL
 * @free_cb  frees the retired object later, on the publisher's thread
 *
 * One publishing thread. Never blocks.
 */
void qsbr_publish(struct qsbr *domain, struct qsbr_slot *slot, void *object,
		  qsbr_free_cb *free_cb);

/* qsbr_reclaim - free what no worker can hold any more; returns how many are
 * still waiting. The publisher's thread, called now and then. */
size_t qsbr_reclaim(struct qsbr *domain);

#endif
