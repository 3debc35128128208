/*
 * def.h - compiler attributes and small macros that every file may use.
 */
#ifndef PERI_LIB_BASE_DEF_H
#define PERI_LIB_BASE_DEF_H

#include <stddef.h>

/* The caller has to look at the result. */
#define MUST_CHECK	  __attribute__((warn_unused_result))
/* The function checks its arguments like printf: format at F, values from A. */
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN	  __attribute__((noreturn))
#define UNUSED		  __attribute__((unused))
/* For what is compiled several ways by a constant argument. */
#define ALWAYS_INLINE	  inline __attribute__((always_inline))

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* What the processor fetches from memory at one time. */
#define CACHE_LINE_BYTES 64

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
