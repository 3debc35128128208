/*
 * mem.c - the only caller of malloc and friends. Invariant: whoever gets a
 * pointer from here need not look at it. Any thread.
 */
#include "lib/base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/def.h"

#define HUGE_BYTES ((size_t)2 << 20)

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

/* In front of a huge array. */
struct mapping {
	void *base;
	size_t bytes;
};

/* Fresh memory: what the heap gives may have been touched before, and then it
 * has its small pages already. */
void *mem_array_huge(size_t count, size_t elem_bytes)
{
	size_t bytes = mem_product(count, elem_bytes);
	struct mapping mapping;
	char *array;
	bool small; /* most of the page would be for nothing */

	if (bytes > SIZE_MAX / 2)
		mem_die();
	small = bytes < HUGE_BYTES / 4;
	/* Whole large pages, behind a place for the mapping itself. */
	bytes = (bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	mapping.bytes = bytes + HUGE_BYTES;
	mapping.base = mmap(NULL, mapping.bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping.base == MAP_FAILED)
		mem_die();
	array = (char *)mapping.base + HUGE_BYTES -
		((uintptr_t)mapping.base & (HUGE_BYTES - 1));
	if (!small)
		(void)madvise(array, bytes, MADV_HUGEPAGE);
	memcpy(array - sizeof(mapping), &mapping, sizeof(mapping));
	return array;
}

void mem_free_huge(void *array)
{
	struct mapping mapping;

	if (!array)
		return;
	memcpy(&mapping, (char *)array - sizeof(mapping), sizeof(mapping));
	(void)munmap(mapping.base, mapping.bytes);
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
