/*
 * slab.c - one pool of the process, as the heap is one: chunks that are cut
 * from the front, and a list of free slots for each size.
 */
#include "lib/base/slab.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/def.h"
#include "lib/base/mem.h"

#define SIZES	    16			       /* multiples of a line */
#define SLOT_MAX    (SIZES * CACHE_LINE_BYTES) /* above: from the heap */
#define FIRST_BYTES ((size_t)64 << 10) /* for a few things, small pages */
#define CHUNK_BYTES ((size_t)2 << 20)

#if SLAB_IS_HEAP
#define FROM_HEAP(len) ((void)(len), 1)
#else
#define FROM_HEAP(len) ((len) > SLOT_MAX)
#endif

struct slot {
	struct slot *next;
};

static struct {
	pthread_mutex_t lock;	      /* of all below */
	struct slot *free[SIZES + 1]; /* by lines */
	char *chunk;		      /* the newest */
	size_t chunk_bytes, used_bytes;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned lines_of(size_t len)
{
	return len ? (unsigned)((len + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES)
		   : 1;
}

static void push(void *ptr, unsigned lines)
{
	struct slot *slot = ptr;

	slot->next = pool.free[lines];
	pool.free[lines] = slot;
}

/* Cut a slot from the chunk; what is too short for it serves smaller ones. */
static void *cut(unsigned lines)
{
	size_t bytes = (size_t)lines * CACHE_LINE_BYTES;
	size_t left = pool.chunk_bytes - pool.used_bytes;
	char *slot;

	if (left < bytes) {
		if (left > 0)
			push(pool.chunk + pool.used_bytes,
			     (unsigned)(left / CACHE_LINE_BYTES));
		pool.chunk_bytes = pool.chunk ? CHUNK_BYTES : FIRST_BYTES;
		pool.chunk = mem_array_huge(pool.chunk_bytes, 1);
		pool.used_bytes = 0;
	}
	slot = pool.chunk + pool.used_bytes;
	pool.used_bytes += bytes;
	return slot;
}

static void *take(unsigned lines)
{
	struct slot *slot = pool.free[lines];

	if (!slot)
		return cut(lines);
	pool.free[lines] = slot->next;
	return slot;
}

void *slab_dup(const void *src, size_t len)
{
	void *ptr;

	if (FROM_HEAP(len))
		return mem_dup(src, len);
	pthread_mutex_lock(&pool.lock);
	ptr = take(lines_of(len));
	pthread_mutex_unlock(&pool.lock);
	memcpy(ptr, src, len);
	return ptr;
}

void slab_free(void *ptr, size_t len)
{
	if (!ptr || FROM_HEAP(len)) {
		mem_free(ptr);
		return;
	}
	pthread_mutex_lock(&pool.lock);
	push(ptr, lines_of(len));
	pthread_mutex_unlock(&pool.lock);
}
