/*
 * test_crypto.c - HMAC against RFC 4231, base64url against RFC 4648 and its
 * strictness, comparing, random bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"

static const struct hmac_row {
	const char *rule, *key, *text, *hex;
	size_t key_repeat; /* key is its first byte that often, 0 = as it is */
} HMAC_ROWS[] = {
	{"RFC 4231 case 1", "\x0b", "Hi There",
	 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	 20},
	{"RFC 4231 case 2", "Jefe", "what do ya want for nothing?",
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 0},
	{"RFC 4231 case 6: a key longer than a block", "\xaa",
	 "Test Using Larger Than Block-Size Key - Hash Key First",
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	 131},
	{"empty key and text", "", "",
	 "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", 0},
};

static void test_hmac(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(HMAC_ROWS); i++) {
		const struct hmac_row *row = &HMAC_ROWS[i];
		uint8_t mac[CRYPTO_SHA256_BYTES];
		char key[200];
		struct sv key_view = sv_str(row->key);
		struct buf b;

		if (row->key_repeat) {
			memset(key, row->key[0], row->key_repeat);
			key_view = sv_of(key, row->key_repeat);
		}
		buf_init(&b, 100);
		crypto_hmac_sha256(key_view, sv_str(row->text), mac);
		for (size_t j = 0; j < sizeof(mac); j++)
			buf_hex(&b, mac[j], 2);
		if (strcmp(buf_cstr(&b), row->hex) != 0)
			fail_msg("%s: %s", row->rule, buf_cstr(&b));
		buf_fini(&b);
	}
}

static void test_null_views(void **state)
{
	uint8_t a[CRYPTO_SHA256_BYTES], b[CRYPTO_SHA256_BYTES];

	(void)state;
	crypto_hmac_sha256(sv_str(NULL), sv_str(NULL), a);
	crypto_hmac_sha256(SV(""), SV(""), b);
	assert_memory_equal(a, b, sizeof(a));
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(crypto_equal(SV("abc"), SV("abc")));
	assert_false(crypto_equal(SV("abc"), SV("abd")));
	assert_false(crypto_equal(SV("abc"), SV("ab")));
	assert_true(crypto_equal(SV(""), sv_str(NULL)));
}

static const struct b64_row {
	const char *bytes, *text;
} B64_ROWS[] = {
	{"", ""},
	{"f", "Zg"},
	{"fo", "Zm8"},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg"},
	{"fooba", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "-__-"},
};

static const struct bad_row {
	const char *rule, *text;
} BAD_ROWS[] = {
	{"padding", "Zg=="},
	{"one character is no byte", "Z"},
	{"one character behind a whole group", "Zm9vZ"},
	{"stray bits in the last of two", "Zh"},
	{"stray bits in the last of three", "Zm9"},
	{"plain base64's plus", "+/"},
	{"line end", "Zg\n"},
	{"space", "Z g"},
	{"a byte above 127", "Z\xff"},
};

static void test_base64url(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < ARRAY_LEN(B64_ROWS); i++) {
		buf_reset(&b);
		crypto_b64url_put(&b, sv_str(B64_ROWS[i].bytes));
		assert_string_equal(buf_cstr(&b), B64_ROWS[i].text);
		buf_reset(&b);
		assert_int_equal(
			crypto_b64url_get(&b, sv_str(B64_ROWS[i].text)), 0);
		assert_string_equal(buf_cstr(&b), B64_ROWS[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(BAD_ROWS); i++) {
		buf_reset(&b);
		if (crypto_b64url_get(&b, sv_str(BAD_ROWS[i].text)) !=
		    ERR_SYNTAX)
			fail_msg("%s", BAD_ROWS[i].rule);
	}
	buf_fini(&b);
	buf_init(&b, 2);
	assert_int_equal(crypto_b64url_get(&b, SV("Zm9v")), ERR_TOOBIG);
	buf_fini(&b);
}

/* Every pair of characters: decoded and encoded again it is the same text. */
static void test_base64url_is_canonical(void **state)
{
	struct buf bytes, text;
	unsigned accepted = 0;

	(void)state;
	buf_init(&bytes, 10);
	buf_init(&text, 10);
	for (unsigned pair = 0; pair < 65536; pair++) {
		char chars[2] = {(char)(pair >> 8), (char)pair};

		buf_reset(&bytes);
		buf_reset(&text);
		if (crypto_b64url_get(&bytes, sv_of(chars, 2)))
			continue;
		accepted++;
		crypto_b64url_put(&text, buf_view(&bytes));
		assert_true(sv_eq(buf_view(&text), sv_of(chars, 2)));
	}
	assert_int_equal(accepted, 256);
	buf_fini(&bytes);
	buf_fini(&text);
}

static void test_random(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	(void)state;
	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	crypto_random(a, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_null_views),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_base64url_is_canonical),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
