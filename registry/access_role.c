/*
 * access_role.c - the roles' names. Pure.
 */
#include "registry/access_role.h"

#include "lib/base/err.h"

static const char *const names[] = {
	[ACCESS_NONE] = "none",
	[ACCESS_VIEWER] = "viewer",
	[ACCESS_OPERATOR] = "operator",
	[ACCESS_ADMIN] = "admin",
};

const char *access_role_str(enum access_role role)
{
	return names[role];
}

int access_role_parse(struct sv text, enum access_role *role_r)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!sv_eq(text, sv_str(names[i])))
			continue;
		*role_r = (enum access_role)i;
		return 0;
	}
	return ERR_SYNTAX;
}

const char *access_role_via_str(enum access_via via)
{
	switch (via) {
	case ACCESS_COOKIE:
		return "cookie";
	case ACCESS_TOKEN:
		return "token";
	case ACCESS_ANONYMOUS:
		break;
	}
	return "anonymous";
}
