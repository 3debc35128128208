/*
 * test_secret_file.c - secrets in files: lengths, newlines, tokens from them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "client/cli/secret_file.h"
#include "lib/base/clk.h"
#include "lib/proto/token.h"

static int read_content(const char *content, size_t len,
			struct secret_file *secret)
{
	char path[] = "/tmp/peri-secret-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), (ssize_t)len);
	close(fd);
	rc = secret_file_read(secret, path);
	unlink(path);
	return rc;
}

static const struct row {
	const char *rule;
	size_t len;
	const char *tail;
	int want;
	size_t want_len;
} rows[] = {
	{"32 bytes are enough", 32, "", CLI_OK, 32},
	{"31 are not", 31, "", CLI_FAILED, 0},
	{"the newline does not count", 31, "\n", CLI_FAILED, 0},
	{"nor is it part of the secret", 40, "\r\n", CLI_OK, 40},
	{"4095 bytes fit", 4095, "", CLI_OK, 4095},
	{"4096 do not", 4096, "", CLI_FAILED, 0},
	{"nothing is no secret", 0, "", CLI_FAILED, 0},
};

static void test_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static char content[5000];
		struct secret_file secret;
		int rc;

		memset(content, 's', rows[i].len);
		memcpy(content + rows[i].len, rows[i].tail,
		       strlen(rows[i].tail));
		rc = read_content(content, rows[i].len + strlen(rows[i].tail),
				  &secret);
		if (rc != rows[i].want)
			fail_msg("%s", rows[i].rule);
		if (rc == CLI_OK)
			assert_int_equal(secret_file_key(&secret).len,
					 rows[i].want_len);
	}
}

static void test_missing(void **state)
{
	struct secret_file secret;

	(void)state;
	assert_int_equal(secret_file_read(&secret, "/nonexistent"), CLI_FAILED);
}

static void test_tokens_verify(void **state)
{
	static const char key[] = "0123456789012345678901234567890123456789";
	struct token_claims claims;
	struct secret_file secret;
	char text[TOKEN_TEXT_MAX];
	struct buf b;

	(void)state;
	assert_int_equal(read_content(key, sizeof(key) - 1, &secret), CLI_OK);
	buf_init_fixed(&b, text, sizeof(text));
	secret_file_sign(&secret, "anna", 60, &b);
	assert_int_equal(token_verify_hs256(buf_view(&b),
					    sv_of(key, sizeof(key) - 1), "",
					    clk_wall_s(), &claims),
			 TOKEN_OK);
	assert_string_equal(claims.subject, "anna");
	assert_string_equal(claims.device, "anna");
	secret_file_forget(&secret);
	assert_int_equal(secret_file_key(&secret).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_tokens_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
