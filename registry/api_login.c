/*
 * api_login.c - see the header. Secrets are in bodies and cookies only, never
 * in a log line. Loop thread.
 */
#include "registry/api_login.h"

#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "registry/api.h"
#include "registry/audit.h"

#define BODY_BYTES_MAX 4096

/* What a body may say; "" = not said. */
struct proof_body {
	char token[ACCESS_TOKEN_CHARS_MAX + 1], code[ACCESS_SECRET_BYTES];
};

struct code_body {
	char role[16], name[ACCESS_NAME_BYTES];
};

#define AT(type, member)                                                       \
	.offset = offsetof(struct type, member),                               \
	.size = sizeof(((struct type *)NULL)->member)

static const struct json_field proof_fields[] = {
	{.name = "token", .kind = JSON_TEXT, AT(proof_body, token)},
	{.name = "code", .kind = JSON_TEXT, AT(proof_body, code)},
};
static const struct json_table proof_table = {.fields = proof_fields,
					      .count = ARRAY_LEN(proof_fields)};

static const struct json_field code_fields[] = {
	{.name = "role",
	 .kind = JSON_TEXT,
	 AT(code_body, role),
	 .required = true},
	{.name = "name", .kind = JSON_TEXT, AT(code_body, name)},
};
static const struct json_table code_table = {.fields = code_fields,
					     .count = ARRAY_LEN(code_fields)};

/* Whether the body is as @table says; else it has been refused. */
static bool read_body(const struct api_call *call,
		      const struct json_table *table, void *out)
{
	struct json_problem p;

	if (call->req->body.len > BODY_BYTES_MAX) {
		api_refuse(call, REFUSAL_TOO_LONG, NULL);
		return false;
	}
	if (json_decode_text(call->req->body, table, out, &p) == 0)
		return true;
	api_refuse_body(call, &p);
	return false;
}

/* At a bounded rate, so that nobody fills the audit; and what is refused has a
 * rate of its own, so that strangers cannot hide who came in. */
static void audit(const struct api_call *call, const char *action,
		  const struct access_who *who, const char *reason)
{
	struct registry *r = call->registry;
	char from[ADDR_TEXT_MAX];
	struct audit_event event = {
		.actor = {who->name[0] ? who->name : "anonymous",
			  access_role_str(who->role),
			  addr_text(&call->req->peer, from)},
		.action = action,
		.target = "",
		.reason = reason,
		.wall_s = clk_wall_s(),
	};
	struct log_rate *rate = strcmp(action, "login.refused") == 0
					? &r->refused_login_audit
					: &r->login_audit;
	uint32_t dropped;

	if (log_rate_pass(rate, call->req->now_ms, &dropped))
		audit_write(r->audit, r->store, &event);
}

/* ---- in ---- */

static void put_cookie(struct buf *headers, const struct api_call *call,
		       const char *secret, int64_t ttl_s)
{
	buf_str(headers, "Cache-Control: no-store\r\n");
	buf_printf(headers,
		   "Set-Cookie: " ACCESS_COOKIE_NAME
		   "=%s; Max-Age=%lld; Path=/; "
		   "HttpOnly; SameSite=Strict%s\r\n",
		   secret, (long long)ttl_s,
		   registry_settings_of(call->registry)->admin_tls ? "; Secure"
								   : "");
}

static void reply_login(const struct api_call *call,
			const struct access_login *login, int64_t ttl_s)
{
	char headers_storage[384], body_storage[256];
	struct buf headers, body;
	struct jsonw w;

	buf_init_fixed(&headers, headers_storage, sizeof(headers_storage));
	put_cookie(&headers, call, login->secret, ttl_s);
	buf_init_fixed(&body, body_storage, sizeof(body_storage));
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "name", login->who.name);
	jsonw_str(&w, "role", access_role_str(login->who.role));
	jsonw_i64(&w, "expires_s", ttl_s);
	jsonw_object_end(&w);
	httpd_reply(call->req, 200, API_JSON, buf_view(&headers),
		    buf_view(&body));
	explicit_bzero(headers_storage, sizeof(headers_storage));
}

static void log_in(const struct api_call *call,
		   const struct access_proof *proof)
{
	struct registry *r = call->registry;
	int64_t ttl_ms = registry_settings_of(r)->session_ttl_ms;
	struct access_login login;
	int rc = access_log_in(r->access, call->req, proof, ttl_ms, &login);

	if (rc == ERR_LIMIT) {
		api_refuse(call, REFUSAL_TOO_MANY_LOGINS, NULL);
	} else if (rc != 0) {
		audit(call, "login.refused", call->who,
		      proof->token.len > 0 ? "no such token" : "no such code");
		api_refuse(call, REFUSAL_UNAUTHORIZED,
			   "nobody has this token, or the code was used or is "
			   "too old");
	} else {
		audit(call, "login", &login.who,
		      proof->token.len > 0 ? "token" : "code");
		reply_login(call, &login, ttl_ms / 1000);
		explicit_bzero(&login, sizeof(login));
	}
}

