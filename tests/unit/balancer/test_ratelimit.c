/* test_ratelimit.c - what a network may ask, and that others cannot change it.
 * Time is a number; the hash key is random, and the rules hold for every key.
 */
#include "balancer/ratelimit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_MS 5000000

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

/* How many of @tries at @now_ms are let through. */
static unsigned take(struct ratelimit *limit,
		     const struct ratelimit_quota *quota, const char *client,
		     unsigned tries, int64_t now_ms)
{
	struct addr addr = addr_of(client);
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += ratelimit_take(limit, quota,
					ratelimit_find(limit, &addr), now_ms);
	return taken;
}

static void test_rate_and_burst(void **state)
{
	static const struct {
		const char *rule;
		unsigned rate, burst, tries;
		int64_t at_ms; /* after the burst was taken */
		unsigned want;
	} rows[] = {
		{"nothing is left at once", 10, 20, 100, 0, 0},
		{"nor just before a token's time", 10, 20, 100, 99, 0},
		{"one at its time", 10, 20, 100, 100, 1},
		{"ten after a second", 10, 20, 100, 1000, 10},
		{"one missing to the burst", 10, 20, 100, 1999, 19},
		{"never more than the burst", 10, 20, 100, 60000, 20},
		{"a burst of one", 1, 1, 100, 5000, 1},
		{"many a millisecond", 1000000, 5000, 20000, 3, 3000},
		{"a rate that does not divide a second", 3, 3, 100, 1000, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ratelimit_quota quota =
			ratelimit_quota(rows[i].rate, rows[i].burst);
		struct ratelimit *limit = ratelimit_new();
		unsigned got;

		assert_int_equal(take(limit, &quota, "192.0.2.1",
				      rows[i].burst + 100, NOW_MS),
				 rows[i].burst);
		got = take(limit, &quota, "192.0.2.1", rows[i].tries,
			   NOW_MS + rows[i].at_ms);
		if (got != rows[i].want)
			fail_msg("%s: got %u", rows[i].rule, got);
		ratelimit_free(&limit);
		assert_null(limit);
	}
}

static void test_networks(void **state)
{
	static const struct {
		const char *rule, *a, *b;
		bool same;
	} rows[] = {
		{"a /24 is one network", "192.0.2.1", "192.0.2.255", true},
		{"its neighbour is another", "192.0.2.1", "192.0.3.1", false},
		{"a /48 is one network", "2001:db8:1::1", "2001:db8:1:ffff::9",
		 true},
		{"its neighbour is another", "2001:db8:1::1", "2001:db8:2::1",
		 false},
		{"families do not meet", "32.1.13.184", "2001:db8::", false},
		{"6to4 is the IPv4 network inside", "192.0.2.1",
		 "2002:c000:0207::1", true},
	};
	struct ratelimit_quota quota = ratelimit_quota(10, 10);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ratelimit *limit = ratelimit_new();

		assert_int_equal(take(limit, &quota, rows[i].a, 20, NOW_MS),
				 10);
		if (take(limit, &quota, rows[i].b, 20, NOW_MS) !=
		    (rows[i].same ? 0 : 10))
			fail_msg("%s", rows[i].rule);
		ratelimit_free(&limit);
	}
}

/* However many addresses an attacker has besides, his network stays empty. */
static void test_nobody_is_forgotten(void **state)
{
	struct ratelimit_quota quota = ratelimit_quota(10, 10);
	struct ratelimit *limit = ratelimit_new();

	(void)state;
	assert_int_equal(take(limit, &quota, "192.0.2.1", 20, NOW_MS), 10);
	for (uint32_t n = 0; n < 1000000; n++) {
		struct addr addr = addr_from_v4_host(0x20000000 + (n << 8));

		(void)!ratelimit_take(limit, &quota,
				      ratelimit_find(limit, &addr), NOW_MS);
	}
	assert_int_equal(take(limit, &quota, "192.0.2.1", 20, NOW_MS), 0);
	ratelimit_free(&limit);
}

/* The bound of the header: 1,000 networks at their limit hurt fewer than
 * (1000/65536)^2 of the others, 0.023 %: of 100,000 about 23. */
static void test_others_are_not_hurt(void **state)
{
	struct ratelimit_quota quota = ratelimit_quota(10, 10);
	struct ratelimit *limit = ratelimit_new();
	unsigned hurt = 0;

	(void)state;
	for (uint32_t n = 0; n < 1000; n++) {
		struct addr addr = addr_from_v4_host(0x0a000000 + (n << 8));

		for (unsigned i = 0; i < 12; i++)
			(void)!ratelimit_take(limit, &quota,
					      ratelimit_find(limit, &addr),
					      NOW_MS);
	}
	for (uint32_t n = 0; n < 100000; n++) {
		struct addr addr = addr_from_v4_host(0x20000000 + (n << 8));

		hurt += !ratelimit_take(limit, &quota,
					ratelimit_find(limit, &addr), NOW_MS);
	}
	assert_in_range(hurt, 0, 60); /* 7 standard deviations */
	ratelimit_free(&limit);
}

static void test_no_limit(void **state)
{
	struct ratelimit_quota quota = ratelimit_quota(0, 10);

	(void)state;
	assert_int_equal(quota.step_ns, 0);
	assert_int_equal(quota.burst_ns, 0);
}

/* ---- several workers ---- */

struct worker {
	struct ratelimit *limit;
	unsigned taken;
	pthread_t thread;
};

static void *run_worker(void *arg)
{
	struct ratelimit_quota quota = ratelimit_quota(10, 1000);
	struct worker *worker = arg;

	worker->taken =
		take(worker->limit, &quota, "192.0.2.1", 100000, NOW_MS);
	return NULL;
}

/* They may count one for two, never less than that. */
static void test_workers_share(void **state)
{
	struct worker workers[2] = {{.limit = ratelimit_new()}};
	unsigned taken = 0;

	(void)state;
	workers[1].limit = workers[0].limit;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
						run_worker, &workers[i]),
				 0);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		taken += workers[i].taken;
	}
	assert_in_range(taken, 1000, 2000);
	ratelimit_free(&workers[0].limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_and_burst),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_nobody_is_forgotten),
		cmocka_unit_test(test_others_are_not_hurt),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_workers_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
