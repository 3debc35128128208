/* Who a client is, or why it is nobody. */
#include "comet-agent/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/buf.h"

#define NOW_S  1000000
#define SECRET SV("0123456789abcdef0123456789abcdef")

static enum auth_verdict check(enum auth_mode mode, struct sv body,
			       struct auth_identity *identity)
{
	struct auth_config config = {
		.mode = mode, .secret = SECRET, .node_id = "gru-1"};
	char *exact = malloc(body.len ? body.len : 1);
	enum auth_verdict verdict;

	if (body.len)
		memcpy(exact, body.ptr, body.len);
	verdict = auth_check(&config, sv_of(exact, body.len), NOW_S, identity);
	free(exact);
	return verdict;
}

struct open_row {
	const char *rule, *body;
	enum auth_verdict want;
	const char *key, *user, *room, *platform; /* NULL = any */
	int accept_count;
};

#define TEXT_64                                                                \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct open_row open_rows[] = {
	{"goim's own body",
	 "{\"mid\":123,\"key\":\"\",\"room_id\":\"test://1\",\"platform\":"
	 "\"ios\",\"accepts\":[1000,1001,1002]}",
	 AUTH_OK, NULL, "123", "test://1", "ios", 3},
	{"nothing is required", "{}", AUTH_OK, NULL, "", "", "", 0},
	{"mid 0 is anonymous", "{\"mid\":0,\"key\":\"k\"}", AUTH_OK, "k", "",
	 "", "", 0},
	{"the largest mid", "{\"mid\":9223372036854775807}", AUTH_OK, NULL,
	 "9223372036854775807", "", "", 0},
	{"a negative mid is a user too", "{\"mid\":-5}", AUTH_OK, NULL, "-5",
	 "", "", 0},
	{"unknown members are ignored", "{\"x\":{\"y\":[1]},\"key\":\"k\"}",
	 AUTH_OK, "k", "", "", "", 0},
	{"a token does not matter in open mode", "{\"token\":\"x\"}", AUTH_OK,
	 NULL, "", "", "", 0},
	{"null counts as absent", "{\"key\":null,\"accepts\":null}", AUTH_OK,
	 NULL, "", "", "", 0},
	{"no body", "", AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"no JSON", "hello", AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"v1's body, a bare uid", "123", AUTH_MALFORMED, NULL, NULL, NULL, NULL,
	 0},
	{"an array", "[{}]", AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"cut short", "{\"mid\":1", AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"more behind it", "{}{}", AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"mid is a text", "{\"mid\":\"1\"}", AUTH_MALFORMED, NULL, NULL, NULL,
	 NULL, 0},
	{"mid has a fraction", "{\"mid\":1.5}", AUTH_MALFORMED, NULL, NULL,
	 NULL, NULL, 0},
	{"mid beyond 64 bits", "{\"mid\":9223372036854775808}", AUTH_MALFORMED,
	 NULL, NULL, NULL, NULL, 0},
	{"key is a number", "{\"key\":1}", AUTH_MALFORMED, NULL, NULL, NULL,
	 NULL, 0},
	{"a member twice", "{\"key\":\"a\",\"key\":\"b\"}", AUTH_MALFORMED,
	 NULL, NULL, NULL, NULL, 0},
	{"a key of 64", "{\"key\":\"" TEXT_64 "\"}", AUTH_OK, TEXT_64, "", "",
	 "", 0},
	{"a key of 65", "{\"key\":\"" TEXT_64 "x\"}", AUTH_TOO_LONG, NULL, NULL,
	 NULL, NULL, 0},
	{"a room of 65", "{\"room_id\":\"" TEXT_64 "x\"}", AUTH_TOO_LONG, NULL,
	 NULL, NULL, NULL, 0},
	{"a platform of 33",
	 "{\"platform\":\"012345678901234567890123456789012\"}", AUTH_TOO_LONG,
	 NULL, NULL, NULL, NULL, 0},
	{"accepts is no array", "{\"accepts\":1000}", AUTH_MALFORMED, NULL,
	 NULL, NULL, NULL, 0},
	{"an accept is a text", "{\"accepts\":[\"1000\"]}", AUTH_MALFORMED,
	 NULL, NULL, NULL, NULL, 0},
	{"an accept beyond 32 bits", "{\"accepts\":[2147483648]}",
	 AUTH_MALFORMED, NULL, NULL, NULL, NULL, 0},
	{"32 accepts",
	 "{\"accepts\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,"
	 "22,23,24,25,26,27,28,29,30,31,32]}",
	 AUTH_OK, NULL, "", "", "", 32},
	{"33 accepts",
	 "{\"accepts\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,"
	 "22,23,24,25,26,27,28,29,30,31,32,33]}",
	 AUTH_TOO_LONG, NULL, NULL, NULL, NULL, 0},
	{"caps is no array", "{\"caps\":\"goodbye\"}", AUTH_MALFORMED, NULL,
	 NULL, NULL, NULL, 0},
	{"a cap is a number", "{\"caps\":[1]}", AUTH_MALFORMED, NULL, NULL,
	 NULL, NULL, 0},
	{"17 caps",
	 "{\"caps\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
	 "\"\",\"\",\"\",\"\",\"\",\"\"]}",
	 AUTH_TOO_LONG, NULL, NULL, NULL, NULL, 0},
};

