/*
 * access.c - see the header. Main loop.
 */
#include "registry/access.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/access_cookie.h"
#include "registry/access_limit.h"
#include "registry/api.h"

#define SECRET_RANDOM_BYTES 32

struct access {
	struct access_tokens tokens;
	struct access_sessions sessions;
	struct access_limit limit;
	struct access_counters counters;
};

struct access *access_new(void)
{
	struct access *access = mem_alloc(sizeof(*access));

	access_token_init(&access->tokens);
	return access;
}

void access_free(struct access **access)
{
	mem_free(*access);
	*access = NULL;
}

static int load(struct access_tokens *tokens,
		const struct registry_settings *settings, struct buf *why)
{
	char storage[REGISTRY_CONF_PATH_BYTES + 16], rule_storage[256];
	struct buf path, rule;
	const char *at;
	int rc;

	buf_init_fixed(&path, storage, sizeof(storage));
	buf_init_fixed(&rule, rule_storage, sizeof(rule_storage));
	buf_printf(&path, "%s/admin.token", settings->state_dir);
	at = buf_cstr(&path);
	rc = access_token_read_own(tokens, at, &rule);
	if (rc == 0 && settings->tokens_file[0]) {
		at = settings->tokens_file;
		rc = access_token_read_file(tokens, at, &rule);
	}
	if (rc != 0)
		buf_printf(why, "%s: %s", at, buf_cstr(&rule));
	return rc;
}

int access_load(struct access *access, const struct registry_settings *settings,
		struct buf *why)
{
	struct access_tokens *fresh = mem_alloc(sizeof(*fresh));
	int rc;

	*fresh = access->tokens;
	access_token_clear(fresh);
	rc = load(fresh, settings, why);
	if (rc == 0) {
		access->tokens = *fresh;
		access_session_keep_only(&access->sessions, fresh);
	}
	mem_free(fresh);
	return rc;
}

static struct access_who who_of(const char *name, enum access_role role,
				enum access_via via)
{
	struct access_who who = {.role = role, .via = via};
	int rc = sv_copy(sv_str(name), who.name, sizeof(who.name));

	(void)rc; /* a token's name fits */
	return who;
}

/* The session that the cookie names, or NULL. */
static const struct access_session *session_of(const struct access *access,
					       const struct httpd_request *req)
{
	struct sv cookie = access_cookie_find(httpd_header(req, SV("cookie")),
					      SV(ACCESS_COOKIE_NAME));
	struct access_digest id;

	if (cookie.len == 0)
		return NULL;
	id = access_token_digest(&access->tokens, cookie);
	return access_session_find(&access->sessions, &id, req->now_ms);
}

/* The token that is shown, unless the address has to wait. */
static int check_token(struct access *access, const struct httpd_request *req,
		       struct sv text, const struct access_token **token_r)
{
	if (access_limit_is_barred(&access->limit, &req->peer, req->now_ms)) {
		access->counters.barred++;
		return ERR_LIMIT;
	}
	*token_r = access_token_find(&access->tokens, text);
	if (*token_r)
		return 0;
	access_limit_note_bad(&access->limit, &req->peer, req->now_ms);
	return ERR_DENIED;
}

int access_who(struct access *access, const struct registry_settings *settings,
	       const struct httpd_request *req, struct access_who *who_r)
{
	struct sv bearer = api_bearer(req);
	const struct access_session *session;
	const struct access_token *token;
	enum access_role role = ACCESS_NONE;
	int rc;

	if (bearer.ptr) {
		rc = check_token(access, req, bearer, &token);
		access->counters.bad_bearers += rc == ERR_DENIED;
		if (rc == 0)
			*who_r = who_of(token->name, token->role, ACCESS_TOKEN);
		return rc;
	}
	session = session_of(access, req);
	if (session) {
		*who_r = who_of(session->grant.name, session->grant.role,
				ACCESS_COOKIE);
		return 0;
	}
	rc = access_role_parse(sv_str(settings->anonymous_role), &role);
	(void)rc; /* checked with the settings */
	*who_r = who_of("", role, ACCESS_ANONYMOUS);
	return 0;
}

/* ---- logging in ---- */

static struct access_grant grant_of(const struct access_token *token)
{
	struct access_grant grant = {.role = token->role,
				     .origin = token->digest};

	memcpy(grant.name, token->name, sizeof(grant.name));
	return grant;
}

static void make_secret(char secret_r[ACCESS_SECRET_BYTES])
{
	uint8_t random[SECRET_RANDOM_BYTES];
	struct buf text;

	crypto_random(random, sizeof(random));
	buf_init_fixed(&text, secret_r, ACCESS_SECRET_BYTES);
	crypto_b64url_put(&text, sv_of(random, sizeof(random)));
	(void)buf_cstr(&text); /* 43 characters and the NUL fit */
}

