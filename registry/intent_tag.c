/*
 * intent_tag.c - see the header.
 */
#include "registry/intent_tag.h"

#include "lib/base/hash.h"
#include "lib/proto/http1_tag.h"

void intent_tag_put(struct buf *b, const struct intent *intent)
{
	char storage[INTENT_JSON_MAX];
	struct buf text;
	struct jsonw w;

	buf_init_fixed(&text, storage, sizeof(storage));
	jsonw_init(&w, &text);
	jsonw_object(&w, NULL);
	intent_put(&w, intent);
	jsonw_object_end(&w);
	buf_char(b, '"');
	buf_hex(b, hash_text(buf_view(&text)), 16);
	buf_char(b, '"');
}

void intent_tag_put_member(struct jsonw *w, const struct intent *intent)
{
	char storage[INTENT_TAG_BYTES];
	struct buf tag;

	buf_init_fixed(&tag, storage, sizeof(storage));
	intent_tag_put(&tag, intent);
	jsonw_text(w, "etag", buf_view(&tag));
}

/* RFC 9110 8.8.3.2 */
enum comparison { COMPARE_STRONG, COMPARE_WEAK };

/* Whether @list names what holds now. */
static bool names(struct sv list, const struct intent *now,
		  enum comparison comparison)
{
	char storage[INTENT_TAG_BYTES];
	struct buf want;
	struct sv tag;
	bool is_weak;

	if (!now)
		return false;
	if (sv_eq(sv_trim(list), SV("*")))
		return true;
	buf_init_fixed(&want, storage, sizeof(storage));
	intent_tag_put(&want, now);
	while ((tag = http1_tag_next(&list, &is_weak)).ptr) {
		if (sv_eq(tag, buf_view(&want)) &&
		    (!is_weak || comparison == COMPARE_WEAK))
			return true;
	}
	return false;
}

bool intent_tag_permits(const struct http1_request *head,
			const struct intent *now)
{
	bool is_asked = false, is_named = false;

	for (unsigned i = 0; i < head->header_count; i++) {
		struct sv name = head->headers[i].name;
		struct sv list = head->headers[i].value;

		if (sv_eq_nocase(name, SV("if-match"))) {
			is_asked = true;
			is_named |= names(list, now, COMPARE_STRONG);
		} else if (sv_eq_nocase(name, SV("if-none-match")) &&
			   names(list, now, COMPARE_WEAK)) {
			return false;
		}
	}
	return is_named || !is_asked;
}
