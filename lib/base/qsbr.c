/*
 * qsbr.c - who still may hold what. Each worker shows the epoch it saw when it
 * last held nothing; a retired object carries the epoch that began when it was
 * replaced and is freed when every online worker shows that one or a later.
 *
 * Ordering: the publisher swaps the pointer before it raises the epoch
 * (release), a worker that reads the new epoch (acquire) therefore reads the
 * new pointer; and it shows an epoch (release) after its last use of what it
 * held, the publisher looks (acquire) before it frees. No fences, so that the
 * thread sanitizer understands all of it.
 */
#include "lib/base/qsbr.h"

#include <assert.h>

#include "lib/base/mem.h"

#define QSBR_OFFLINE	 0
#define QSBR_FIRST_EPOCH 1

/* Two lines apart (adjacent-line prefetch): workers never share one. */
#define QSBR_PAD_BYTES 128

struct qsbr_reader {
	_Atomic uint64_t seen; /* epoch, or QSBR_OFFLINE; its worker writes */
	char pad[QSBR_PAD_BYTES - sizeof(uint64_t)];
};

struct qsbr_retired {
	struct qsbr_retired *next;
	void *object; /* owned */
	qsbr_free_cb *free_cb;
	uint64_t epoch; /* free when all online workers have seen it */
};

struct qsbr {
	_Atomic uint64_t epoch; /* raised by the publisher */
	char pad[QSBR_PAD_BYTES - sizeof(uint64_t)];
	struct qsbr_reader *readers;
	unsigned reader_count;
	/* The publisher's: oldest first. */
	struct qsbr_retired *first, **end;
	size_t retired_count;
};

struct qsbr *qsbr_new(unsigned worker_count)
{
	struct qsbr *domain = mem_alloc(sizeof(*domain));

	domain->readers = mem_array(worker_count, sizeof(domain->readers[0]));
	domain->reader_count = worker_count;
	domain->end = &domain->first;
	atomic_store(&domain->epoch, QSBR_FIRST_EPOCH);
	return domain;
}

void qsbr_free(struct qsbr **domain)
{
	if (!*domain)
		return;
	for (unsigned i = 0; i < (*domain)->reader_count; i++)
		assert(atomic_load(&(*domain)->readers[i].seen) ==
		       QSBR_OFFLINE);
	qsbr_reclaim(*domain);
	assert((*domain)->first == NULL);
	mem_free((*domain)->readers);
	mem_free(*domain);
	*domain = NULL;
}

static struct qsbr_reader *qsbr_reader(struct qsbr *domain, unsigned worker)
{
	assert(worker < domain->reader_count);
	return &domain->readers[worker];
}

/*
 * The read-modify-write puts this worker before or after each publication:
 * before, and the publisher sees that it is online; after, and it reads the
 * new pointer.
 */
void qsbr_online(struct qsbr *domain, unsigned worker)
{
	struct qsbr_reader *reader = qsbr_reader(domain, worker);
	uint64_t epoch;

	atomic_store_explicit(&reader->seen, QSBR_FIRST_EPOCH,
			      memory_order_relaxed);
	epoch = atomic_fetch_add_explicit(&domain->epoch, 0,
					  memory_order_acq_rel);
	atomic_store_explicit(&reader->seen, epoch, memory_order_release);
}

void qsbr_offline(struct qsbr *domain, unsigned worker)
{
	atomic_store_explicit(&qsbr_reader(domain, worker)->seen, QSBR_OFFLINE,
			      memory_order_release);
}

void qsbr_quiescent(struct qsbr *domain, unsigned worker)
{
	struct qsbr_reader *reader = qsbr_reader(domain, worker);
	uint64_t epoch =
		atomic_load_explicit(&domain->epoch, memory_order_acquire);
	uint64_t seen =
		atomic_load_explicit(&reader->seen, memory_order_relaxed);

	if (seen != QSBR_OFFLINE && seen != epoch)
		atomic_store_explicit(&reader->seen, epoch,
				      memory_order_release);
}

void qsbr_publish(struct qsbr *domain, struct qsbr_slot *slot, void *object,
		  qsbr_free_cb *free_cb)
{
	void *old = atomic_exchange_explicit(&slot->current, object,
					     memory_order_acq_rel);
	uint64_t epoch = atomic_fetch_add_explicit(&domain->epoch, 1,
						   memory_order_acq_rel) +
			 1;
	struct qsbr_retired *retired;

	if (!old)
		return;
	retired = mem_alloc(sizeof(*retired));
	retired->object = old;
	retired->free_cb = free_cb;
	retired->epoch = epoch;
	*domain->end = retired;
	domain->end = &retired->next;
	domain->retired_count++;
}

/* The epoch that every online worker has seen. */
static uint64_t qsbr_safe_epoch(struct qsbr *domain)
{
	uint64_t safe = UINT64_MAX;

	for (unsigned i = 0; i < domain->reader_count; i++) {
		uint64_t seen = atomic_load_explicit(&domain->readers[i].seen,
						     memory_order_acquire);

		if (seen != QSBR_OFFLINE && seen < safe)
			safe = seen;
	}
	return safe;
}

size_t qsbr_reclaim(struct qsbr *domain)
{
	uint64_t safe;

	if (!domain->first)
		return 0;
	safe = qsbr_safe_epoch(domain);
	while (domain->first && domain->first->epoch <= safe) {
		struct qsbr_retired *retired = domain->first;

		domain->first = retired->next;
		if (!domain->first)
			domain->end = &domain->first;
		domain->retired_count--;
		retired->free_cb(retired->object);
		mem_free(retired);
	}
	return domain->retired_count;
}