void api_login_in(const struct api_call *call)
{
	struct proof_body body = {0};
	struct access_proof proof;

	if (!read_body(call, &proof_table, &body))
		return;
	proof = (struct access_proof){sv_str(body.token), sv_str(body.code)};
	if ((proof.token.len > 0) == (proof.code.len > 0))
		api_refuse(call, REFUSAL_MISSING_FIELD,
			   "give either token or code");
	else
		log_in(call, &proof);
	explicit_bzero(&body, sizeof(body));
}

/* ---- out ---- */

void api_login_out(const struct api_call *call)
{
	char storage[256];
	struct buf headers;

	if (call->who->via == ACCESS_COOKIE) {
		audit(call, "logout", call->who, "");
		access_log_out(call->registry->access, call->req);
		viewer_hub_end_all(call->registry->viewers);
	}
	buf_init_fixed(&headers, storage, sizeof(storage));
	put_cookie(&headers, call, "", 0);
	httpd_reply(call->req, 200, API_JSON, buf_view(&headers), SV("{}\n"));
}

/* ---- codes ---- */

/* Where the page takes it from: what stands behind '#' is sent to nobody. */
static void put_url(struct jsonw *w, const struct api_call *call,
		    const char *code)
{
	bool tls = registry_settings_of(call->registry)->admin_tls;
	struct sv host = httpd_header(call->req, SV("host"));
	char storage[512];
	struct buf url;

	buf_init_fixed(&url, storage, sizeof(storage));
	buf_str(&url, tls ? "https://" : "http://");
	buf_sv(&url, host);
	buf_str(&url, "/#login=");
	buf_str(&url, code);
	jsonw_text(w, "url", buf_view(&url));
}

static void reply_code(const struct api_call *call, const char *code)
{
	char storage[1024];
	struct buf body;
	struct jsonw w;

	buf_init_fixed(&body, storage, sizeof(storage));
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "code", code);
	jsonw_i64(&w, "expires_s", ACCESS_SESSION_CODE_MS / 1000);
	put_url(&w, call, code);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	explicit_bzero(storage, sizeof(storage));
}

/* Who is let in as what. */
static void audit_code(const struct api_call *call, const char *role,
		       struct sv name)
{
	char storage[ACCESS_NAME_BYTES + 32];
	struct buf reason;

	buf_init_fixed(&reason, storage, sizeof(storage));
	buf_str(&reason, role);
	buf_str(&reason, " for ");
	buf_sv(&reason, name);
	audit(call, "login.code", call->who, buf_cstr(&reason));
}

void api_login_code(const struct api_call *call)
{
	struct code_body body = {0};
	enum access_role role = ACCESS_NONE;
	char code[ACCESS_SECRET_BYTES];
	struct sv name;
	int rc;

	if (!read_body(call, &code_table, &body))
		return;
	if (access_role_parse(sv_str(body.role), &role) != 0 ||
	    role == ACCESS_NONE) {
		api_refuse(call, REFUSAL_OUT_OF_RANGE,
			   "role must be viewer, operator or admin");
		return;
	}
	name = sv_str(body.name[0] ? body.name : call->who->name);
	if (!access_token_is_name(name)) {
		api_refuse(call, REFUSAL_OUT_OF_RANGE,
			   "name must be 1-64 letters, digits or - . _ @");
		return;
	}
	rc = access_make_code(call->registry->access, call->req, name, role,
			      code);
	if (rc == 0) {
		audit_code(call, body.role, name);
		reply_code(call, code);
	} else {
		api_refuse(call, REFUSAL_FORBIDDEN, NULL);
	}
	explicit_bzero(code, sizeof(code));
}

/* ---- who ---- */

void api_login_whoami(const struct api_call *call)
{
	const struct access_who *who = call->who;
	char storage[256];
	struct buf body;
	struct jsonw w;

	buf_init_fixed(&body, storage, sizeof(storage));
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "name", who->name);
	jsonw_str(&w, "role", access_role_str(who->role));
	jsonw_str(&w, "via", access_role_via_str(who->via));
	jsonw_object(&w, "may");
	jsonw_bool(&w, "read", who->role >= ACCESS_VIEWER);
	jsonw_bool(&w, "operate", who->role >= ACCESS_OPERATOR);
	jsonw_bool(&w, "admin", who->role >= ACCESS_ADMIN);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
}
