/*
 * sv.c - comparing, cutting and copying views. Pure, any thread.
 */
#include "lib/base/sv.h"

#include <string.h>

#include "lib/base/err.h"

struct sv sv_str(const char *text)
{
	return (struct sv){text, text ? strlen(text) : 0};
}

struct sv sv_of(const void *ptr, size_t len)
{
	return (struct sv){ptr, len};
}

bool sv_eq(struct sv a, struct sv b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

static unsigned char sv_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20)
				    : (unsigned char)c;
}

bool sv_eq_nocase(struct sv a, struct sv b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (sv_lower(a.ptr[i]) != sv_lower(b.ptr[i]))
			return false;
	return true;
}

bool sv_starts(struct sv v, struct sv prefix)
{
	return v.len >= prefix.len &&
	       sv_eq((struct sv){v.ptr, prefix.len}, prefix);
}

static bool sv_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct sv sv_trim(struct sv v)
{
	while (v.len && sv_is_blank(v.ptr[0])) {
		v.ptr++;
		v.len--;
	}
	while (v.len && sv_is_blank(v.ptr[v.len - 1]))
		v.len--;
	return v;
}

struct sv sv_cut(struct sv *rest, char sep)
{
	const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;
	struct sv part = *rest;

	if (!at) {
		rest->ptr = rest->len ? rest->ptr + rest->len : rest->ptr;
		rest->len = 0;
		return part;
	}
	part.len = (size_t)(at - part.ptr);
	rest->ptr = at + 1;
	rest->len -= part.len + 1;
	return part;
}

int sv_copy(struct sv v, char *dst, size_t dst_bytes)
{
	if (v.len >= dst_bytes) {
		if (dst_bytes)
			dst[0] = '\0';
		return ERR_TOOBIG;
	}
	if (v.len)
		memcpy(dst, v.ptr, v.len);
	dst[v.len] = '\0';
	return 0;
}
