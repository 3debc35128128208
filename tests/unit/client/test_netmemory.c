/*
 * test_netmemory.c - twenty networks, least recently used out, seven days.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "client/netmemory.h"

static char *name(int i, char *dst)
{
	dst[0] = 'n';
	dst[1] = (char)('a' + i / 10);
	dst[2] = (char)('0' + i % 10);
	dst[3] = '\0';
	return dst;
}

static void test_least_recent_leaves(void **state)
{
	static struct netmemory m;
	struct netmemory_facts facts = {0};
	char key[4];

	(void)state;
	memset(&m, 0, sizeof(m));
	for (int i = 0; i < NETMEMORY_MAX; i++) {
		facts.good_s = (uint32_t)i + 60;
		netmemory_put(&m, name(i, key), &facts, i);
	}
	/* used again: number 1 becomes the oldest */
	facts.good_s = 300;
	netmemory_put(&m, name(0, key), &facts, 100);
	netmemory_put(&m, "another", &facts, 101);
	assert_int_equal(m.count, NETMEMORY_MAX);
	assert_non_null(netmemory_find(&m, name(0, key), 101));
	assert_int_equal(netmemory_find(&m, name(0, key), 101)->good_s, 300);
	assert_null(netmemory_find(&m, name(1, key), 101));
	assert_non_null(netmemory_find(&m, name(2, key), 101));
}

static void test_seven_days(void **state)
{
	static struct netmemory m;
	struct netmemory_facts facts = {.good_s = 90};

	(void)state;
	memset(&m, 0, sizeof(m));
	netmemory_put(&m, "wifi", &facts, 1000);
	assert_non_null(netmemory_find(&m, "wifi", 1000 + NETMEMORY_AGE_MS));
	assert_null(netmemory_find(&m, "wifi", 1001 + NETMEMORY_AGE_MS));
}

static void test_long_keys_are_cut(void **state)
{
	static struct netmemory m;
	struct netmemory_facts facts = {.good_s = 90};
	char key[200];

	(void)state;
	memset(&m, 0, sizeof(m));
	memset(key, 'x', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	netmemory_put(&m, key, &facts, 1);
	netmemory_put(&m, key, &facts, 2);
	assert_int_equal(m.count, 1);
	assert_int_equal(strlen(m.entries[0].key), NETMEMORY_KEY_BYTES - 1);
	assert_non_null(netmemory_find(&m, key, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_recent_leaves),
		cmocka_unit_test(test_seven_days),
		cmocka_unit_test(test_long_keys_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
