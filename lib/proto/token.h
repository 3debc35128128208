/*
 * token.h - JSON Web Tokens (RFC 7519) in compact form, HS256 (RFC 7515).
 * ES256 and EdDSA come later; "none" is never accepted. Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_TOKEN_H
#define PERI_LIB_PROTO_TOKEN_H

#include <stdint.h>

#include "lib/base/buf.h"

#define TOKEN_TEXT_MAX	2048
#define TOKEN_NODES_MAX 8

struct token_claims {
	char subject[65];		 /* sub, required */
	char device[65];		 /* device, optional */
	int64_t expires_wall_s;		 /* exp, required */
	int64_t not_before_wall_s;	 /* nbf, 0 = none */
	char nodes[TOKEN_NODES_MAX][65]; /* nodes, optional: only these */
	unsigned node_count;
};

/* One closed list; whoever asks has his own names for them. */
enum token_verdict {
	TOKEN_OK,
	TOKEN_MALFORMED,
	TOKEN_WRONG_ALGORITHM,
	TOKEN_BAD_SIGNATURE,
	TOKEN_EXPIRED,
	TOKEN_NOT_YET,
	TOKEN_WRONG_NODE,
	TOKEN_VERDICT_COUNT,
};

/*
 * token_verify_hs256 - check algorithm, signature, times and node list, in
 * that order: another algorithm than HS256 is TOKEN_WRONG_ALGORITHM whatever
 * the signature looks like.
 *
 * @text	the compact token
 * @key		shared secret, at least 32 bytes
 * @node_id	this node; "" skips the node list
 * @now_wall_s	UTC; 30 s of clock skew are allowed
 */
MUST_CHECK enum token_verdict token_verify_hs256(struct sv text, struct sv key,
						 const char *node_id,
						 int64_t now_wall_s,
						 struct token_claims *claims_r);

/* token_sign_hs256 - append a compact token for @claims (demo and tests). */
void token_sign_hs256(struct buf *b, struct sv key,
		      const struct token_claims *claims);

#endif
