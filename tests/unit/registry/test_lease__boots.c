/* Several processes and records under one id: who wins, and what is kept. */
#include "registry/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "tests/unit/registry/lease_world.h"

static void the_newer_process_wins(void **state)
{
	struct world *world = *state;

	assert_int_equal(put(world, "a", 5), LEASE_IS_NEW);
	assert_int_equal(renew(world, "a", 5, 100), 0);
	assert_int_equal(put(world, "a", 4), ERR_CONFLICT);
	assert_int_equal(put(world, "a", 6), LEASE_IS_CHANGED);
	assert_int_equal(renew(world, "a", 5, 101), ERR_CONFLICT);
	assert_int_equal(lease_remove(world->table, SV("a"), 5), ERR_CONFLICT);
	assert_int_equal(renew(world, "a", 6, 1), 0); /* counts anew */
	assert_int_equal(lease_counters(world->table)->conflicts, 3);
	logged(world, "add a;change a;");
	assert_int_equal(lease_remove(world->table, SV("a"), 6), 0);
	assert_int_equal(lease_remove(world->table, SV("a"), 6), ERR_NOTFOUND);
	logged(world, "left a;");
}

static const struct older_row {
	const char *rule;
	int64_t at_ms; /* since the newer boot was heard */
	int want;      /* of the older boot's registration */
} older_rows[] = {
	{"refused while the newer one is up", SUSPECT_MS - 1, ERR_CONFLICT},
	{"refused when it has become suspect", SUSPECT_MS, ERR_CONFLICT},
	{"refused one millisecond before its TTL", TTL_MS - 1, ERR_CONFLICT},
	{"the id is free at its TTL", TTL_MS, LEASE_IS_CHANGED},
	{"and until it is forgotten", TTL_MS + LEASE_FORGET_MS - 1,
	 LEASE_IS_CHANGED},
	{"then it is a new node", TTL_MS + LEASE_FORGET_MS, LEASE_IS_NEW},
};

static void an_older_boot_waits_until_the_newer_is_down(void **state)
{
	struct node_record record = record_of("a", 4);

	for (size_t i = 0; i < ARRAY_LEN(older_rows); i++) {
		const struct older_row *row = &older_rows[i];
		enum lease_verdict verdict;
		struct world *world;
		int checked;

		print_message("%s\n", row->rule);
		tear_down(state);
		set_up(state);
		world = *state;
		put(world, "a", 5);
		pass_until(world, row->at_ms);
		checked = lease_check(world->table, &record, &verdict);
		assert_int_equal(checked == 0 ? (int)verdict : checked,
				 row->want);
		assert_int_equal(put_record(world, &record), row->want);
		assert_int_equal(lease_counters(world->table)->conflicts,
				 row->want == ERR_CONFLICT ? 2 : 0);
	}
}

static void an_older_boot_that_took_over_starts_anew(void **state)
{
	struct world *world = *state;
	const struct lease *lease;

	put(world, "a", 5);
	assert_int_equal(renew(world, "a", 5, 100), 0);
	pass_until(world, TTL_MS);
	buf_reset(&world->log);
	assert_int_equal(put(world, "a", 4), LEASE_IS_CHANGED);
	logged(world, "change a;");
	lease = lease_find(world->table, SV("a"));
	assert_int_equal(lease->state, NODE_UP);
	assert_int_equal(lease->record.boot_epoch, 4);
	assert_int_equal(lease->load_at_ms, -1);
	assert_int_equal(lease->registered_at_ms, world->now_ms);
	assert_int_equal(renew(world, "a", 4, 1), 0);
	/* The newer one is told to register when it is back, and wins. */
	assert_int_equal(renew(world, "a", 5, 101), ERR_NOTFOUND);
	assert_int_equal(put(world, "a", 5), LEASE_IS_CHANGED);
	assert_int_equal(put(world, "a", 4), ERR_CONFLICT);
}

