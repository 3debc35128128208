/* Tokens: what is accepted, and each way to be refused. */
#include "lib/proto/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"

#define NOW_S	    1000000
#define NODE	    "gru-1"
#define SECRET	    SV("0123456789abcdef0123456789abcdef")
#define HEADER_GOOD "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS_GOOD "{\"sub\":\"u1\",\"exp\":1000060}"

/* A correctly signed token of any header and payload text. */
static void forge(struct buf *b, const char *header, const char *payload,
		  struct sv key)
{
	uint8_t mac[CRYPTO_SHA256_BYTES];

	crypto_b64url_put(b, sv_str(header));
	buf_char(b, '.');
	crypto_b64url_put(b, sv_str(payload));
	crypto_hmac_sha256(key, buf_view(b), mac);
	buf_char(b, '.');
	crypto_b64url_put(b, sv_of(mac, sizeof(mac)));
}

static enum token_verdict verify(struct sv text)
{
	struct token_claims claims;
	/* A copy of the exact size lets ASan see a read beyond the view. */
	char *exact = malloc(text.len ? text.len : 1);
	enum token_verdict verdict;

	if (text.len)
		memcpy(exact, text.ptr, text.len);
	verdict = token_verify_hs256(sv_of(exact, text.len), SECRET, NODE,
				     NOW_S, &claims);
	free(exact);
	return verdict;
}

struct forged_row {
	const char *rule, *header, *payload;
	enum token_verdict want;
};

static const struct forged_row forged_rows[] = {
	{"a minimal token passes", HEADER_GOOD, CLAIMS_GOOD, TOKEN_OK},
	{"unknown header members are ignored",
	 "{\"alg\":\"HS256\",\"kid\":\"7\"}", CLAIMS_GOOD, TOKEN_OK},
	{"unknown claims are ignored", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"iss\":\"x\",\"iat\":1}", TOKEN_OK},
	{"alg none is never accepted, signed or not", "{\"alg\":\"none\"}",
	 CLAIMS_GOOD, TOKEN_WRONG_ALGORITHM},
	{"alg names have case", "{\"alg\":\"hs256\"}", CLAIMS_GOOD,
	 TOKEN_WRONG_ALGORITHM},
	{"alg nOnE", "{\"alg\":\"nOnE\"}", CLAIMS_GOOD, TOKEN_WRONG_ALGORITHM},
	{"alg RS256", "{\"alg\":\"RS256\"}", CLAIMS_GOOD,
	 TOKEN_WRONG_ALGORITHM},
	{"alg HS512", "{\"alg\":\"HS512\"}", CLAIMS_GOOD,
	 TOKEN_WRONG_ALGORITHM},
	{"an over-long alg is a wrong one",
	 "{\"alg\":\"HS256HS256HS256HS256\"}", CLAIMS_GOOD,
	 TOKEN_WRONG_ALGORITHM},
	{"no alg", "{\"typ\":\"JWT\"}", CLAIMS_GOOD, TOKEN_MALFORMED},
	{"alg is not a text", "{\"alg\":256}", CLAIMS_GOOD, TOKEN_MALFORMED},
	{"alg twice", "{\"alg\":\"none\",\"alg\":\"HS256\"}", CLAIMS_GOOD,
	 TOKEN_MALFORMED},
	{"critical extensions are refused",
	 "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", CLAIMS_GOOD,
	 TOKEN_MALFORMED},
	{"header is an array", "[\"HS256\"]", CLAIMS_GOOD, TOKEN_MALFORMED},
	{"header is no JSON", "HS256", CLAIMS_GOOD, TOKEN_MALFORMED},
	{"payload is no JSON", HEADER_GOOD, "u1", TOKEN_MALFORMED},
	{"no subject", HEADER_GOOD, "{\"exp\":1000060}", TOKEN_MALFORMED},
	{"empty subject", HEADER_GOOD, "{\"sub\":\"\",\"exp\":1000060}",
	 TOKEN_MALFORMED},
	{"subject is a number", HEADER_GOOD, "{\"sub\":1,\"exp\":1000060}",
	 TOKEN_MALFORMED},
	{"subject of 64 passes", HEADER_GOOD,
	 "{\"sub\":\"0123456789012345678901234567890123456789012345678901234567"
	 "890123\",\"exp\":1000060}",
	 TOKEN_OK},
	{"subject of 65", HEADER_GOOD,
	 "{\"sub\":\"0123456789012345678901234567890123456789012345678901234567"
	 "8901234\",\"exp\":1000060}",
	 TOKEN_MALFORMED},
	{"NUL in the subject", HEADER_GOOD,
	 "{\"sub\":\"u\\u00001\",\"exp\":1000060}", TOKEN_MALFORMED},
	{"a token without an end is refused", HEADER_GOOD, "{\"sub\":\"u1\"}",
	 TOKEN_MALFORMED},
	{"exp is a text", HEADER_GOOD, "{\"sub\":\"u1\",\"exp\":\"1000060\"}",
	 TOKEN_MALFORMED},
	{"negative exp", HEADER_GOOD, "{\"sub\":\"u1\",\"exp\":-1}",
	 TOKEN_MALFORMED},
	{"exp far beyond any clock", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1e300}", TOKEN_MALFORMED},
	{"exp with a fraction", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060.75}", TOKEN_OK},
	{"one second inside the skew", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":999971}", TOKEN_OK},
	{"at the end of the skew", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":999970}", TOKEN_EXPIRED},
	{"nbf at the edge of the skew", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":2000000,\"nbf\":1000030}", TOKEN_OK},
	{"nbf one second later", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":2000000,\"nbf\":1000031}", TOKEN_NOT_YET},
	{"expired wins over not yet", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1,\"nbf\":1000031}", TOKEN_EXPIRED},
	{"this node is in the list", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":[\"a\",\"gru-1\"]}",
	 TOKEN_OK},
	{"this node is not in the list", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":[\"gru-10\",\"gru\"]}",
	 TOKEN_WRONG_NODE},
	{"an empty list is refused", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":[]}", TOKEN_MALFORMED},
	{"nine nodes", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":[\"1\",\"2\",\"3\",\"4\","
	 "\"5\",\"6\",\"7\",\"8\",\"gru-1\"]}",
	 TOKEN_MALFORMED},
	{"a node that is no text", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":[\"gru-1\",1]}",
	 TOKEN_MALFORMED},
	{"nodes is a text", HEADER_GOOD,
	 "{\"sub\":\"u1\",\"exp\":1000060,\"nodes\":\"gru-1\"}",
	 TOKEN_MALFORMED},
};

