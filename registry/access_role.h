/*
 * access_role.h - what somebody may do on the admin listener, and who it is.
 * Pure.
 */
#ifndef PERI_REGISTRY_ACCESS_ROLE_H
#define PERI_REGISTRY_ACCESS_ROLE_H

#include "lib/base/sv.h"

#define ACCESS_NAME_BYTES 65 /* 64 characters and the NUL */

/* Each may all that the ones before may. */
enum access_role {
	ACCESS_NONE,	 /* the page itself, to log in */
	ACCESS_VIEWER,	 /* reads */
	ACCESS_OPERATOR, /* changes the fleet */
	ACCESS_ADMIN,	 /* lets others in */
};

enum access_via { ACCESS_ANONYMOUS, ACCESS_COOKIE, ACCESS_TOKEN };

/* Who makes a request. Plain data. */
struct access_who {
	char name[ACCESS_NAME_BYTES]; /* "" = anonymous */
	enum access_role role;
	enum access_via via;
};

/* access_role_str - "none", "viewer", "operator", "admin". */
const char *access_role_str(enum access_role role);
/* access_role_parse - the reverse. Returns 0 or ERR_SYNTAX. */
MUST_CHECK int access_role_parse(struct sv text, enum access_role *role_r);
/* access_role_via_str - "anonymous", "cookie", "token". */
const char *access_role_via_str(enum access_via via);

#endif
