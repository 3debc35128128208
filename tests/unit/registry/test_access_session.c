/* Sessions and codes: how long, how many, and by whose token. */
#include "registry/access_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define T16 "0123456789abcdef"

static struct access_sessions sessions;
static struct access_tokens tokens;
static struct access_grant ann; /* by the first token */

static void read_tokens(const char *text)
{
	char storage[256];
	struct buf why;

	buf_init_fixed(&why, storage, sizeof(storage));
	access_token_clear(&tokens);
	assert_int_equal(access_token_parse(&tokens, sv_str(text), &why), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&sessions, 0, sizeof(sessions));
	access_token_init(&tokens);
	read_tokens("ann operator " T16 "\nbob viewer " T16 "x\n");
	ann = (struct access_grant){.name = "ann",
				    .role = ACCESS_OPERATOR,
				    .origin = tokens.items[0].digest};
	return 0;
}

static struct access_digest id_of(unsigned number)
{
	return access_token_digest(&tokens, sv_of(&number, sizeof(number)));
}

static bool is_open(unsigned number, int64_t now_ms)
{
	struct access_digest id = id_of(number);

	return access_session_find(&sessions, &id, now_ms) != NULL;
}

static void open_one(unsigned number, int64_t now_ms, int64_t ttl_ms)
{
	struct access_digest id = id_of(number);

	access_session_open(&sessions, &ann, &id, now_ms, ttl_ms);
}

static void a_session_ends(void **state)
{
	struct access_digest id = id_of(2);

	(void)state;
	open_one(1, 1000, 500);
	open_one(2, 1000, 5000);
	assert_true(is_open(1, 1499));
	assert_false(is_open(1, 1500));
	assert_false(is_open(3, 1000));
	assert_int_equal(access_session_count(&sessions, 1499), 2);
	assert_int_equal(access_session_count(&sessions, 1500), 1);
	access_session_close(&sessions, &id);
	assert_false(is_open(2, 1000));
}

static void the_one_that_ends_first_makes_room(void **state)
{
	(void)state;
	open_one(0, 0, 1000);
	for (unsigned i = 1; i < ACCESS_SESSION_MAX; i++)
		open_one(i, 0, 2000);
	assert_true(is_open(0, 1));
	open_one(ACCESS_SESSION_MAX, 0, 2000);
	assert_false(is_open(0, 1));
	assert_true(is_open(1, 1));
	assert_true(is_open(ACCESS_SESSION_MAX, 1));
}

static void a_code_is_used_once_and_in_time(void **state)
{
	struct access_digest id = id_of(1), late = id_of(2);
	struct access_grant grant;

	(void)state;
	access_session_add_code(&sessions, &ann, &id, 0);
	access_session_add_code(&sessions, &ann, &late, 0);
	assert_false(is_open(1, 0)); /* a code is no session */
	assert_int_equal(access_session_use_code(&sessions, &id,
						 ACCESS_SESSION_CODE_MS - 1,
						 &grant),
			 0);
	assert_string_equal(grant.name, "ann");
	assert_int_equal(grant.role, ACCESS_OPERATOR);
	assert_int_equal(access_session_use_code(&sessions, &id, 1, &grant),
			 ERR_NOTFOUND);
	assert_int_equal(access_session_use_code(&sessions, &late,
						 ACCESS_SESSION_CODE_MS,
						 &grant),
			 ERR_NOTFOUND);
}

static void all_end_with_their_token(void **state)
{
	struct access_digest code = id_of(9);
	struct access_grant grant;

	(void)state;
	open_one(1, 0, 1000);
	access_session_add_code(&sessions, &ann, &code, 0);
	access_session_keep_only(&sessions, &tokens);
	assert_true(is_open(1, 1));
	read_tokens("ann viewer " T16 "\n"); /* less than before */
	access_session_keep_only(&sessions, &tokens);
	assert_false(is_open(1, 1));
	assert_int_equal(access_session_use_code(&sessions, &code, 1, &grant),
			 ERR_NOTFOUND);
	read_tokens("bob operator " T16 "x\n");
	open_one(2, 0, 1000);
	access_session_keep_only(&sessions, &tokens);
	assert_false(is_open(2, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_session_ends, setup),
		cmocka_unit_test_setup(the_one_that_ends_first_makes_room,
				       setup),
		cmocka_unit_test_setup(a_code_is_used_once_and_in_time, setup),
		cmocka_unit_test_setup(all_end_with_their_token, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
