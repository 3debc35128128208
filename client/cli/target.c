/*
 * target.c - see the header.
 */
#include "client/cli/target.h"

#include "client/cli/pick.h"
#include "lib/base/err.h"

const struct json *target_member(const struct json *root,
				 enum intent_scope scope, struct sv id)
{
	const struct json *list =
		json_member(root, scope == INTENT_NODE ? "nodes" : "regions");

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *v = json_array_at(list, i);

		if (sv_eq(pick_text(v, "id"), id))
			return v;
	}
	return NULL;
}

static int refuse(struct buf *why, int rc, const char *what, struct sv text)
{
	buf_printf(why, "\"" SV_FMT "\" %s", SV_ARG(text), what);
	return rc;
}

int target_find(const struct json *root, struct sv text,
		struct target *target_r, struct buf *why)
{
	struct sv id = text, scope;
	bool is_node, is_region;

	if (text.len > 0 && memchr(text.ptr, '/', text.len)) {
		scope = sv_cut(&id, '/');
		if (intent_scope_parse(scope, &target_r->scope) != 0)
			return refuse(why, ERR_SYNTAX,
				      "is neither node/ID nor region/ID", text);
	} else {
		is_node = target_member(root, INTENT_NODE, id) != NULL;
		is_region = target_member(root, INTENT_REGION, id) != NULL;
		if (is_node && is_region)
			return refuse(why, ERR_EXISTS,
				      "is a node and a region: say node/ID or "
				      "region/ID",
				      text);
		if (!is_node && !is_region)
			return refuse(why, ERR_NOTFOUND,
				      "is no node and no region now; say "
				      "node/ID or region/ID for one that is to "
				      "come",
				      text);
		target_r->scope = is_node ? INTENT_NODE : INTENT_REGION;
	}
	if (id.len == 0 || sv_copy(id, target_r->id, sizeof(target_r->id)) != 0)
		return refuse(why, ERR_SYNTAX, "has no ID of 1 to 64 bytes",
			      text);
	return 0;
}

/* Its entry among the intents, or NULL. */
static const struct json *entry_of(const struct json *root,
				   const struct target *target)
{
	const struct json *list = json_member(root, "intents");
	struct sv scope = sv_str(intent_scope_str(target->scope));

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *entry = json_array_at(list, i);

		if (sv_eq(pick_text(entry, "scope"), scope) &&
		    sv_eq(pick_text(entry, "id"), sv_str(target->id)))
			return entry;
	}
	return NULL;
}

struct sv target_tag(const struct json *root, const struct target *target)
{
	return pick_text(entry_of(root, target), "etag");
}

void target_intent(const struct json *root, const struct target *target,
		   struct intent *intent_r)
{
	const struct json *entry = entry_of(root, target);
	struct json_problem p;

	memset(intent_r, 0, sizeof(*intent_r));
	if (entry && intent_decode_known(entry, intent_r, &p) == 0)
		return;
	memset(intent_r, 0, sizeof(*intent_r));
	intent_r->scope = target->scope;
	memcpy(intent_r->id, target->id, sizeof(intent_r->id));
}
