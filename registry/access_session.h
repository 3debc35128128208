/*
 * access_session.h - who has logged in with a browser, and the codes that let
 * somebody in once. Both hang on the token that they come from: without it
 * they end. In memory only, and there only digests. Pure.
 */
#ifndef PERI_REGISTRY_ACCESS_SESSION_H
#define PERI_REGISTRY_ACCESS_SESSION_H

#include "registry/access_token.h"

#define ACCESS_SESSION_MAX     256 /* more: the one that ends first ends */
#define ACCESS_SESSION_CODES   64  /* unused ones */
#define ACCESS_SESSION_CODE_MS 600000

/* What somebody may, and by which token. */
struct access_grant {
	char name[ACCESS_NAME_BYTES];
	enum access_role role;
	struct access_digest origin; /* the token's */
};

struct access_session {
	struct access_grant grant;
	struct access_digest id;
	int64_t until_ms; /* 0 = the entry is free */
};

struct access_sessions {
	struct access_session sessions[ACCESS_SESSION_MAX];
	struct access_session codes[ACCESS_SESSION_CODES];
};

/* access_session_open - @grant holds for who shows the secret behind @id. */
void access_session_open(struct access_sessions *sessions,
			 const struct access_grant *grant,
			 const struct access_digest *id, int64_t now_ms,
			 int64_t ttl_ms);
/* access_session_find - borrowed until the next change, or NULL. */
const struct access_session *
access_session_find(const struct access_sessions *sessions,
		    const struct access_digest *id, int64_t now_ms);
/* access_session_close - no harm when there is none. */
void access_session_close(struct access_sessions *sessions,
			  const struct access_digest *id);
/* access_session_count - those in force. */
unsigned access_session_count(const struct access_sessions *sessions,
			      int64_t now_ms);

/* access_session_add_code - for ACCESS_SESSION_CODE_MS; the one that ends first
 * goes when there are too many. */
void access_session_add_code(struct access_sessions *sessions,
			     const struct access_grant *grant,
			     const struct access_digest *id, int64_t now_ms);
/* access_session_use_code - what the code gives; it is none afterwards. Returns
 * 0 or ERR_NOTFOUND. */
MUST_CHECK int access_session_use_code(struct access_sessions *sessions,
				       const struct access_digest *id,
				       int64_t now_ms,
				       struct access_grant *grant_r);

/* access_session_keep_only - end all whose token is not one of @tokens, or has
 * a lower role by now. */
void access_session_keep_only(struct access_sessions *sessions,
			      const struct access_tokens *tokens);

#endif