static int check_proof(struct access *access, const struct httpd_request *req,
		       const struct access_proof *proof,
		       struct access_grant *grant_r)
{
	const struct access_token *token;
	struct access_digest id;
	int rc;

	if (proof->token.len > 0) {
		rc = check_token(access, req, proof->token, &token);
		if (rc == 0)
			*grant_r = grant_of(token);
		return rc;
	}
	if (access_limit_is_barred(&access->limit, &req->peer, req->now_ms)) {
		access->counters.barred++;
		return ERR_LIMIT;
	}
	id = access_token_digest(&access->tokens, proof->code);
	rc = access_session_use_code(&access->sessions, &id, req->now_ms,
				     grant_r);
	if (rc == 0)
		return 0;
	access_limit_note_bad(&access->limit, &req->peer, req->now_ms);
	return ERR_DENIED;
}

int access_log_in(struct access *access, const struct httpd_request *req,
		  const struct access_proof *proof, int64_t ttl_ms,
		  struct access_login *login_r)
{
	struct access_grant grant;
	struct access_digest id;
	int rc = check_proof(access, req, proof, &grant);

	access->counters.bad_logins += rc == ERR_DENIED;
	if (rc != 0)
		return rc;
	make_secret(login_r->secret);
	login_r->who = who_of(grant.name, grant.role, ACCESS_COOKIE);
	id = access_token_digest(&access->tokens, sv_str(login_r->secret));
	access_session_open(&access->sessions, &grant, &id, req->now_ms,
			    ttl_ms);
	access->counters.logins++;
	return 0;
}

void access_log_out(struct access *access, const struct httpd_request *req)
{
	const struct access_session *session = session_of(access, req);
	struct access_digest id;

	if (!session)
		return;
	id = session->id;
	access_session_close(&access->sessions, &id);
}

int access_make_code(struct access *access, const struct httpd_request *req,
		     struct sv name, enum access_role role,
		     char code_r[ACCESS_SECRET_BYTES])
{
	const struct access_session *session = session_of(access, req);
	struct sv bearer = api_bearer(req);
	const struct access_token *token =
		bearer.ptr ? access_token_find(&access->tokens, bearer) : NULL;
	struct access_grant grant;
	struct access_digest id;

	if (!token && !session)
		return ERR_DENIED;
	grant = token ? grant_of(token) : session->grant;
	if (role > grant.role ||
	    sv_copy(name, grant.name, sizeof(grant.name)) != 0)
		return ERR_DENIED;
	grant.role = role;
	make_secret(code_r);
	id = access_token_digest(&access->tokens, sv_str(code_r));
	access_session_add_code(&access->sessions, &grant, &id, req->now_ms);
	access->counters.codes++;
	return 0;
}

unsigned access_sessions(const struct access *access, int64_t now_ms)
{
	return access_session_count(&access->sessions, now_ms);
}

const struct access_counters *access_counters(const struct access *access)
{
	return &access->counters;
}

/* ---- whose page ---- */

bool access_is_own_origin(const struct registry_settings *settings,
			  const struct httpd_request *req)
{
	struct sv scheme = settings->admin_tls ? SV("https://") : SV("http://");
	struct sv origin = httpd_header(req, SV("origin"));
	struct sv host = httpd_header(req, SV("host"));

	if (!origin.ptr)
		return true;
	return sv_starts(origin, scheme) &&
	       sv_eq_nocase(
		       sv_of(origin.ptr + scheme.len, origin.len - scheme.len),
		       host);
}

/* Without the port; an IPv6 address keeps its brackets, and one that is not
 * closed is no name. */
static struct sv name_of(struct sv host)
{
	struct sv rest = host, name;

	if (!sv_starts(host, SV("[")))
		return sv_cut(&rest, ':');
	name = sv_cut(&rest, ']');
	return name.len < host.len ? sv_of(name.ptr, name.len + 1) : SV("");
}

static bool is_address(struct sv name)
{
	struct addr addr;

	if (sv_starts(name, SV("[")) && name.len >= 2)
		name = sv_of(name.ptr + 1, name.len - 2);
	return addr_parse(name, &addr) == 0;
}

bool access_is_known_host(const struct registry_settings *settings,
			  struct sv host)
{
	struct sv name = name_of(host);

	if (host.len == 0 || is_address(name) ||
	    sv_eq_nocase(name, SV("localhost")))
		return true;
	for (unsigned i = 0; i < settings->admin_hosts.count; i++) {
		if (sv_eq_nocase(name, sv_str(settings->admin_hosts.items[i])))
			return true;
	}
	return false;
}
