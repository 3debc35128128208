/* The lease table under a virtual clock: who is up and until when. */
#include "registry/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "registry/lease_sums.h"
#include "tests/unit/registry/lease_world.h"

static enum node_state state_of(struct world *world, const char *id)
{
	const struct lease *lease = lease_find(world->table, sv_str(id));

	assert_non_null(lease);
	return lease->state;
}

static const struct clock_row {
	const char *rule;
	int64_t at_ms;	  /* after the registration */
	const char *want; /* events so far */
} clock_rows[] = {
	{"up one millisecond before one and a half intervals", SUSPECT_MS - 1,
	 "add a;"},
	{"suspect at one and a half intervals", SUSPECT_MS,
	 "add a;state a suspect;"},
	{"still suspect one millisecond before the TTL", TTL_MS - 1,
	 "add a;state a suspect;"},
	{"down at the TTL", TTL_MS, "add a;state a suspect;state a down;"},
	{"still known one millisecond before the hour is over",
	 TTL_MS + LEASE_FORGET_MS - 1, "add a;state a suspect;state a down;"},
	{"forgotten an hour after it went down", TTL_MS + LEASE_FORGET_MS,
	 "add a;state a suspect;state a down;forgotten a;"},
};

static void silence_ends_a_lease(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(clock_rows); i++) {
		struct world *world;

		set_up(state);
		world = *state;
		put(world, "a", 1);
		pass_until(world, clock_rows[i].at_ms);
		if (strcmp(buf_cstr(&world->log), clock_rows[i].want) != 0)
			fail_msg("%s: %s", clock_rows[i].rule,
				 buf_cstr(&world->log));
		assert_int_equal(lease_counters(world->table)->pauses, 0);
		tear_down(state);
	}
}

static void a_renewal_starts_the_clock_anew(void **state)
{
	struct world *world = *state;

	put(world, "a", 1);
	pass_until(world, SUSPECT_MS - 1);
	assert_int_equal(renew(world, "a", 1, 1), 0);
	pass_until(world, 2 * SUSPECT_MS - 2);
	logged(world, "add a;");
	pass_until(world, 2 * SUSPECT_MS - 1);
	logged(world, "state a suspect;");
	assert_int_equal(renew(world, "a", 1, 2), 0);
	logged(world, "state a up;");
	assert_int_equal(lease_counters(world->table)->revived, 1);
	pass_until(world, 2 * SUSPECT_MS - 1 + TTL_MS);
	logged(world, "state a suspect;state a down;");
}

static void a_renewal_revives_a_node_that_is_down(void **state)
{
	struct world *world = *state;

	put(world, "a", 1);
	assert_int_equal(renew(world, "a", 1, 5), 0);
	pass_until(world, TTL_MS + 1000000);
	assert_int_equal(state_of(world, "a"), NODE_DOWN);
	buf_reset(&world->log);
	assert_int_equal(renew(world, "a", 1, 6), 0);
	logged(world, "state a up;");
	pass_until(world, TTL_MS + 1000000 + SUSPECT_MS);
	logged(world, "state a suspect;");
}

static void an_unknown_or_forgotten_node_cannot_renew(void **state)
{
	struct world *world = *state;

	assert_int_equal(renew(world, "a", 1, 1), ERR_NOTFOUND);
	put(world, "a", 1);
	assert_int_equal(renew(world, "a", 2, 1), ERR_NOTFOUND);
	pass_until(world, TTL_MS + LEASE_FORGET_MS);
	assert_int_equal(renew(world, "a", 1, 1), ERR_NOTFOUND);
	assert_int_equal(lease_count(world->table), 0);
	assert_int_equal(lease_counters(world->table)->forgotten, 1);
	assert_int_equal(put(world, "a", 1), LEASE_IS_NEW);
}

static const struct seq_row {
	const char *rule;
	uint64_t seq;
	int rc;
} seq_rows[] = {
	{"the first may be anything", 7, 0},
	{"the same again is late", 7, ERR_STATE},
	{"an older one is late", 6, ERR_STATE},
	{"zero is late", 0, ERR_STATE},
	{"the next one passes", 8, 0},
	{"a gap passes", 100, 0},
};