static void test_forged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forged_rows); i++) {
		const struct forged_row *row = &forged_rows[i];
		enum token_verdict verdict;
		struct buf b;

		buf_init(&b, 8192);
		forge(&b, row->header, row->payload, SECRET);
		verdict = verify(buf_view(&b));
		if (verdict != row->want)
			fail_msg("%s: got %d", row->rule, (int)verdict);
		buf_fini(&b);
	}
}

struct text_row {
	const char *rule, *text;
	enum token_verdict want;
};

#define B64_HEADER    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define B64_NONE      "eyJhbGciOiJub25lIn0"
#define B64_RS256     "eyJhbGciOiJSUzI1NiJ9"
#define B64_PAYLOAD   "eyJzdWIiOiJ1MSIsImV4cCI6MTAwMDA2MH0"
#define B64_SIGNATURE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct text_row text_rows[] = {
	{"empty", "", TOKEN_MALFORMED},
	{"one part", B64_HEADER, TOKEN_MALFORMED},
	{"two parts", B64_HEADER "." B64_PAYLOAD, TOKEN_MALFORMED},
	{"alg none with an empty signature is a wrong algorithm",
	 B64_NONE "." B64_PAYLOAD ".", TOKEN_WRONG_ALGORITHM},
	{"alg none without the second dot", B64_NONE "." B64_PAYLOAD,
	 TOKEN_WRONG_ALGORITHM},
	{"alg none without a payload", B64_NONE "..", TOKEN_MALFORMED},
	{"alg none with a signature that is no base64url",
	 B64_NONE "." B64_PAYLOAD ".+/=", TOKEN_WRONG_ALGORITHM},
	{"alg RS256 with a signature of more bytes than ours",
	 B64_RS256 "." B64_PAYLOAD "." B64_SIGNATURE B64_SIGNATURE,
	 TOKEN_WRONG_ALGORITHM},
	{"alg RS256 with an empty signature", B64_RS256 "." B64_PAYLOAD ".",
	 TOKEN_WRONG_ALGORITHM},
	{"alg none in an encrypted token's shape",
	 B64_NONE "." B64_PAYLOAD ".b.c.d", TOKEN_WRONG_ALGORITHM},
	{"alg none with a signature",
	 B64_NONE "." B64_PAYLOAD "." B64_SIGNATURE, TOKEN_WRONG_ALGORITHM},
	{"an empty signature", B64_HEADER "." B64_PAYLOAD ".", TOKEN_MALFORMED},
	{"a wrong signature", B64_HEADER "." B64_PAYLOAD "." B64_SIGNATURE,
	 TOKEN_BAD_SIGNATURE},
	{"a signature of one byte", B64_HEADER "." B64_PAYLOAD ".AA",
	 TOKEN_BAD_SIGNATURE},
	{"a signature of 33 bytes",
	 B64_HEADER "." B64_PAYLOAD "." B64_SIGNATURE "A", TOKEN_MALFORMED},
	{"stray bits at the signature's end",
	 B64_HEADER "." B64_PAYLOAD
		    ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
	 TOKEN_MALFORMED},
	{"padding", B64_HEADER "." B64_PAYLOAD "." B64_SIGNATURE "=",
	 TOKEN_MALFORMED},
	{"four parts", B64_HEADER "." B64_PAYLOAD "." B64_SIGNATURE ".",
	 TOKEN_MALFORMED},
	{"five parts (an encrypted token)", "a.b.c.d.e", TOKEN_MALFORMED},
	{"no header", "." B64_PAYLOAD "." B64_SIGNATURE, TOKEN_MALFORMED},
	{"no payload", B64_HEADER ".." B64_SIGNATURE, TOKEN_MALFORMED},
	{"a space before it", " " B64_HEADER "." B64_PAYLOAD "." B64_SIGNATURE,
	 TOKEN_MALFORMED},
	{"characters of plain base64", "+/+/." B64_PAYLOAD "." B64_SIGNATURE,
	 TOKEN_MALFORMED},
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text_rows); i++) {
		enum token_verdict verdict = verify(sv_str(text_rows[i].text));

		if (verdict != text_rows[i].want)
			fail_msg("%s: got %d", text_rows[i].rule, (int)verdict);
	}
}

