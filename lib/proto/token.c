/*
 * token.c - compact JSON Web Tokens with HS256. Invariant: no claim is parsed
 * before the signature over it was found right; of an unproved token only the
 * header is read, because it names the algorithm.
 */
#include "lib/proto/token.h"

#include <math.h>
#include <stddef.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/proto/json.h"
#include "lib/proto/jsonw.h"

#define SKEW_S	   30
/* Times beyond 2^53 seconds are no times; within it doubles are exact. */
#define TIME_MAX_S 9007199254740992.0

struct parts {
	struct sv header, payload, signature; /* base64url */
	struct sv proved;		      /* header "." payload */
};

struct header {
	char algorithm[16];
};

static int split(struct sv text, struct parts *parts_r)
{
	struct sv rest = text;

	if (text.len == 0 || text.len > TOKEN_TEXT_MAX)
		return ERR_TOOBIG;
	parts_r->header = sv_cut(&rest, '.');
	parts_r->payload = sv_cut(&rest, '.');
	parts_r->signature = rest;
	if (parts_r->header.len == 0 || parts_r->payload.len == 0)
		return ERR_SYNTAX;
	parts_r->proved =
		sv_of(text.ptr, parts_r->header.len + 1 + parts_r->payload.len);
	/* A fourth part shows as a '.' that base64url does not know; an empty
	 * signature as a wrong one, once the header said which is due. */
	return 0;
}

static int refuse_critical(const struct json *value, void *member,
			   struct json_problem *p)
{
	(void)value;
	(void)member;
	/* RFC 7515 section 4.1.11: extensions not understood are refused. */
	return json_problem_set(p, ERR_UNSUPPORTED, "",
				"critical extensions are not supported");
}

/* "alg" only: an over-long name is a wrong algorithm, too. */
static enum token_verdict check_header(struct sv encoded)
{
	static const struct json_field fields[] = {
		{.name = "alg",
		 .kind = JSON_TEXT,
		 .offset = offsetof(struct header, algorithm),
		 .size = sizeof(((struct header *)0)->algorithm),
		 .required = true},
		{.name = "crit",
		 .kind = JSON_CUSTOM,
		 .decode = refuse_critical},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						true};
	char text[TOKEN_TEXT_MAX];
	struct header header = {{0}};
	struct json_problem problem = {0};
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	if (crypto_b64url_get(&b, encoded))
		return TOKEN_MALFORMED;
	if (json_decode_text(buf_view(&b), &table, &header, &problem))
		return problem.rc == ERR_TOOBIG ? TOKEN_WRONG_ALGORITHM
						: TOKEN_MALFORMED;
	return sv_eq(sv_str(header.algorithm), SV("HS256"))
		       ? TOKEN_OK
		       : TOKEN_WRONG_ALGORITHM;
}

static enum token_verdict check_signature(const struct parts *parts,
					  struct sv key)
{
	uint8_t given[CRYPTO_SHA256_BYTES], want[CRYPTO_SHA256_BYTES];
	struct buf b;

	buf_init_fixed(&b, given, sizeof(given));
	if (parts->signature.len == 0)
		return TOKEN_MALFORMED;
	if (crypto_b64url_get(&b, parts->signature))
		return TOKEN_MALFORMED;
	crypto_hmac_sha256(key, parts->proved, want);
	return crypto_equal(buf_view(&b), sv_of(want, sizeof(want)))
		       ? TOKEN_OK
		       : TOKEN_BAD_SIGNATURE;
}

/* NumericDate (RFC 7519 section 2): seconds, a fraction is allowed. */
static int decode_time(const struct json *value, void *member,
		       struct json_problem *p)
{
	double seconds;

	if (json_get_real(value, &seconds))
		return json_problem_set(p, ERR_TYPE, "", "must be a number");
	if (!(seconds >= 0 && seconds <= TIME_MAX_S))
		return json_problem_set(p, ERR_RANGE, "", "must be a time");
	*(int64_t *)member = (int64_t)floor(seconds);
	return 0;
}

/* An empty list would allow no node and be read as "any" by others: refused. */
static int decode_nodes(const struct json *value, void *member,
			struct json_problem *p)
{
	struct token_claims *claims =
		CONTAINER_OF(member, struct token_claims, nodes);
	size_t count = json_array_len(value);
	struct sv id;

	if (!json_is_array(value) || count == 0 || count > TOKEN_NODES_MAX)
		return json_problem_set(p, ERR_RANGE, "",
					"must be a list of 1..%d node ids",
					TOKEN_NODES_MAX);
	for (size_t i = 0; i < count; i++)
		if (json_get_text(json_array_at(value, i), &id) ||
		    id.len == 0 || memchr(id.ptr, 0, id.len) ||
		    sv_copy(id, claims->nodes[i], sizeof(claims->nodes[i])))
			return json_problem_set(p, ERR_TYPE, "",
						"must be node ids");
	claims->node_count = (unsigned)count;
	return 0;
}

