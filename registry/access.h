/*
 * access.h - who makes a request on the admin listener, and whether a page of
 * another site made it. Main loop.
 */
#ifndef PERI_REGISTRY_ACCESS_H
#define PERI_REGISTRY_ACCESS_H

#include "lib/net/httpd.h"
#include "registry/access_session.h"
#include "registry/registry_conf.h"

#define ACCESS_COOKIE_NAME  "peri_session"
#define ACCESS_SECRET_BYTES 64 /* of a session's id or a code, as text */

struct access;

struct access_counters {
	uint64_t logins;      /* sessions opened */
	uint64_t codes;	      /* given out */
	uint64_t bad_logins;  /* no such token or code */
	uint64_t bad_bearers; /* no such token */
	uint64_t barred;      /* not looked at: too many bad ones before */
};

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
 * anonymous role. A session that is over is none.
 *
 * Returns 0 and *@who_r; ERR_DENIED for a bearer token that is none; ERR_LIMIT
 * when the address has to wait.
 */
MUST_CHECK int access_who(struct access *access,
			  const struct registry_settings *settings,
			  const struct httpd_request *req,
			  struct access_who *who_r);

/* What a person logs in with: one of both. */
struct access_proof {
	struct sv token, code;
};

/* A session that was opened. */
struct access_login {
	struct access_who who;
	char secret[ACCESS_SECRET_BYTES]; /* the cookie's value */
};

/*
 * access_log_in - open a session for @ttl_ms.
 *
 * Returns 0; ERR_DENIED when the proof is none; ERR_LIMIT when the address has
 * to wait.
 */
MUST_CHECK int access_log_in(struct access *access,
			     const struct httpd_request *req,
			     const struct access_proof *proof, int64_t ttl_ms,
			     struct access_login *login_r);
/* access_log_out - the session of @req ends, if there is one. */
void access_log_out(struct access *access, const struct httpd_request *req);

/*
 * access_make_code - a code that lets somebody in once, with @role.
 *
 * @req	    by whom: it has a bearer token or a session, whose token the code
 *	    hangs on
 * @name    who it is for
 *
 * Returns 0, or ERR_DENIED when @req has neither, or a lower role.
 */
MUST_CHECK int access_make_code(struct access *access,
				const struct httpd_request *req, struct sv name,
				enum access_role role,
				char code_r[ACCESS_SECRET_BYTES]);

/* access_sessions - sessions in force. */
unsigned access_sessions(const struct access *access, int64_t now_ms);
/* access_counters - borrowed, always current. */
const struct access_counters *access_counters(const struct access *access);

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
