/*
 * access_cookie.c - see the header. Pure.
 */
#include "registry/access_cookie.h"

static struct sv unquoted(struct sv value)
{
	if (value.len >= 2 && value.ptr[0] == '"' &&
	    value.ptr[value.len - 1] == '"')
		return sv_of(value.ptr + 1, value.len - 2);
	return value;
}

struct sv access_cookie_find(struct sv header, struct sv name)
{
	while (header.len > 0) {
		struct sv value = sv_cut(&header, ';');
		struct sv pair = value;
		struct sv key = sv_cut(&value, '=');

		/* Without a '=' it is a value that has no name. */
		if (key.len < pair.len && sv_eq(sv_trim(key), name))
			return unquoted(sv_trim(value));
	}
	return (struct sv){NULL, 0};
}
