/*
 * mem.c - the only caller of malloc and friends. Invariant: whoever gets a
 * pointer from here need not look at it. Any thread.
 */
#include "lib/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/def.h"

#define HUGE_BYTES ((uintptr_t)2 << 20)

/* Nothing here may need memory: the heap has just refused us. */
static NORETURN void mem_die(void)
{
	static const char TEXT[] = "fatal: out of memory\n";

	if (write(STDERR_FILENO, TEXT, sizeof(TEXT) - 1) < 0)
		abort();
	abort();
}

static size_t mem_product(size_t count, size_t elem_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, elem_bytes, &bytes))
		mem_die();
	return bytes ? bytes : 1;
}

void *mem_alloc(size_t size_bytes)
{
	return mem_array(1, size_bytes);
}

void *mem_array(size_t count, size_t elem_bytes)
{
	void *ptr = calloc(1, mem_product(count, elem_bytes));

	if (!ptr)
		mem_die();
	return ptr;
}

void *mem_array_huge(size_t count, size_t elem_bytes)
{
	char *ptr = mem_array(count, elem_bytes);
	uintptr_t from = ((uintptr_t)ptr + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	uintptr_t to =
		((uintptr_t)ptr + count * elem_bytes) & ~(HUGE_BYTES - 1);

	if (to > from)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
	return ptr;
}

void *mem_grow(void *ptr, size_t count, size_t elem_bytes)
{
	void *grown = realloc(ptr, mem_product(count, elem_bytes));

	if (!grown)
		mem_die();
	return grown;
}

void *mem_dup(const void *src, size_t len)
{
	void *copy = mem_grow(NULL, len, 1);

	if (len)
		memcpy(copy, src, len);
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_dup(text, strlen(text) + 1);
}

void mem_free(void *ptr)
{
	free(ptr);
}