static void expect_text(const char *rule, const char *want, const char *got)
{
	if (want && strcmp(want, got) != 0)
		fail_msg("%s: \"%s\" and not \"%s\"", rule, got, want);
}

static void test_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(open_rows); i++) {
		const struct open_row *row = &open_rows[i];
		struct auth_identity identity;
		enum auth_verdict verdict =
			check(AUTH_OPEN, sv_str(row->body), &identity);

		if (verdict != row->want)
			fail_msg("%s: %s", row->rule,
				 auth_verdict_str(verdict));
		if (verdict != AUTH_OK)
			continue;
		expect_text(row->rule, row->key, identity.key);
		expect_text(row->rule, row->user, identity.user);
		expect_text(row->rule, row->room, identity.room);
		expect_text(row->rule, row->platform, identity.platform);
		assert_int_equal(identity.accept_count, row->accept_count);
	}
}

static void test_an_empty_key_becomes_a_uuid(void **state)
{
	struct auth_identity a, b;

	(void)state;
	assert_int_equal(check(AUTH_OPEN, SV("{}"), &a), AUTH_OK);
	assert_int_equal(check(AUTH_OPEN, SV("{\"key\":\"\"}"), &b), AUTH_OK);
	assert_int_equal(strlen(a.key), 36);
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(a.key[i], '-');
		else
			assert_non_null(strchr("0123456789abcdef", a.key[i]));
	assert_int_equal(a.key[14], '4');
	assert_non_null(strchr("89ab", a.key[19]));
	assert_string_not_equal(a.key, b.key);
}

struct token_row {
	const char *rule;
	const char *device, *key; /* of the token, of the body */
	int64_t expires_s, not_before_s;
	const char *node; /* NULL = no list */
	enum auth_verdict want;
	const char *want_key; /* NULL = a UUID */
	enum directory_proof proof;
};

static const struct token_row token_rows[] = {
	{"no device: the body's key, unproved", "", "k", NOW_S + 60, 0, NULL,
	 AUTH_OK, "k", DIRECTORY_KEY_CLAIMED},
	{"neither: a random key", "", "", NOW_S + 60, 0, NULL, AUTH_OK, NULL,
	 DIRECTORY_KEY_CLAIMED},
	{"the token's device is the key", "dev", "", NOW_S + 60, 0, NULL,
	 AUTH_OK, "dev", DIRECTORY_KEY_PROVED},
	{"the body may repeat it", "dev", "dev", NOW_S + 60, 0, NULL, AUTH_OK,
	 "dev", DIRECTORY_KEY_PROVED},
	{"the body may not take another", "dev", "k", NOW_S + 60, 0, NULL,
	 AUTH_KEY_MISMATCH, NULL, 0},
	{"expired", "", "", NOW_S - 31, 0, NULL, AUTH_TOKEN_EXPIRED, NULL, 0},
	{"not yet", "", "", NOW_S + 99, NOW_S + 31, NULL, AUTH_TOKEN_NOT_YET,
	 NULL, 0},
	{"for this node", "", "k", NOW_S + 60, 0, "gru-1", AUTH_OK, "k",
	 DIRECTORY_KEY_CLAIMED},
	{"for another node", "", "k", NOW_S + 60, 0, "gru-2",
	 AUTH_TOKEN_WRONG_NODE, NULL, 0},
};

