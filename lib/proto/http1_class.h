/*
 * http1_class.h - private to http1*.c: what a byte may be part of, and the end
 * of a run of such bytes. Nothing is read beyond the end given. Pure.
 */
#ifndef PERI_LIB_PROTO_HTTP1_CLASS_H
#define PERI_LIB_PROTO_HTTP1_CLASS_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum http1_class {
	HTTP1_IS_TOKEN = 1,  /* RFC 9110 5.6.2: names, methods */
	HTTP1_IS_TARGET = 2, /* visible ASCII without '#' */
	HTTP1_IS_VALUE = 4,  /* visible, space, tab, obs-text */
	HTTP1_IS_HOST = 8,   /* RFC 3986 3.2.2 and the port's colon */
	HTTP1_IS_DIGIT = 16,
};

#define HTTP1_ALNUM                                                            \
	(HTTP1_IS_TOKEN | HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST)
static const uint8_t http1_class_of[256] = {
	['\t'] = HTTP1_IS_VALUE,
	[' '] = HTTP1_IS_VALUE,
	['!'] = HTTP1_ALNUM,
	['"'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['#'] = HTTP1_IS_TOKEN | HTTP1_IS_VALUE,
	['$'] = HTTP1_ALNUM,
	['%'] = HTTP1_ALNUM,
	['&'] = HTTP1_ALNUM,
	['\''] = HTTP1_ALNUM,
	['('] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	[')'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['*'] = HTTP1_ALNUM,
	['+'] = HTTP1_ALNUM,
	[','] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['-'] = HTTP1_ALNUM,
	['.'] = HTTP1_ALNUM,
	['/'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['0' ... '9'] = HTTP1_ALNUM | HTTP1_IS_DIGIT,
	[':'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	[';'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['<'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['='] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['>'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['?'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['@'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['A' ... 'F'] = HTTP1_ALNUM,
	['G' ... 'Z'] = HTTP1_ALNUM,
	['['] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['\\'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	[']'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE | HTTP1_IS_HOST,
	['^'] = HTTP1_IS_TOKEN | HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['_'] = HTTP1_ALNUM,
	['`'] = HTTP1_IS_TOKEN | HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['a' ... 'f'] = HTTP1_ALNUM,
	['g' ... 'z'] = HTTP1_ALNUM,
	['{'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['|'] = HTTP1_IS_TOKEN | HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['}'] = HTTP1_IS_TARGET | HTTP1_IS_VALUE,
	['~'] = HTTP1_ALNUM,
	[0x80 ... 0xff] = HTTP1_IS_VALUE,
};

static inline bool http1_class_is(char c, unsigned class)
{
	return http1_class_of[(uint8_t)c] & class;
}

/* The first byte in [at, end) that is not of @class, or end. */
static inline const char *http1_class_skip(const char *at, const char *end,
					   unsigned class)
{
	while (at < end && http1_class_is(*at, class))
		at++;
	return at;
}

#ifdef __SSE2__
/* http1_class_skip(HTTP1_IS_VALUE), 16 bytes a step: stops at controls but tab,
 * and at DEL. */
static inline const char *http1_class_skip_value(const char *at,
						 const char *end)
{
	const __m128i last_control = _mm_set1_epi8(0x1f);
	const __m128i tab = _mm_set1_epi8('\t');
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - at >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, last_control), x);
		__m128i bad = _mm_or_si128(
			_mm_andnot_si128(_mm_cmpeq_epi8(x, tab), low),
			_mm_cmpeq_epi8(x, del));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
	return http1_class_skip(at, end, HTTP1_IS_VALUE);
}

/* http1_class_skip(HTTP1_IS_TARGET), 16 bytes a step; as signed bytes 0x80..
 * are below '!'. */
static inline const char *http1_class_skip_target(const char *at,
						  const char *end)
{
	const __m128i first = _mm_set1_epi8('!');
	const __m128i hash = _mm_set1_epi8('#');
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - at >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i bad =
			_mm_or_si128(_mm_cmplt_epi8(x, first),
				     _mm_or_si128(_mm_cmpeq_epi8(x, hash),
						  _mm_cmpeq_epi8(x, del)));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
	return http1_class_skip(at, end, HTTP1_IS_TARGET);
}
#else
static inline const char *http1_class_skip_value(const char *at,
						 const char *end)
{
	return http1_class_skip(at, end, HTTP1_IS_VALUE);
}

static inline const char *http1_class_skip_target(const char *at,
						  const char *end)
{
	return http1_class_skip(at, end, HTTP1_IS_TARGET);
}
#endif

#endif
