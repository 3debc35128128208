/*
 * access.h - who makes a request on the admin listener, and whether a page of
 * another site made it. Main loop.
 */
#ifndef PERI_REGISTRY_ACCESS_H
#define PERI_REGISTRY_ACCESS_H

#include "lib/net/httpd.h"
#include "registry/access_token.h"
#include "registry/registry_conf.h"

struct access;

/* access_new - nobody may anything yet; owned by the caller. */
struct access *access_new(void);
void access_free(struct access **access);

/*
 * access_load - read the tokens that @settings name, STATE_DIR/admin.token
 * among them, which is made when it is missing.
 *
 * @why  out: which file and what is wrong with it
 *
 * Returns 0 or why not; then the tokens of before stay in force.
 */
MUST_CHECK int access_load(struct access *access,
			   const struct registry_settings *settings,
			   struct buf *why);

/*
 * access_who - who makes @req: its bearer token, else its session, else the
 * anonymous role.
 *
 * Returns 0 and *@who_r, or ERR_DENIED for a token that is none.
 */
MUST_CHECK int access_who(struct access *access,
			  const struct registry_settings *settings,
			  const struct httpd_request *req,
			  struct access_who *who_r);

/* access_is_own_origin - whether the header Origin, if there is one, names the
 * page that this listener itself serves. */
bool access_is_own_origin(const struct registry_settings *settings,
			  const struct httpd_request *req);

/* access_is_known_host - whether the name in the header Host is an address,
 * localhost or one of admin_hosts. A page that made its own name point here
 * (DNS rebinding) is told apart by it. */
bool access_is_known_host(const struct registry_settings *settings,
			  struct sv host);

#endif
