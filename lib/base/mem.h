/*
 * mem.h - heap memory that never comes back NULL: out of memory aborts, so
 * every size that comes from outside is capped by the caller *before* it.
 */
#ifndef PERI_LIB_BASE_MEM_H
#define PERI_LIB_BASE_MEM_H

#include <stddef.h>

/*
 * mem_alloc - zeroed heap memory of @size_bytes (0 counts as 1).
 *
 * Returns memory that the caller owns and gives to mem_free(). Aborts with a
 * message when there is none. Any thread.
 */
void *mem_alloc(size_t size_bytes);

/*
 * mem_array - zeroed heap array of @count elements of @elem_bytes each.
 *
 * As mem_alloc(); a product that overflows aborts.
 */
void *mem_array(size_t count, size_t elem_bytes);

/*
 * mem_array_huge - as mem_array(), for tables of megabytes that are read at
 * random: asks the kernel for pages of 2 MiB, so that a read does not also
 * miss the page tables. Only a hint, but from half a MiB on sizes are rounded
 * up to such pages. mem_free_huge() gives it back; NULL is allowed there.
 */
void *mem_array_huge(size_t count, size_t elem_bytes);
void mem_free_huge(void *array);

/*
 * mem_grow - resize an array to @count elements of @elem_bytes each.
 *
 * @ptr	 from mem_*, or NULL; invalid afterwards
 *
 * New elements are NOT zeroed. Returns the array, owned by the caller; aborts
 * on overflow or lack of memory. Any thread.
 */
void *mem_grow(void *ptr, size_t count, size_t elem_bytes);

/* mem_dup - heap copy of @len bytes at @src; caller owns it. Any thread. */
void *mem_dup(const void *src, size_t len);

/* mem_strdup - heap copy of a NUL-terminated text; caller owns it. */
char *mem_strdup(const char *text);

/* mem_free - free what mem_* gave; NULL is allowed. Any thread. */
void mem_free(void *ptr);

#endif
