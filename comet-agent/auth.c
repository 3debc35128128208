/*
 * auth.c - goim's auth body by table, then the mode's rule. No state.
 */
#include "comet-agent/auth.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/proto/json.h"

#define CAPS_MAX 16

/* The body as it came. */
struct claim {
	struct auth_identity identity;
	int64_t mid;
	char token[TOKEN_TEXT_MAX + 1];
};

static int decode_accepts(const struct json *value, void *member,
			  struct json_problem *p)
{
	struct auth_identity *identity =
		CONTAINER_OF(member, struct auth_identity, accepts);
	size_t count = json_array_len(value);
	int64_t op;

	if (!json_is_array(value))
		return json_problem_set(p, ERR_TYPE, "", "must be an array");
	if (count > AUTH_ACCEPTS_MAX)
		return json_problem_set(p, ERR_TOOBIG, "", "at most %d ops",
					AUTH_ACCEPTS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (json_get_i64(json_array_at(value, i), &op) ||
		    op < INT32_MIN || op > INT32_MAX)
			return json_problem_set(p, ERR_TYPE, "",
						"must be 32-bit numbers");
		identity->accepts[i] = (int32_t)op;
	}
	identity->accept_count = (uint8_t)count;
	return 0;
}

static int decode_caps(const struct json *value, void *member,
		       struct json_problem *p)
{
	size_t count = json_array_len(value);
	struct sv cap;

	if (!json_is_array(value))
		return json_problem_set(p, ERR_TYPE, "", "must be an array");
	if (count > CAPS_MAX)
		return json_problem_set(p, ERR_TOOBIG, "", "at most %d",
					CAPS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (json_get_text(json_array_at(value, i), &cap))
			return json_problem_set(p, ERR_TYPE, "",
						"must be texts");
		/* What we do not know the client does without. */
		if (sv_eq(cap, SV("goodbye")))
			*(bool *)member = true;
	}
	return 0;
}

#define AT(member) offsetof(struct claim, member)
#define TEXT_FIELD(json_name, member)                                          \
	{                                                                      \
		.name = json_name, .kind = JSON_TEXT, .offset = AT(member),    \
		.size = sizeof(((struct claim *)0)->member)                    \
	}

static const struct json_field fields[] = {
	{.name = "mid",
	 .kind = JSON_I64,
	 .offset = AT(mid),
	 .size = sizeof(int64_t)},
	TEXT_FIELD("key", identity.key),
	TEXT_FIELD("room_id", identity.room),
	TEXT_FIELD("platform", identity.platform),
	TEXT_FIELD("token", token),
	{.name = "accepts",
	 .kind = JSON_CUSTOM,
	 .offset = AT(identity.accepts),
	 .decode = decode_accepts},
	{.name = "caps",
	 .kind = JSON_CUSTOM,
	 .offset = AT(identity.wants_goodbye),
	 .decode = decode_caps},
};
static const struct json_table table = {fields, ARRAY_LEN(fields), true};

