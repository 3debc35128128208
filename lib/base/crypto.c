/*
 * crypto.c - the one place of lib/base that calls OpenSSL. A failure of the
 * library in an operation that cannot fail aborts: going on without it would
 * accept what must be refused. Any thread.
 */
#include "lib/base/crypto.h"

#include <limits.h>
#include <stdlib.h>

/* OpenSSL has a type of this name, err.h a constant: keep its out. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#undef ERR_STATE

#include "lib/base/err.h"

void crypto_hmac_sha256(struct sv key, struct sv text,
			uint8_t mac_r[CRYPTO_SHA256_BYTES])
{
	unsigned int mac_bytes = 0;

	if (key.len > INT_MAX)
		abort();
	if (!HMAC(EVP_sha256(), key.len ? key.ptr : "", (int)key.len,
		  (const unsigned char *)(text.len ? text.ptr : ""), text.len,
		  mac_r, &mac_bytes) ||
	    mac_bytes != CRYPTO_SHA256_BYTES)
		abort();
}

bool crypto_equal(struct sv a, struct sv b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

void crypto_random(void *dst, size_t n)
{
	unsigned char *p = dst;

	while (n > 0) {
		int part = n > INT_MAX ? INT_MAX : (int)n;

		if (RAND_bytes(p, part) != 1)
			abort();
		p += part;
		n -= (size_t)part;
	}
}

void crypto_b64url_put(struct buf *b, struct sv bytes)
{
	static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	const uint8_t *p = (const uint8_t *)bytes.ptr;
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | p[i];
		held += 8;
		while (held >= 6) {
			held -= 6;
			buf_char(b, ALPHABET[bits >> held & 63]);
		}
	}
	if (held)
		buf_char(b, ALPHABET[bits << (6 - held) & 63]);
}

static int b64url_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

int crypto_b64url_get(struct buf *b, struct sv text)
{
	uint32_t bits = 0;
	unsigned held = 0;

	if (text.len % 4 == 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		int digit = b64url_digit(text.ptr[i]);

		if (digit < 0)
			return ERR_SYNTAX;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			buf_char(b, (char)(bits >> held & 255));
		}
	}
	/* One decoded value has one text: what is left over must be zero. */
	if (bits & ((1U << held) - 1))
		return ERR_SYNTAX;
	return b->failed ? ERR_TOOBIG : 0;
}
