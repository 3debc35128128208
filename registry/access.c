/*
 * access.c - see the header. Main loop.
 */
#include "registry/access.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/api.h"

struct access {
	struct access_tokens tokens;
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
	if (rc == 0)
		access->tokens = *fresh;
	mem_free(fresh);
	return rc;
}

static void be(struct access_who *who, const char *name, enum access_role role,
	       enum access_via via)
{
	int rc = sv_copy(sv_str(name), who->name, sizeof(who->name));

	(void)rc; /* a token's name fits */
	who->role = role;
	who->via = via;
}

int access_who(struct access *access, const struct registry_settings *settings,
	       const struct httpd_request *req, struct access_who *who_r)
{
	struct sv bearer = api_bearer(req);
	const struct access_token *token;
	enum access_role role = ACCESS_NONE;
	int rc;

	if (bearer.ptr) {
		token = access_token_find(&access->tokens, bearer);
		if (!token)
			return ERR_DENIED;
		be(who_r, token->name, token->role, ACCESS_TOKEN);
		return 0;
	}
	rc = access_role_parse(sv_str(settings->anonymous_role), &role);
	(void)rc; /* checked with the settings */
	be(who_r, "", role, ACCESS_ANONYMOUS);
	return 0;
}

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

/* Without the port; an IPv6 address keeps its brackets. */
static struct sv name_of(struct sv host)
{
	struct sv name = host;

	if (sv_starts(host, SV("["))) {
		name = sv_cut(&host, ']');
		return sv_of(name.ptr, name.len + 1);
	}
	return sv_cut(&name, ':');
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