/* The other spelling of the same bytes must not be a second valid token. */
static void test_not_malleable(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	forge(&b, HEADER_GOOD, CLAIMS_GOOD, SECRET);
	assert_int_equal(verify(buf_view(&b)), TOKEN_OK);
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b.data[i] = (char)(b.data[i] ^ 1 << bit);
			assert_int_not_equal(verify(buf_view(&b)), TOKEN_OK);
			b.data[i] = (char)(b.data[i] ^ 1 << bit);
		}
	for (size_t len = 0; len < b.len; len++)
		assert_int_not_equal(verify(sv_of(b.data, len)), TOKEN_OK);
	buf_fini(&b);
}

static void test_other_key(void **state)
{
	struct token_claims claims;
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	forge(&b, HEADER_GOOD, CLAIMS_GOOD, SECRET);
	assert_int_equal(
		token_verify_hs256(buf_view(&b),
				   SV("0123456789abcdef0123456789abcdeF"), NODE,
				   NOW_S, &claims),
		TOKEN_BAD_SIGNATURE);
	buf_fini(&b);
}

static void test_huge(void **state)
{
	char text[TOKEN_TEXT_MAX * 2 + 1];

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_int_equal(verify(sv_of(text, sizeof(text))), TOKEN_MALFORMED);
	text[700] = text[1400] = '.';
	assert_int_equal(verify(sv_of(text, TOKEN_TEXT_MAX)), TOKEN_MALFORMED);
	assert_int_equal(verify(sv_of(text, TOKEN_TEXT_MAX + 1)),
			 TOKEN_MALFORMED);
}

static void test_sign_verifies(void **state)
{
	struct token_claims in = {.subject = "u\"1",
				  .device = "d-1",
				  .expires_wall_s = NOW_S + 5,
				  .not_before_wall_s = NOW_S - 5,
				  .nodes = {"a", NODE},
				  .node_count = 2};
	struct token_claims out;
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	token_sign_hs256(&b, SECRET, &in);
	assert_false(b.failed);
	assert_int_equal(
		token_verify_hs256(buf_view(&b), SECRET, NODE, NOW_S, &out),
		TOKEN_OK);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(
		token_verify_hs256(buf_view(&b), SECRET, "c", NOW_S, &out),
		TOKEN_WRONG_NODE);
	assert_int_equal(
		token_verify_hs256(buf_view(&b), SECRET, "", NOW_S, &out),
		TOKEN_OK);
	buf_fini(&b);
}

/* RFC 7515 appendix A.1: its header has spaces and a line break. */
static void test_rfc7515_example(void **state)
{
	static const char token[] =
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
		"eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	static const char key_text[] =
		"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3"
		"Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	struct token_claims claims;
	char key[64];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, key, sizeof(key));
	assert_int_equal(crypto_b64url_get(&b, sv_str(key_text)), 0);
	/* The signature is right; it has no "sub", which we require. */
	assert_int_equal(token_verify_hs256(sv_str(token), buf_view(&b), "",
					    1300819380, &claims),
			 TOKEN_MALFORMED);
	key[0] ^= 1;
	assert_int_equal(token_verify_hs256(sv_str(token), buf_view(&b), "",
					    1300819380, &claims),
			 TOKEN_BAD_SIGNATURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_not_malleable),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_sign_verifies),
		cmocka_unit_test(test_rfc7515_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
