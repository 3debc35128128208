/*
 * slab.h - memory for many small things that are written once and then read at
 * random: side by side on large pages, so that a read does not also miss the
 * page tables. What is freed serves the next of its size; nothing goes back to
 * the system.
 */
#ifndef PERI_LIB_BASE_SLAB_H
#define PERI_LIB_BASE_SLAB_H

#include <stddef.h>

/* Under the address sanitizer all is from the heap, so that it sees what is
 * wrong. */
#ifdef __has_feature
#define SLAB_IS_HEAP __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SLAB_IS_HEAP 1
#else
#define SLAB_IS_HEAP 0
#endif

/* slab_dup - copy of @len bytes at @src, which up to 1 KiB begins a cache line;
 * the caller gives it to slab_free(). Aborts without memory. Any thread. */
void *slab_dup(const void *src, size_t len);

/* slab_free - free what slab_dup() gave for @len bytes; NULL is allowed. Any
 * thread. */
void slab_free(void *ptr, size_t len);

#endif
