/*
 * crypto.h - the few cryptographic operations we need, all OpenSSL's.
 * Any thread.
 */
#ifndef PERI_LIB_BASE_CRYPTO_H
#define PERI_LIB_BASE_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define CRYPTO_SHA256_BYTES 32

/* crypto_hmac_sha256 - HMAC (RFC 2104) of @text under @key. */
void crypto_hmac_sha256(struct sv key, struct sv text,
			uint8_t mac_r[CRYPTO_SHA256_BYTES]);

/* crypto_equal - compare secrets; time depends on the lengths only. */
bool crypto_equal(struct sv a, struct sv b);

/* crypto_random - @n bytes that nobody can foresee; aborts if there are none */
void crypto_random(void *dst, size_t n);

/* crypto_b64url_put - append unpadded base64url (RFC 4648 section 5). */
void crypto_b64url_put(struct buf *b, struct sv bytes);

/* crypto_b64url_get - append the decoded bytes; strict: no padding, no other
 * characters, no stray bits. Returns 0, ERR_SYNTAX or ERR_TOOBIG. */
MUST_CHECK int crypto_b64url_get(struct buf *b, struct sv text);

#endif