/* RFC 9562 version 4, as goim's server makes for a client without a key. */
static void make_key(char *key_r)
{
	uint8_t bytes[16];
	struct buf b;

	crypto_random(bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	buf_init_fixed(&b, key_r, DIRECTORY_KEY_BYTES);
	for (unsigned i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_char(&b, '-');
		buf_hex(&b, bytes[i], 2);
	}
	buf_cstr(&b);
}

/* goim's member id; 0 is an anonymous visitor. */
static void take_mid(struct claim *claim)
{
	struct buf b;

	claim->identity.proof = DIRECTORY_KEY_PROVED;
	if (claim->mid == 0)
		return;
	buf_init_fixed(&b, claim->identity.user, sizeof(claim->identity.user));
	buf_i64(&b, claim->mid);
	buf_cstr(&b);
}

static enum auth_verdict of_token(enum token_verdict verdict)
{
	static const enum auth_verdict map[TOKEN_VERDICT_COUNT] = {
		[TOKEN_OK] = AUTH_OK,
		[TOKEN_MALFORMED] = AUTH_TOKEN_MALFORMED,
		[TOKEN_WRONG_ALGORITHM] = AUTH_TOKEN_WRONG_ALGORITHM,
		[TOKEN_BAD_SIGNATURE] = AUTH_TOKEN_BAD_SIGNATURE,
		[TOKEN_EXPIRED] = AUTH_TOKEN_EXPIRED,
		[TOKEN_NOT_YET] = AUTH_TOKEN_NOT_YET,
		[TOKEN_WRONG_NODE] = AUTH_TOKEN_WRONG_NODE,
	};

	return map[verdict];
}

/* A token that names a device proves the key; the body may only repeat it. */
static enum auth_verdict take_device(struct auth_identity *identity,
				     const char *device)
{
	identity->proof = DIRECTORY_KEY_CLAIMED;
	if (device[0] == '\0')
		return AUTH_OK;
	if (identity->key[0] && strcmp(identity->key, device) != 0)
		return AUTH_KEY_MISMATCH;
	identity->proof = DIRECTORY_KEY_PROVED;
	return sv_copy(sv_str(device), identity->key, sizeof(identity->key))
		       ? AUTH_TOO_LONG
		       : AUTH_OK;
}

static enum auth_verdict take_token(const struct auth_config *config,
				    struct claim *claim, int64_t now_wall_s)
{
	struct auth_identity *identity = &claim->identity;
	struct token_claims claims;
	enum token_verdict verdict;

	if (claim->token[0] == '\0')
		return AUTH_NO_TOKEN;
	verdict = token_verify_hs256(sv_str(claim->token), config->secret,
				     config->node_id, now_wall_s, &claims);
	if (verdict != TOKEN_OK)
		return of_token(verdict);
	if (sv_copy(sv_str(claims.subject), identity->user,
		    sizeof(identity->user)))
		return AUTH_TOO_LONG;
	return take_device(identity, claims.device);
}

enum auth_verdict auth_check(const struct auth_config *config, struct sv body,
			     int64_t now_wall_s,
			     struct auth_identity *identity_r)
{
	enum auth_verdict verdict = AUTH_OK;
	struct json_problem problem = {0};
	struct claim claim;

	memset(&claim, 0, sizeof(claim));
	if (json_decode_text(body, &table, &claim, &problem))
		return problem.rc == ERR_TOOBIG ? AUTH_TOO_LONG
						: AUTH_MALFORMED;
	if (config->mode == AUTH_TOKEN)
		verdict = take_token(config, &claim, now_wall_s);
	else
		take_mid(&claim);
	if (verdict != AUTH_OK)
		return verdict;
	if (claim.identity.key[0] == '\0')
		make_key(claim.identity.key);
	*identity_r = claim.identity;
	return AUTH_OK;
}

const char *auth_verdict_str(enum auth_verdict verdict)
{
	static const char *const names[AUTH_VERDICT_COUNT] = {
		[AUTH_OK] = "ok",
		[AUTH_MALFORMED] = "malformed",
		[AUTH_TOO_LONG] = "too_long",
		[AUTH_NO_TOKEN] = "no_token",
		[AUTH_TOKEN_MALFORMED] = "token_malformed",
		[AUTH_TOKEN_WRONG_ALGORITHM] = "token_wrong_algorithm",
		[AUTH_TOKEN_BAD_SIGNATURE] = "token_bad_signature",
		[AUTH_TOKEN_EXPIRED] = "token_expired",
		[AUTH_TOKEN_NOT_YET] = "token_not_yet",
		[AUTH_TOKEN_WRONG_NODE] = "token_wrong_node",
		[AUTH_KEY_MISMATCH] = "key_mismatch",
		[AUTH_KEY_TAKEN] = "key_taken",
	};

	return names[verdict];
}
