/*
 * test_credential.c - where a token comes from and what is none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/credential.h"

static const struct row {
	const char *rule;
	const char *file, *variable; /* NULL: not there */
	int want;
	const char *token;
} rows[] = {
	{"the file's", "abc", NULL, CLI_OK, "abc"},
	{"a line's end is no part of it", "abc\r\n", NULL, CLI_OK, "abc"},
	{"the file goes before the variable", "abc", "xyz", CLI_OK, "abc"},
	{"the variable's", NULL, "xyz", CLI_OK, "xyz"},
	{"an empty file is refused", "\n", "xyz", CLI_FAILED, ""},
	{"two lines are refused", "abc\nX-Evil: 1", NULL, CLI_FAILED, ""},
	{"a space is refused", NULL, "a b", CLI_FAILED, ""},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[] = "/tmp/peri-credential-XXXXXX";
		int fd = mkstemp(path);
		struct cli cli = {.token_file = rows[i].file ? path : NULL};
		struct credential c;

		assert_true(fd >= 0);
		if (rows[i].file)
			assert_int_equal(
				write(fd, rows[i].file, strlen(rows[i].file)),
				strlen(rows[i].file));
		close(fd);
		unsetenv(CREDENTIAL_VARIABLE);
		if (rows[i].variable)
			setenv(CREDENTIAL_VARIABLE, rows[i].variable, 1);
		print_message("%s\n", rows[i].rule);
		assert_int_equal(credential_read(&c, &cli), rows[i].want);
		if (rows[i].want == CLI_OK) {
			assert_int_equal(c.len, strlen(rows[i].token));
			assert_memory_equal(c.text, rows[i].token, c.len);
		}
		credential_forget(&c);
		unlink(path);
	}
	unsetenv(CREDENTIAL_VARIABLE);
}

static void test_its_length(void **state)
{
	char text[CREDENTIAL_MAX + 2];
	struct cli cli = {0};
	struct credential c;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[CREDENTIAL_MAX + 1] = '\0';
	setenv(CREDENTIAL_VARIABLE, text, 1);
	assert_int_equal(credential_read(&c, &cli), CLI_FAILED);
	text[CREDENTIAL_MAX] = '\0';
	setenv(CREDENTIAL_VARIABLE, text, 1);
	assert_int_equal(credential_read(&c, &cli), CLI_OK);
	assert_int_equal(c.len, CREDENTIAL_MAX);
	unsetenv(CREDENTIAL_VARIABLE);
	cli.token_file = "/nonexistent/token";
	assert_int_equal(credential_read(&c, &cli), CLI_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
