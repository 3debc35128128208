/*
 * target.h - which node or region somebody means. Pure.
 */
#ifndef PERI_CLIENT_CLI_TARGET_H
#define PERI_CLIENT_CLI_TARGET_H

#include "lib/proto/intent.h"

struct target {
	enum intent_scope scope;
	char id[NODE_ID_BYTES];
};

/*
 * target_find - @text in the registry's state @root.
 *
 * @text  "node/ID", "region/ID" (taken as they are, also when there is no such
 *	  thing yet), or an ID that there is
 * @why	  out: why not, for people
 *
 * Returns 0, ERR_SYNTAX, ERR_NOTFOUND, or ERR_EXISTS when it is both.
 */
MUST_CHECK int target_find(const struct json *root, struct sv text,
			   struct target *target_r, struct buf *why);

/* target_member - the node or region of the state, or NULL. */
const struct json *target_member(const struct json *root,
				 enum intent_scope scope, struct sv id);

/* target_intent - what is wanted of it now; all zero for nothing. */
void target_intent(const struct json *root, const struct target *target,
		   struct intent *intent_r);

/* target_tag - the entity tag of what is wanted of it, for If-Match: borrowed
 * from @root, empty for nothing. */
struct sv target_tag(const struct json *root, const struct target *target);

#endif
