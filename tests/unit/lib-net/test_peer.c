/* test_peer.c - limits of one address, and what it takes to make the
 * table forget. */
#include "lib/net/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Ten at once, then one each 100 ms. */
static const struct peer_limits limits = {
	.conns_max = 2, .bad_per_s = 10, .bad_burst = 10};

#define NOW_MS 1000000

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static enum peer_verdict enter(struct peer_table *table, const char *text,
			       struct peer **peer_r)
{
	struct addr addr = addr_of(text);

	return peer_enter(table, &addr, NOW_MS, peer_r);
}

static void test_connections(void **state)
{
	static const struct {
		const char *rule, *held, *asks;
		enum peer_verdict want;
	} rows[] = {
		{"the same IPv4 address", "192.0.2.1", "192.0.2.1",
		 PEER_TOO_MANY},
		{"another IPv4 address", "192.0.2.1", "192.0.2.2", PEER_OK},
		{"the same /64", "2001:db8::1", "2001:db8::ffff:0:0:1",
		 PEER_TOO_MANY},
		{"another /64", "2001:db8::1", "2001:db8:0:1::1", PEER_OK},
		{"the other family", "32.1.13.184", "2001:db8::", PEER_OK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_table *table = peer_table_new(&limits, 100);
		struct peer *held[2], *more;

		for (unsigned n = 0; n < 2; n++)
			assert_int_equal(enter(table, rows[i].held, &held[n]),
					 PEER_OK);
		assert_ptr_equal(held[0], held[1]);
		if (enter(table, rows[i].asks, &more) != rows[i].want)
			fail_msg("%s", rows[i].rule);
		peer_leave(table, &held[0], NOW_MS);
		assert_null(held[0]);
		assert_int_equal(enter(table, rows[i].held, &more), PEER_OK);
		peer_table_free(&table);
	}
}

static void test_bad_requests(void **state)
{
	struct peer_table *table = peer_table_new(&limits, 100);
	struct addr addr = addr_of("192.0.2.1");
	struct peer *peer, *other;

	(void)state;
	assert_int_equal(enter(table, "192.0.2.1", &peer), PEER_OK);
	for (unsigned n = 1; n < 10; n++)
		assert_false(peer_note_bad(table, peer, NOW_MS));
	assert_int_equal(enter(table, "192.0.2.1", &other), PEER_OK);
	peer_leave(table, &other, NOW_MS);
	/* The tenth fills the bucket, and more do not make it fuller. */
	for (unsigned n = 10; n < 1000; n++)
		assert_true(peer_note_bad(table, peer, NOW_MS));
	assert_int_equal(enter(table, "192.0.2.1", &other), PEER_BARRED);
	assert_int_equal(enter(table, "192.0.2.2", &other), PEER_OK);
	peer_leave(table, &other, NOW_MS);
	/* It does not help to go: the entry stays. */
	peer_leave(table, &peer, NOW_MS);
	assert_int_equal(peer_enter(table, &addr, NOW_MS, &peer), PEER_BARRED);
	/* One is forgiven each 100 ms. */
	assert_int_equal(peer_enter(table, &addr, NOW_MS + 99, &peer),
			 PEER_BARRED);
	assert_int_equal(peer_enter(table, &addr, NOW_MS + 100, &peer),
			 PEER_OK);
	assert_false(peer_is_barred(table, peer, NOW_MS + 100));
	assert_true(peer_note_bad(table, peer, NOW_MS + 100));
	peer_leave(table, &peer, NOW_MS + 100);
	peer_table_free(&table);
}

static void test_without_limits(void **state)
{
	const struct peer_limits none = {.bad_burst = 10};
	struct peer_table *table = peer_table_new(&none, 100);
	struct peer *peer;

	(void)state;
	for (unsigned n = 0; n < 50; n++) {
		assert_int_equal(enter(table, "192.0.2.1", &peer), PEER_OK);
		assert_false(peer_note_bad(table, peer, NOW_MS));
	}
	peer_table_free(&table);
}

/* As many addresses as @count come and go; each has @bad bad requests. */
static void visit(struct peer_table *table, unsigned count, unsigned bad)
{
	for (unsigned n = 0; n < count; n++) {
		struct addr addr = addr_from_v4_host(0x0a000000 + n);
		struct peer *peer;

		assert_int_equal(peer_enter(table, &addr, NOW_MS, &peer),
				 PEER_OK);
		for (unsigned i = 0; i < bad; i++)
			(void)peer_note_bad(table, peer, NOW_MS);
		peer_leave(table, &peer, NOW_MS);
	}
}

/* What an attacker has to spend to be forgotten. */
static void test_eviction(void **state)
{
	static const struct {
		const char *rule;
		unsigned visitors, bad;
		enum peer_verdict want;
	} rows[] = {
		{"clients without bad requests throw nobody out",
		 10 * PEER_SPARE, 0, PEER_BARRED},
		{"a bad one of each of fewer than the table holds neither",
		 PEER_SPARE - 1, 1, PEER_BARRED},
		{"more bad ones than the table holds do", PEER_SPARE + 10, 1,
		 PEER_OK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer_table *table = peer_table_new(&limits, 1);
		struct peer *peer;

		assert_int_equal(enter(table, "192.0.2.1", &peer), PEER_OK);
		for (unsigned n = 0; n < 10; n++)
			(void)peer_note_bad(table, peer, NOW_MS);
		peer_leave(table, &peer, NOW_MS);
		visit(table, rows[i].visitors, rows[i].bad);
		if (enter(table, "192.0.2.1", &peer) != rows[i].want)
			fail_msg("%s", rows[i].rule);
		peer_table_free(&table);
	}
}

static void test_who_is_connected_stays(void **state)
{
	struct peer_table *table = peer_table_new(&limits, 1);
	struct peer *held, *peer;

	(void)state;
	assert_int_equal(enter(table, "192.0.2.1", &held), PEER_OK);
	for (unsigned n = 0; n < 10; n++)
		(void)peer_note_bad(table, held, NOW_MS);
	visit(table, 10 * PEER_SPARE, 1);
	assert_int_equal(enter(table, "192.0.2.1", &peer), PEER_BARRED);
	assert_true(peer_is_barred(table, held, NOW_MS));
	peer_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_without_limits),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_who_is_connected_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
