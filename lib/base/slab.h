/*
 * slab.h - memory for many small things that are written once and then read at
 * random: side by side on large pages, so that a read does not also miss the
 * page tables. What is freed serves the next of its size; nothing goes back to
 * the system.
 */
#ifndef PERI_LIB_BASE_SLAB_H
#define PERI_LIB_BASE_SLAB_H

#include <stddef.h>

/* slab_dup - copy of @len bytes at @src, which begins a cache line; the caller
 * gives it to slab_free(). Aborts without memory. Any thread. */
void *slab_dup(const void *src, size_t len);

/* slab_free - free what slab_dup() gave for @len bytes; NULL is allowed. Any
 * thread. */
void slab_free(void *ptr, size_t len);

#endif
