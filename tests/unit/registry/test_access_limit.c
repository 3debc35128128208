/* Who has failed too often waits. */
#include "registry/access_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct access_limit limit;

static int setup(void **state)
{
	(void)state;
	memset(&limit, 0, sizeof(limit));
	return 0;
}

static struct addr at(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void fail_times(const char *from, unsigned times, int64_t now_ms)
{
	struct addr addr = at(from);

	while (times-- > 0)
		access_limit_note_bad(&limit, &addr, now_ms);
}

static bool is_barred(const char *from, int64_t now_ms)
{
	struct addr addr = at(from);

	return access_limit_is_barred(&limit, &addr, now_ms);
}

static void ten_in_a_minute_are_too_many(void **state)
{
	(void)state;
	fail_times("192.0.2.1", 9, 1000);
	assert_false(is_barred("192.0.2.1", 1000));
	fail_times("192.0.2.1", 1, 30000);
	assert_true(is_barred("192.0.2.1", 30000));
	assert_true(is_barred("192.0.2.1", 60999));
	assert_false(is_barred("192.0.2.1", 61000));
	fail_times("192.0.2.1", 1, 61000);
	assert_false(is_barred("192.0.2.1", 61000));
}

static void each_address_has_its_own_count(void **state)
{
	(void)state;
	fail_times("192.0.2.1", 10, 0);
	assert_false(is_barred("192.0.2.2", 0));
	fail_times("2001:db8::1", 10, 0);
	assert_true(is_barred("2001:db8::ffff:1", 0));
	assert_false(is_barred("2001:db8:0:1::1", 0));
}

static void the_first_is_forgotten_when_it_is_full(void **state)
{
	(void)state;
	fail_times("192.0.2.1", 10, 0);
	for (uint32_t i = 1; i < ACCESS_LIMIT_ADDRESSES; i++) {
		struct addr addr = addr_from_v4_host(0x0a000000 + i);

		access_limit_note_bad(&limit, &addr, (int64_t)i);
	}
	assert_true(is_barred("192.0.2.1", 1000));
	fail_times("198.51.100.1", 10, 1000);
	assert_false(is_barred("192.0.2.1", 1000));
	assert_true(is_barred("198.51.100.1", 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ten_in_a_minute_are_too_many, setup),
		cmocka_unit_test_setup(each_address_has_its_own_count, setup),
		cmocka_unit_test_setup(the_first_is_forgotten_when_it_is_full,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
