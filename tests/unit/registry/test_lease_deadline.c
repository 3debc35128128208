/* When a lease that is not heard of leaves its state. */
#include "registry/lease_deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TTL_MS 12000

static const struct row {
	const char *rule;
	enum node_state state;
	uint32_t renews_per_ttl;
	int64_t heard_at_ms, down_at_ms, listening_since_ms;
	int64_t next_ms, down_ms;
} rows[] = {
	{"suspect after one and a half of three renewals", NODE_UP, 3, 1000, 0,
	 0, 1000 + TTL_MS / 2, 1000 + TTL_MS},
	{"of two renewals, three quarters of a TTL", NODE_UP, 2, 1000, 0, 0,
	 1000 + TTL_MS * 3 / 4, 1000 + TTL_MS},
	{"a suspect is down a TTL after it was heard", NODE_SUSPECT, 3, 1000, 0,
	 1000, 1000 + TTL_MS, 1000 + TTL_MS},
	{"who was heard before the table listens has a TTL from then", NODE_UP,
	 3, 1000, 0, 1001, 1001 + TTL_MS / 2, 1001 + TTL_MS},
	{"a suspect too", NODE_SUSPECT, 3, 1000, 0, 5000, 5000 + TTL_MS,
	 5000 + TTL_MS},
	{"who is down is forgotten an hour later", NODE_DOWN, 3, 1000, 13000, 0,
	 13000 + LEASE_FORGET_MS, 1000 + TTL_MS},
	{"but not before a TTL of listening", NODE_DOWN, 3, 1000, 13000,
	 LEASE_FORGET_MS + 13000, LEASE_FORGET_MS + 13000 + TTL_MS,
	 LEASE_FORGET_MS + 13000 + TTL_MS},
};

static void a_lease_leaves_its_state_in_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		const struct lease_deadline_rule rule = {
			row->renews_per_ttl, row->listening_since_ms};
		const struct lease lease = {
			.record.ttl_ms = TTL_MS,
			.state = row->state,
			.heard_at_ms = row->heard_at_ms,
			.down_at_ms = row->down_at_ms,
		};

		print_message("%s\n", row->rule);
		assert_int_equal(lease_deadline_next_ms(&rule, &lease),
				 row->next_ms);
		assert_int_equal(lease_deadline_down_ms(&rule, &lease),
				 row->down_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_leaves_its_state_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