static void sequence_numbers_only_grow(void **state)
{
	struct world *world = *state;

	put(world, "a", 1);
	for (size_t i = 0; i < ARRAY_LEN(seq_rows); i++) {
		if (renew(world, "a", 1, seq_rows[i].seq) != seq_rows[i].rc)
			fail_msg("%s", seq_rows[i].rule);
	}
	assert_int_equal(lease_counters(world->table)->stale_seqs, 3);
	assert_int_equal(lease_counters(world->table)->renewals, 3);
}

static void a_stale_renewal_extends_nothing(void **state)
{
	struct world *world = *state;

	put(world, "a", 1);
	assert_int_equal(renew(world, "a", 1, 5), 0);
	pass_until(world, TTL_MS - 1);
	assert_int_equal(renew(world, "a", 1, 5), ERR_STATE);
	pass_until(world, TTL_MS);
	assert_int_equal(state_of(world, "a"), NODE_DOWN);
}

static const struct pause_row {
	const char *rule;
	int64_t silent_ms; /* of the registry itself */
	int64_t down_at_ms;
	uint64_t pauses;
} pause_rows[] = {
	{"a second without a turn is no pause", 1000, TTL_MS, 0},
	{"a millisecond more gives everybody a full TTL again", 1001,
	 1001 + TTL_MS, 1},
	{"also when the leases had expired meanwhile", 10 * TTL_MS,
	 10 * TTL_MS + TTL_MS, 1},
};

static void our_own_pause_expires_nobody(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pause_rows); i++) {
		const struct pause_row *row = &pause_rows[i];
		struct world *world;

		set_up(state);
		world = *state;
		put(world, "a", 1);
		world->now_ms = START_MS + row->silent_ms;
		lease_advance(world->table, world->now_ms);
		pass_until(world, row->down_at_ms - 1);
		if (state_of(world, "a") != NODE_SUSPECT)
			fail_msg("%s: too early", row->rule);
		pass_until(world, row->down_at_ms);
		if (state_of(world, "a") != NODE_DOWN)
			fail_msg("%s: too late", row->rule);
		assert_int_equal(lease_counters(world->table)->pauses,
				 row->pauses);
		tear_down(state);
	}
}

static void a_restart_expires_nobody_before_a_ttl(void **state)
{
	struct world *world = *state;
	struct node_record up = record_of("up", 1), down = record_of("down", 1);
	struct lease_past lived = {.registered_for_ms = 70000,
				   .down_for_ms = -1};
	struct lease_past dead = {.registered_for_ms = 70000,
				  .down_for_ms = 1000};
	struct feed_node node;

	lease_restore(world->table, &up, &lived, world->now_ms);
	lease_restore(world->table, &down, &dead, world->now_ms);
	world->now_ms += 30000; /* reading the store took that long */
	lease_listen(world->table, world->now_ms);
	logged(world, "");
	assert_int_equal(state_of(world, "up"), NODE_UP);
	assert_int_equal(state_of(world, "down"), NODE_DOWN);
	lease_to_feed(lease_find(world->table, SV("up")), world->now_ms, &node);
	assert_int_equal(node.registered_age_ms, 100000);
	pass_until(world, 30000 + TTL_MS - 1);
	assert_int_equal(state_of(world, "up"), NODE_SUSPECT);
	pass_until(world, 30000 + TTL_MS);
	assert_int_equal(state_of(world, "up"), NODE_DOWN);
	/* Any sequence number is news after a restart. */
	assert_int_equal(renew(world, "up", 1, 3), 0);
	pass_until(world, LEASE_FORGET_MS - 1000 - 1);
	assert_non_null(lease_find(world->table, SV("down")));
	pass_until(world, LEASE_FORGET_MS - 1000);
	assert_null(lease_find(world->table, SV("down")));
}

static void long_dead_nodes_get_a_ttl_to_speak(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("a", 1);
	struct lease_past dead = {.down_for_ms = 2 * LEASE_FORGET_MS};

	lease_restore(world->table, &record, &dead, world->now_ms);
	pass_until(world, TTL_MS - 1);
	assert_non_null(lease_find(world->table, SV("a")));
	pass_until(world, TTL_MS);
	logged(world, "forgotten a;");
}

