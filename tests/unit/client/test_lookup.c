/*
 * test_lookup.c - names without blocking; what is given up ends by itself.
 */
#include "tests/unit/client/scripted.h"

#include "client/lookup.h"
#include "lib/base/err.h"

static int wait_for(struct lookup *lookup, const struct watched *watched,
		    struct addr *addrs, unsigned *count)
{
	int rc = ERR_AGAIN;

	for (int i = 0; i < 20 && rc == ERR_AGAIN; i++) {
		watched_wait(watched, SCRIPTED_WAIT_MS);
		rc = lookup_result(lookup, addrs, count);
	}
	return rc;
}

static void test_a_name_of_every_system(void **state)
{
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct addr addrs[LOOKUP_ADDRS_MAX];
	struct lookup *lookup;
	unsigned count = 0;

	(void)state;
	assert_int_equal(lookup_start(SV("localhost"), &interest, &lookup), 0);
	assert_int_equal(watched.count, 1);
	assert_int_equal(wait_for(lookup, &watched, addrs, &count), 0);
	assert_in_range(count, 1, LOOKUP_ADDRS_MAX);
	assert_int_equal(addr_classify(&addrs[0]), ADDR_LOOPBACK);
	lookup_free(&lookup);
	assert_int_equal(watched.count, 0);
	lookup_free(&lookup);
}

static void test_text_is_an_address(void **state)
{
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct addr addrs[LOOKUP_ADDRS_MAX];
	struct lookup *lookup;
	unsigned count = 0;

	(void)state;
	assert_int_equal(lookup_start(SV("192.0.2.1"), &interest, &lookup), 0);
	assert_int_equal(wait_for(lookup, &watched, addrs, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(addr_v4_host(&addrs[0]), 0xc0000201);
	lookup_free(&lookup);
}

static void test_no_name_at_all(void **state)
{
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct addr addrs[LOOKUP_ADDRS_MAX];
	struct lookup *lookup;
	unsigned count = 0;
	int rc;

	(void)state;
	/* not even a resolver asks the network for this one */
	assert_int_equal(lookup_start(SV("a..b"), &interest, &lookup), 0);
	rc = wait_for(lookup, &watched, addrs, &count);
	assert_true(rc == ERR_NOTFOUND || rc == ERR_UNAVAILABLE);
	lookup_free(&lookup);
}

static void test_too_long(void **state)
{
	static char name[LOOKUP_NAME_BYTES];
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct lookup *lookup;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(
		lookup_start(sv_of(name, sizeof(name)), &interest, &lookup),
		ERR_TOOBIG);
	assert_int_equal(watched.count, 0);
}

static void test_given_up_at_once(void **state)
{
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct lookup *lookup;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(
			lookup_start(SV("localhost"), &interest, &lookup), 0);
		lookup_free(&lookup);
	}
	assert_int_equal(watched.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_of_every_system),
		cmocka_unit_test(test_text_is_an_address),
		cmocka_unit_test(test_no_name_at_all),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_given_up_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