static void a_newer_boot_that_renews_keeps_its_id(void **state)
{
	struct world *world = *state;

	put(world, "a", 5);
	pass_until(world, TTL_MS);
	assert_int_equal(renew(world, "a", 5, 1), 0);
	assert_int_equal(put(world, "a", 4), ERR_CONFLICT);
}

static void a_new_boot_forgets_the_old_load(void **state)
{
	struct world *world = *state;
	struct feed_node node;

	put(world, "a", 1);
	renew(world, "a", 1, 1);
	pass_until(world, 1000);
	put(world, "a", 2);
	pass_until(world, 1500);
	lease_to_feed(lease_find(world->table, SV("a")), world->now_ms, &node);
	assert_int_equal(node.load_age_ms, -1);
	assert_int_equal(node.conns, 0);
	assert_int_equal(node.registered_age_ms, 500);
	renew(world, "a", 2, 1);
	pass_until(world, 1700);
	lease_to_feed(lease_find(world->table, SV("a")), world->now_ms, &node);
	assert_int_equal(node.load_age_ms, 200);
	assert_int_equal(node.conns, 10);
	assert_int_equal(node.registered_age_ms, 700);
}

static void the_same_record_is_a_sign_of_life_only(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("a", 1);

	put(world, "a", 1);
	buf_reset(&world->log);
	pass_until(world, SUSPECT_MS - 1);
	assert_int_equal(put(world, "a", 1), LEASE_IS_SAME);
	pass_until(world, SUSPECT_MS + 1000);
	logged(world, "");
	record.weight = 50;
	assert_int_equal(put_record(world, &record), LEASE_IS_CHANGED);
	logged(world, "change a;");
	assert_int_equal(lease_counters(world->table)->same, 1);
	assert_int_equal(lease_counters(world->table)->changed, 1);
	/* It also brings a node back that is down. */
	pass_until(world, 3 * TTL_MS);
	buf_reset(&world->log);
	assert_int_equal(put_record(world, &record), LEASE_IS_SAME);
	logged(world, "state a up;");
}

static void a_change_keeps_load_and_sequence(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("a", 1);

	put(world, "a", 1);
	renew(world, "a", 1, 9);
	record.capacity = 5;
	put_record(world, &record);
	assert_int_equal(renew(world, "a", 1, 9), ERR_STATE);
	assert_int_equal(lease_find(world->table, SV("a"))->load.conns, 10);
}

static void checking_changes_nothing(void **state)
{
	struct world *world = *state;
	struct node_record record = record_of("a", 3);
	enum lease_verdict verdict;

	assert_int_equal(lease_check(world->table, &record, &verdict), 0);
	assert_int_equal(verdict, LEASE_IS_NEW);
	assert_int_equal(lease_count(world->table), 0);
	put(world, "a", 3);
	assert_int_equal(lease_check(world->table, &record, &verdict), 0);
	assert_int_equal(verdict, LEASE_IS_SAME);
	record.weight = 1;
	assert_int_equal(lease_check(world->table, &record, &verdict), 0);
	assert_int_equal(verdict, LEASE_IS_CHANGED);
	record.boot_epoch = 2;
	assert_int_equal(lease_check(world->table, &record, &verdict),
			 ERR_CONFLICT);
	put(world, "b", 1);
	put(world, "c", 1);
	record = record_of("d", 1);
	assert_int_equal(lease_check(world->table, &record, &verdict),
			 ERR_LIMIT);
	record = record_of("c", 2); /* known ones still may */
	assert_int_equal(lease_check(world->table, &record, &verdict), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(the_newer_process_wins),
		T(an_older_boot_waits_until_the_newer_is_down),
		T(an_older_boot_that_took_over_starts_anew),
		T(a_newer_boot_that_renews_keeps_its_id),
		T(a_new_boot_forgets_the_old_load),
		T(the_same_record_is_a_sign_of_life_only),
		T(a_change_keeps_load_and_sequence),
		T(checking_changes_nothing),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