static void each_node_has_its_own_ttl(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("a", 1);

	record.ttl_ms = NODE_TTL_MAX_MS;
	put_record(world, &record);
	put(world, "b", 1);
	pass_until(world, TTL_MS);
	assert_int_equal(state_of(world, "a"), NODE_UP);
	assert_int_equal(state_of(world, "b"), NODE_DOWN);
	/* A shorter one counts at once. */
	record.ttl_ms = NODE_TTL_MIN_MS;
	put_record(world, &record);
	pass_until(world, TTL_MS + 2000);
	assert_int_equal(state_of(world, "a"), NODE_DOWN);
	assert_int_equal(
		lease_renew_ms(world->table, lease_find(world->table, SV("b"))),
		TTL_MS / 3);
}

static void sums_follow_every_change(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("b", 1);
	const struct lease_sum *sum;

	put(world, "a", 1);
	renew(world, "a", 1, 1);
	record.capacity = 500;
	put_record(world, &record);
	sum = lease_sums_find(lease_regions(world->table), "eu");
	assert_int_equal(sum->nodes[NODE_UP], 2);
	assert_int_equal(sum->conns, 10);
	assert_int_equal(sum->capacity, 1500);
	assert_int_equal(sv_copy(SV("us"), record.region, NODE_ID_BYTES), 0);
	put_record(world, &record);
	assert_int_equal(sum->nodes[NODE_UP], 1);
	assert_int_equal(lease_sums_count(lease_regions(world->table)), 2);
	assert_int_equal(lease_sums_count(lease_services(world->table)), 1);
	pass_until(world, TTL_MS);
	assert_int_equal(sum->nodes[NODE_DOWN], 1);
	assert_int_equal(sum->conns, 0); /* who is down serves nobody */
	assert_int_equal(sum->capacity, 0);
	assert_int_equal(lease_count_in(world->table, NODE_DOWN), 2);
	assert_int_equal(lease_remove(world->table, SV("b"), 1), 0);
	assert_null(lease_sums_find(lease_regions(world->table), "us"));
	assert_int_equal(lease_count_in(world->table, NODE_DOWN), 1);
}

static void lists_are_ordered_by_id(void **state)
{
	struct world *world = *state;

	put(world, "m", 1);
	put(world, "z", 1);
	put(world, "a", 1);
	assert_string_equal(lease_at(world->table, 0)->record.id, "a");
	assert_string_equal(lease_at(world->table, 1)->record.id, "m");
	assert_string_equal(lease_at(world->table, 2)->record.id, "z");
	assert_null(lease_at(world->table, 3));
	assert_int_equal(lease_index_after(world->table, "a"), 1);
	assert_int_equal(lease_index_after(world->table, "b"), 1);
	assert_int_equal(lease_index_after(world->table, "zz"), 3);
	assert_int_equal(lease_remove(world->table, SV("m"), 1), 0);
	assert_string_equal(lease_at(world->table, 1)->record.id, "z");
	assert_int_equal(lease_index_after(world->table, "m"), 1);
}

static void renewed_leases_are_taken_once(void **state)
{
	struct world *world = *state;
	const struct lease *taken[4];

	put(world, "a", 1);
	put(world, "b", 1);
	put(world, "c", 1);
	renew(world, "a", 1, 1);
	renew(world, "b", 1, 1);
	renew(world, "a", 1, 2);
	renew(world, "c", 1, 1);
	assert_int_equal(lease_remove(world->table, SV("b"), 1), 0);
	assert_int_equal(lease_take_renewed(world->table, taken, 1), 1);
	assert_string_equal(taken[0]->record.id, "a");
	assert_int_equal(lease_take_renewed(world->table, taken, 4), 1);
	assert_string_equal(taken[0]->record.id, "c");
	assert_int_equal(lease_take_renewed(world->table, taken, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		cmocka_unit_test(silence_ends_a_lease),
		T(a_renewal_starts_the_clock_anew),
		T(a_renewal_revives_a_node_that_is_down),
		T(an_unknown_or_forgotten_node_cannot_renew),
		T(sequence_numbers_only_grow),
		T(a_stale_renewal_extends_nothing),
		cmocka_unit_test(our_own_pause_expires_nobody),
		T(a_restart_expires_nobody_before_a_ttl),
		T(long_dead_nodes_get_a_ttl_to_speak),
		T(each_node_has_its_own_ttl),
		T(sums_follow_every_change),
		T(lists_are_ordered_by_id),
		T(renewed_leases_are_taken_once),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
