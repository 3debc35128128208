/*
 * test_cache.c - ttl, stale-if-error, the oldest leaves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cache.h"

static struct reply reply_of(uint32_t ttl_s)
{
	static struct reply r;

	r.ttl_s = ttl_s;
	return r;
}

static const struct age_row {
	const char *rule;
	uint32_t ttl_s;
	enum cache_age age;
	int64_t at_ms; /* after it was put */
	int found;
} age_rows[] = {
	{"fresh until the last millisecond", 60, CACHE_FRESH, 59999, 1},
	{"not fresh at the end of the ttl", 60, CACHE_FRESH, 60000, 0},
	{"stale is usable then", 60, CACHE_STALE, 60000, 1},
	{"for a day", 60, CACHE_STALE, 60000 + CACHE_STALE_MS - 1, 1},
	{"and not longer", 60, CACHE_STALE, 60000 + CACHE_STALE_MS, 0},
	{"a ttl of 0 is never fresh", 0, CACHE_FRESH, 0, 0},
	{"but it is stale", 0, CACHE_STALE, 0, 1},
	{"a ttl above a day is a day", UINT32_MAX, CACHE_FRESH, 86400000, 0},
};

static void test_ages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(age_rows) / sizeof(*age_rows); i++) {
		const struct age_row *row = &age_rows[i];
		struct reply reply = reply_of(row->ttl_s);
		struct cache *cache = cache_new();

		cache_put(cache, "k", &reply, 5);
		if (!!cache_find(cache, "k", row->age, 5 + row->at_ms) !=
		    row->found)
			fail_msg("%s", row->rule);
		cache_free(&cache);
	}
}

static void test_oldest_leaves(void **state)
{
	struct cache *cache = cache_new();
	struct reply reply = reply_of(60);

	(void)state;
	cache_put(cache, "a", &reply, 1);
	cache_put(cache, "b", &reply, 2);
	cache_put(cache, "c", &reply, 3);
	cache_put(cache, "d", &reply, 4);
	cache_put(cache, "a", &reply, 5); /* the same again: no new entry */
	cache_put(cache, "e", &reply, 6);
	assert_non_null(cache_find(cache, "a", CACHE_FRESH, 7));
	assert_null(cache_find(cache, "b", CACHE_FRESH, 7));
	assert_non_null(cache_find(cache, "e", CACHE_FRESH, 7));
	cache_clear(cache);
	assert_null(cache_find(cache, "e", CACHE_STALE, 7));
	cache_free(&cache);
	cache_free(&cache);
}

static void test_expire_keeps_it_as_stale(void **state)
{
	struct cache *cache = cache_new();
	struct reply reply = reply_of(60);

	(void)state;
	cache_put(cache, "a", &reply, 0);
	cache_expire(cache, "a", 10);
	cache_expire(cache, "nobody", 10);
	assert_null(cache_find(cache, "a", CACHE_FRESH, 10));
	assert_non_null(cache_find(cache, "a", CACHE_STALE, 10));
	cache_free(&cache);
}

static void test_long_keys_are_not_kept(void **state)
{
	struct cache *cache = cache_new();
	struct reply reply = reply_of(60);
	char key[CACHE_KEY_BYTES + 1];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	cache_put(cache, key, &reply, 0);
	assert_null(cache_find(cache, key, CACHE_STALE, 0));
	assert_null(cache_find(cache, "", CACHE_STALE, 0));
	cache_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_oldest_leaves),
		cmocka_unit_test(test_expire_keeps_it_as_stale),
		cmocka_unit_test(test_long_keys_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
