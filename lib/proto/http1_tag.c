/*
 * http1_tag.c - see the header. What cannot be read ends the list.
 */
#include "lib/proto/http1_tag.h"

#include <string.h>

struct sv http1_tag_next(struct sv *list, bool *is_weak_r)
{
	const char *end;
	struct sv tag;

	*list = sv_trim(*list);
	while (list->len > 0 && list->ptr[0] == ',')
		*list = sv_trim(sv_of(list->ptr + 1, list->len - 1));
	*is_weak_r = sv_starts(*list, SV("W/"));
	if (*is_weak_r)
		*list = sv_of(list->ptr + 2, list->len - 2);
	if (list->len < 2 || list->ptr[0] != '"')
		return sv_of(NULL, 0);
	end = memchr(list->ptr + 1, '"', list->len - 1);
	if (!end)
		return sv_of(NULL, 0);
	tag = sv_of(list->ptr, (size_t)(end + 1 - list->ptr));
	*list = sv_of(tag.ptr + tag.len, list->len - tag.len);
	return tag;
}
