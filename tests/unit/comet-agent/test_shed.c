/*
 * test_shed.c - the pace of shedding, and that everybody goes once a round.
 */
#include "comet-agent/shed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/base/def.h"
#include "lib/base/hash.h"

#define CLIENTS 10000
#define PASS_MS 2000

static uint32_t place_of(unsigned client)
{
	return shed_place(sv_of(&client, sizeof(client)));
}

/* One pass at @now_ms over all clients; counts each one's in @gone. */
static unsigned pass(struct shed *shed, int64_t now_ms, uint8_t *gone)
{
	unsigned count = 0;

	shed_pass(shed, now_ms);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (shed_takes(shed, place_of(i))) {
			gone[i]++;
			count++;
		}
	return count;
}

static void test_evenly_and_once_a_round(void **state)
{
	static uint8_t gone[CLIENTS];
	struct shed shed = {0};
	unsigned sum = 0;
	int64_t at_ms = 5000;

	(void)state;
	shed_set(&shed, 10, at_ms);
	assert_int_equal(pass(&shed, at_ms, gone), 0);
	for (; at_ms < 5000 + 600000; at_ms += PASS_MS) {
		unsigned count = pass(&shed, at_ms + PASS_MS, gone);

		sum += count;
		assert_in_range(count, 10, 70); /* 33 on average */
		if (at_ms == 5000 + 60000 - PASS_MS)
			assert_in_range(sum, 900, 1100); /* 10 % a minute */
		shed_set(&shed, 10, at_ms); /* said with each renewal */
	}
	assert_int_equal(sum, CLIENTS); /* one round */
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(gone[i], 1);
	/* the next round takes the same ones in the same order */
	assert_in_range(pass(&shed, at_ms + 60000, gone), 900, 1100);
}

static void test_it_stops_and_goes_on(void **state)
{
	static uint8_t gone[CLIENTS];
	struct shed shed = {0};

	(void)state;
	assert_int_equal(pass(&shed, 1000, gone), 0); /* off */
	shed_set(&shed, 100, 1000);
	assert_in_range(pass(&shed, 1000 + 30000, gone), 4800, 5200);
	shed_set(&shed, 0, 1000 + 30000);
	assert_int_equal(pass(&shed, 900000, gone), 0);
	shed_set(&shed, 5000, 1000000); /* too much is 100 */
	assert_in_range(pass(&shed, 1000000 + 30000, gone), 4800, 5200);
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(gone[i], 1);		 /* the others now */
	assert_int_equal(pass(&shed, 1000000, gone), 0); /* a clock set back */
}

static void test_places_are_spread(void **state)
{
	unsigned count[10] = {0};

	(void)state;
	for (unsigned i = 0; i < CLIENTS; i++)
		count[(uint64_t)place_of(i) * 10 >> 32]++;
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(count[i], 850, 1150);
	/* on every machine the same */
	assert_int_equal(shed_place(SV("device-1")),
			 (uint32_t)(hash_text(SV("device-1")) >> 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evenly_and_once_a_round),
		cmocka_unit_test(test_it_stops_and_goes_on),
		cmocka_unit_test(test_places_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
