/*
 * test_plan.c - numbers of an answer, and which families can be used.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/dial.h"
#include "client/plan.h"

static void test_numbers(void **state)
{
	static struct reply reply = {
		.heartbeat = {20, 16, 120, 10, 2},
		.backoff = {500, 9000, 2, 0.3},
	};
	struct heartbeat_bounds bounds = {60, 60, 300, 30};
	struct heartbeat hb;
	struct backoff backoff;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	heartbeat_init(&hb, &bounds, NULL, &rng);
	backoff_init(&backoff);
	plan_take_numbers(&reply, &hb, &backoff);
	assert_int_equal(hb.bounds.start_s, 20);
	assert_int_equal(hb.bounds.min_s, 16);
	assert_int_equal(hb.bounds.max_s, 120);
	assert_int_equal(hb.bounds.step_s, 10);
	assert_int_equal(backoff_cap_ms(&backoff), 500);
	backoff.attempts = 9;
	assert_int_equal(backoff_cap_ms(&backoff), 9000);
}

static void test_families(void **state)
{
	static struct reply reply;
	struct addr *v6 = &reply.nodes[1].ipv6[0];

	(void)state;
	assert_int_equal(plan_families(&reply), TARGETS_V4_ONLY);
	reply.node_count = 2;
	assert_int_equal(plan_families(&reply), TARGETS_V4_ONLY);
	reply.nodes[1].ipv6_count = 1;
	assert_int_equal(addr_parse(SV("::1"), v6), 0);
	assert_int_equal(plan_families(&reply), dial_has_route(v6)
							? TARGETS_V6_FIRST
							: TARGETS_V4_ONLY);
}

static void test_routes(void **state)
{
	struct addr loopback = addr_from_v4_host(0x7f000001);

	(void)state;
	assert_true(dial_has_route(&loopback));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
