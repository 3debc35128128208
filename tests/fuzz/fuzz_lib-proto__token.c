/*
 * Any text as a token; then the same bytes as the payload of a token that is
 * signed correctly, so that the claims' decoder is reached.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crypto.h"
#include "lib/proto/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET SV("0123456789abcdef0123456789abcdef")

static void verify(struct sv text)
{
	struct token_claims claims;
	enum token_verdict verdict =
		token_verify_hs256(text, SECRET, "gru-1", 1000000, &claims);

	assert(verdict < TOKEN_VERDICT_COUNT);
	if (verdict != TOKEN_OK)
		return;
	assert(claims.subject[0] && strlen(claims.subject) <= 64);
	assert(strlen(claims.device) <= 64);
	assert(claims.node_count <= TOKEN_NODES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1);
	uint8_t mac[CRYPTO_SHA256_BYTES];
	struct buf b;

	memcpy(exact, data, size);
	verify(sv_of(exact, size));
	buf_init(&b, 3 * TOKEN_TEXT_MAX);
	crypto_b64url_put(&b, SV("{\"alg\":\"HS256\"}"));
	buf_char(&b, '.');
	crypto_b64url_put(&b, sv_of(exact, size < 1600 ? size : 1600));
	crypto_hmac_sha256(SECRET, buf_view(&b), mac);
	buf_char(&b, '.');
	crypto_b64url_put(&b, sv_of(mac, sizeof(mac)));
	if (!b.failed)
		verify(buf_view(&b));
	buf_fini(&b);
	free(exact);
	return 0;
}