static void sign(struct buf *body, const struct token_row *row, struct sv key)
{
	struct token_claims claims = {.subject = "u1",
				      .expires_wall_s = row->expires_s,
				      .not_before_wall_s = row->not_before_s,
				      .node_count = row->node ? 1 : 0};

	assert_int_equal(sv_copy(sv_str(row->device), claims.device,
				 sizeof(claims.device)),
			 0);
	assert_int_equal(sv_copy(sv_str(row->node), claims.nodes[0],
				 sizeof(claims.nodes[0])),
			 0);
	buf_printf(body, "{\"mid\":999,\"key\":\"%s\",\"token\":\"", row->key);
	token_sign_hs256(body, key, &claims);
	buf_str(body, "\"}");
}

static void test_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(token_rows); i++) {
		const struct token_row *row = &token_rows[i];
		struct auth_identity identity;
		enum auth_verdict verdict;
		struct buf body;

		buf_init(&body, 8192);
		sign(&body, row, SECRET);
		verdict = check(AUTH_TOKEN, buf_view(&body), &identity);
		buf_fini(&body);
		if (verdict != row->want)
			fail_msg("%s: %s", row->rule,
				 auth_verdict_str(verdict));
		if (verdict != AUTH_OK)
			continue;
		/* The token's subject, whatever "mid" says. */
		assert_string_equal(identity.user, "u1");
		assert_int_equal(identity.proof, row->proof);
		expect_text(row->rule, row->want_key, identity.key);
		assert_true(identity.key[0] != '\0');
	}
}

static void test_token_bodies(void **state)
{
	static const struct {
		const char *rule, *body;
		enum auth_verdict want;
	} rows[] = {
		{"no token", "{\"mid\":1}", AUTH_NO_TOKEN},
		{"an empty token", "{\"token\":\"\"}", AUTH_NO_TOKEN},
		{"no token at all", "{\"token\":\"abc\"}",
		 AUTH_TOKEN_MALFORMED},
		{"alg none", "{\"token\":\"eyJhbGciOiJub25lIn0.e30.AA\"}",
		 AUTH_TOKEN_WRONG_ALGORITHM},
		{"a token that is a number", "{\"token\":1}", AUTH_MALFORMED},
	};
	struct auth_identity identity;
	struct buf body;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (check(AUTH_TOKEN, sv_str(rows[i].body), &identity) !=
		    rows[i].want)
			fail_msg("%s", rows[i].rule);
	buf_init(&body, 8192);
	sign(&body, &token_rows[0], SV("another key of at least 32 bytes."));
	assert_int_equal(check(AUTH_TOKEN, buf_view(&body), &identity),
			 AUTH_TOKEN_BAD_SIGNATURE);
	buf_fini(&body);
	buf_init(&body, 8192);
	buf_str(&body, "{\"token\":\"");
	for (int i = 0; i < TOKEN_TEXT_MAX + 1; i++)
		buf_char(&body, 'A');
	buf_str(&body, "\"}");
	assert_int_equal(check(AUTH_TOKEN, buf_view(&body), &identity),
			 AUTH_TOO_LONG);
	buf_fini(&body);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < AUTH_VERDICT_COUNT; i++)
		assert_non_null(auth_verdict_str((enum auth_verdict)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_an_empty_key_becomes_a_uuid),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_token_bodies),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