#define CLAIM(member)	    offsetof(struct token_claims, member)
#define CLAIM_BYTES(member) sizeof(((struct token_claims *)0)->member)

static const struct json_field claim_fields[] = {
	{.name = "sub",
	 .kind = JSON_TEXT,
	 .offset = CLAIM(subject),
	 .size = CLAIM_BYTES(subject),
	 .required = true,
	 .min = 1,
	 .max = CLAIM_BYTES(subject) - 1},
	{.name = "device",
	 .kind = JSON_TEXT,
	 .offset = CLAIM(device),
	 .size = CLAIM_BYTES(device)},
	{.name = "exp",
	 .kind = JSON_CUSTOM,
	 .offset = CLAIM(expires_wall_s),
	 .required = true,
	 .decode = decode_time},
	{.name = "nbf",
	 .kind = JSON_CUSTOM,
	 .offset = CLAIM(not_before_wall_s),
	 .decode = decode_time},
	{.name = "nodes",
	 .kind = JSON_CUSTOM,
	 .offset = CLAIM(nodes),
	 .decode = decode_nodes},
};
static const struct json_table claim_table = {claim_fields,
					      ARRAY_LEN(claim_fields), true};

static int decode_claims(struct sv encoded, struct token_claims *claims_r)
{
	char text[TOKEN_TEXT_MAX];
	struct json_problem problem = {0};
	struct buf b;

	memset(claims_r, 0, sizeof(*claims_r));
	buf_init_fixed(&b, text, sizeof(text));
	if (crypto_b64url_get(&b, encoded))
		return ERR_SYNTAX;
	return json_decode_text(buf_view(&b), &claim_table, claims_r, &problem);
}

static enum token_verdict check_claims(const struct token_claims *claims,
				       const char *node_id, int64_t now_wall_s)
{
	if (now_wall_s >= claims->expires_wall_s + SKEW_S)
		return TOKEN_EXPIRED;
	if (now_wall_s < claims->not_before_wall_s - SKEW_S)
		return TOKEN_NOT_YET;
	if (node_id[0] == '\0' || claims->node_count == 0)
		return TOKEN_OK;
	for (unsigned i = 0; i < claims->node_count; i++)
		if (sv_eq(sv_str(claims->nodes[i]), sv_str(node_id)))
			return TOKEN_OK;
	return TOKEN_WRONG_NODE;
}

enum token_verdict token_verify_hs256(struct sv text, struct sv key,
				      const char *node_id, int64_t now_wall_s,
				      struct token_claims *claims_r)
{
	enum token_verdict verdict;
	struct parts parts;

	if (split(text, &parts))
		return TOKEN_MALFORMED;
	verdict = check_header(parts.header);
	if (verdict != TOKEN_OK)
		return verdict;
	verdict = check_signature(&parts, key);
	if (verdict != TOKEN_OK)
		return verdict;
	if (decode_claims(parts.payload, claims_r))
		return TOKEN_MALFORMED;
	return check_claims(claims_r, node_id, now_wall_s);
}

static void put_claims(struct buf *b, const struct token_claims *claims)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "sub", claims->subject);
	if (claims->device[0])
		jsonw_str(&w, "device", claims->device);
	jsonw_i64(&w, "exp", claims->expires_wall_s);
	if (claims->not_before_wall_s)
		jsonw_i64(&w, "nbf", claims->not_before_wall_s);
	if (claims->node_count) {
		jsonw_array(&w, "nodes");
		for (unsigned i = 0; i < claims->node_count; i++)
			jsonw_str(&w, NULL, claims->nodes[i]);
		jsonw_array_end(&w);
	}
	jsonw_object_end(&w);
}

void token_sign_hs256(struct buf *b, struct sv key,
		      const struct token_claims *claims)
{
	char text[TOKEN_TEXT_MAX], proved[TOKEN_TEXT_MAX * 2];
	uint8_t mac[CRYPTO_SHA256_BYTES];
	struct buf json, signed_part;

	buf_init_fixed(&json, text, sizeof(text));
	put_claims(&json, claims);
	buf_init_fixed(&signed_part, proved, sizeof(proved));
	crypto_b64url_put(&signed_part,
			  SV("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	buf_char(&signed_part, '.');
	crypto_b64url_put(&signed_part, buf_view(&json));
	if (json.failed || signed_part.failed) {
		b->failed = true;
		return;
	}
	crypto_hmac_sha256(key, buf_view(&signed_part), mac);
	buf_sv(b, buf_view(&signed_part));
	buf_char(b, '.');
	crypto_b64url_put(b, sv_of(mac, sizeof(mac)));
}
