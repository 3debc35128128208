/* Tokens: what a file may hold, who may read it, and whose a token is. */
#include "registry/access_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define T16 "0123456789abcdef"
#define T64 T16 T16 T16 T16

static struct access_tokens tokens;
static char why_storage[512];
static struct buf why;

static int setup(void **state)
{
	(void)state;
	access_token_init(&tokens);
	buf_init_fixed(&why, why_storage, sizeof(why_storage));
	return 0;
}

static void lines_are_checked(void **state)
{
	static const struct {
		const char *rule, *text;
		int rc;
		unsigned count;
	} rows[] = {
		{"an empty file", "", 0, 0},
		{"comments and empty lines", "# x\n\n  \t\n#y", 0, 0},
		{"a token", "ann operator " T16 "\n", 0, 1},
		{"tabs, spaces, CRLF, no last newline",
		 "ann\toperator\t " T16 "\r\n b viewer " T16 "x", 0, 2},
		{"a name with all that is allowed",
		 "Ann.B-c_9@ex.org admin " T16, 0, 1},
		{"a name that is none", "a/b viewer " T16, ERR_SYNTAX, 0},
		{"a name of 64", T64 " viewer " T16, 0, 1},
		{"a name of 65", T64 "x viewer " T16, ERR_SYNTAX, 0},
		{"a role that is none", "ann root " T16, ERR_SYNTAX, 0},
		{"the role none", "ann none " T16, ERR_SYNTAX, 0},
		{"a token of 15", "ann viewer 0123456789abcde", ERR_SYNTAX, 0},
		{"a token of 256", "ann viewer " T64 T64 T64 T64, 0, 1},
		{"a token of 257", "ann viewer " T64 T64 T64 T64 "x",
		 ERR_SYNTAX, 0},
		{"a token with a space", "ann viewer " T16 " x", ERR_SYNTAX, 0},
		{"no token", "ann viewer", ERR_SYNTAX, 0},
		{"one word", "ann", ERR_SYNTAX, 0},
		{"the good ones before a bad line are not enough",
		 "ann viewer " T16 "\nb x " T16, ERR_SYNTAX, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		access_token_clear(&tokens);
		buf_reset(&why);
		if (access_token_parse(&tokens, sv_str(rows[i].text), &why) !=
		    rows[i].rc)
			fail_msg("%s: result", rows[i].rule);
		if (tokens.count != rows[i].count)
			fail_msg("%s: %u tokens", rows[i].rule, tokens.count);
		if ((rows[i].rc != 0) != (why.len > 0))
			fail_msg("%s: reason", rows[i].rule);
		if (strstr(buf_cstr(&why), "0123456789"))
			fail_msg("%s: the reason tells the token",
				 rows[i].rule);
	}
}

static void there_is_a_limit(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	for (unsigned i = 0; i < ACCESS_TOKENS_MAX; i++)
		buf_printf(&text, "n%u viewer " T16 "%u\n", i, i);
	assert_int_equal(access_token_parse(&tokens, buf_view(&text), &why), 0);
	assert_int_equal(access_token_parse(&tokens, SV("a viewer " T16), &why),
			 ERR_LIMIT);
	buf_fini(&text);
}

static void a_token_finds_its_holder(void **state)
{
	const struct access_token *found;

	(void)state;
	assert_int_equal(access_token_parse(
				 &tokens,
				 SV("ann viewer " T16 "\nbob admin " T16 "x\n"),
				 &why),
			 0);
	found = access_token_find(&tokens, SV(T16 "x"));
	assert_non_null(found);
	assert_string_equal(found->name, "bob");
	assert_int_equal(found->role, ACCESS_ADMIN);
	assert_null(access_token_find(&tokens, SV(T16 "y")));
	assert_null(access_token_find(&tokens, SV("")));
}

static void others_must_not_read_it(void **state)
{
	char path[] = "/tmp/peri-token-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "ann viewer " T16, 27), 27);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(access_token_read_file(&tokens, path, &why), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(access_token_read_file(&tokens, path, &why),
			 ERR_DENIED);
	close(fd);
	unlink(path);
}

static void the_own_token_is_made_once(void **state)
{
	char folder[] = "/tmp/peri-token-XXXXXX", path[64], text[80];
	struct stat stat_of;
	struct buf name;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	buf_init_fixed(&name, path, sizeof(path));
	buf_printf(&name, "%s/admin.token", folder);
	assert_int_equal(access_token_read_own(&tokens, buf_cstr(&name), &why),
			 0);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(strcspn(text, "\n"), 64);
	access_token_clear(&tokens);
	assert_int_equal(access_token_read_own(&tokens, path, &why), 0);
	assert_non_null(access_token_find(&tokens, sv_of(text, 64)));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_are_checked, setup),
		cmocka_unit_test_setup(there_is_a_limit, setup),
		cmocka_unit_test_setup(a_token_finds_its_holder, setup),
		cmocka_unit_test_setup(others_must_not_read_it, setup),
		cmocka_unit_test_setup(the_own_token_is_made_once, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
