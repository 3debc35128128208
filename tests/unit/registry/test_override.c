/* The intents in force: put, replaced, released, over; and what holds for a
 * node. */
#include "registry/override.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world {
	struct override_table *table;
	struct buf heard; /* "put node/a;" */
};

static void on_event(struct override *entry, enum override_event event,
		     void *arg)
{
	static const char *const names[] = {"put ", "released ", "expired "};
	struct world *world = arg;

	buf_str(&world->heard, names[event]);
	intent_put_target(&world->heard, entry->intent.scope, entry->intent.id);
	buf_char(&world->heard, ';');
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	buf_init(&world->heard, 4096);
	world->table = override_table_new(on_event, world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	override_table_free(&world->table);
	assert_null(world->table);
	buf_fini(&world->heard);
	free(world);
	return 0;
}

static struct intent wish(enum intent_scope scope, const char *id,
			  enum intent_state state, int64_t until_wall_s)
{
	struct intent intent = {
		.scope = scope, .state = state, .until_wall_s = until_wall_s};

	assert_int_equal(sv_copy(sv_str(id), intent.id, sizeof(intent.id)), 0);
	return intent;
}

static void heard(struct world *world, const char *want)
{
	assert_string_equal(buf_cstr(&world->heard), want);
	buf_reset(&world->heard);
}

static void one_for_each_target(void **state)
{
	struct world *world = *state;
	struct intent a = wish(INTENT_NODE, "a", INTENT_DRAIN, 0);
	struct intent region = wish(INTENT_REGION, "a", INTENT_UP, 0);

	override_put(world->table, &a);
	override_put(world->table, &region);
	heard(world, "put node/a;put region/a;");
	assert_int_equal(override_count(world->table), 2);
	a.state = INTENT_MAINTENANCE;
	override_put(world->table, &a);
	heard(world, "put node/a;");
	assert_int_equal(override_count(world->table), 2);
	assert_int_equal(
		override_count_in(world->table, INTENT_NODE, INTENT_DRAIN), 0);
	assert_int_equal(override_count_in(world->table, INTENT_NODE,
					   INTENT_MAINTENANCE),
			 1);
	assert_int_equal(
		override_count_in(world->table, INTENT_REGION, INTENT_UP), 1);
	override_release(world->table, INTENT_NODE, SV("a"), OVERRIDE_RELEASED);
	heard(world, "released node/a;");
	assert_null(override_find(world->table, INTENT_NODE, SV("a")));
	assert_non_null(override_find(world->table, INTENT_REGION, SV("a")));
	override_release(world->table, INTENT_NODE, SV("a"), OVERRIDE_RELEASED);
	heard(world, "");
}

static void restoring_is_quiet(void **state)
{
	struct world *world = *state;
	struct intent a = wish(INTENT_NODE, "a", INTENT_DRAIN, 0);

	override_restore(world->table, &a);
	heard(world, "");
	assert_non_null(override_find(world->table, INTENT_NODE, SV("a")));
}

/* End every intent that is over. */
static void let_pass(struct world *world, int64_t now_wall_s)
{
	const struct override *entry;

	while ((entry = override_overdue(world->table, now_wall_s)) != NULL)
		override_release(world->table, entry->intent.scope,
				 sv_str(entry->intent.id), OVERRIDE_EXPIRED);
}

static void ends_in_time(void **state)
{
	struct world *world = *state;
	struct intent late = wish(INTENT_NODE, "late", INTENT_DRAIN, 200);
	struct intent soon = wish(INTENT_REGION, "soon", INTENT_DRAIN, 100);
	struct intent never = wish(INTENT_NODE, "never", INTENT_DRAIN, 0);

	override_restore(world->table, &late);
	override_restore(world->table, &soon);
	override_restore(world->table, &never);
	let_pass(world, 99);
	heard(world, "");
	let_pass(world, 100);
	heard(world, "expired region/soon;");
	let_pass(world, 199);
	heard(world, "");
	late.until_wall_s = 300;
	override_put(world->table, &late);
	heard(world, "put node/late;");
	let_pass(world, 299);
	heard(world, "");
	let_pass(world, 5000);
	heard(world, "expired node/late;");
	assert_int_equal(override_count(world->table), 1);
}

static void the_nodes_own_wins(void **state)
{
	struct world *world = *state;
	struct node_record record = {.id = "a", .region = "eu"};
	struct intent own = wish(INTENT_NODE, "a", INTENT_UP, 0);
	struct intent region = wish(INTENT_REGION, "eu", INTENT_DRAIN, 0);
	struct intent_effect effect;

	override_effective(world->table, &record, &effect);
	assert_int_equal(effect.state, INTENT_UP);
	own.has_weight = true;
	own.weight = 5;
	override_put(world->table, &own);
	override_put(world->table, &region);
	override_effective(world->table, &record, &effect);
	assert_int_equal(effect.state, INTENT_DRAIN);
	assert_int_equal(effect.weight, 5);
	memcpy(record.region, "us", 3);
	override_effective(world->table, &record, &effect);
	assert_int_equal(effect.state, INTENT_UP);
}

static void is_visited_whole(void **state)
{
	struct world *world = *state;
	struct intent a = wish(INTENT_NODE, "a", INTENT_UP, 0);
	struct intent b = wish(INTENT_REGION, "b", INTENT_UP, 0);
	const struct override *entry;

	assert_null(override_next(world->table, NULL));
	override_put(world->table, &b);
	entry = override_next(world->table, NULL);
	assert_string_equal(entry->intent.id, "b");
	assert_null(override_next(world->table, entry));
	override_put(world->table, &a);
	entry = override_next(world->table, NULL);
	assert_string_equal(entry->intent.id, "a");
	entry = override_next(world->table, entry);
	assert_string_equal(entry->intent.id, "b");
	assert_null(override_next(world->table, entry));
}

/* Who reads in pieces misses none that stays, whatever goes meanwhile. */
static void is_read_from_where_it_was_left(void **state)
{
	struct world *world = *state;
	struct intent intent = {.scope = INTENT_NODE, .id = "a"};
	const struct override *entry;

	for (intent.id[0] = 'a'; intent.id[0] <= 'c'; intent.id[0]++)
		override_restore(world->table, &intent);
	intent.scope = INTENT_REGION;
	intent.id[0] = 'r';
	override_restore(world->table, &intent);
	entry = override_after(world->table, INTENT_NODE, 0);
	assert_string_equal(entry->intent.id, "a");
	entry = override_next(world->table, entry);
	assert_string_equal(entry->intent.id, "b");
	assert_int_equal(entry->number, 2);
	override_release(world->table, INTENT_NODE, SV("a"), OVERRIDE_RELEASED);
	override_release(world->table, INTENT_NODE, SV("b"), OVERRIDE_RELEASED);
	entry = override_after(world->table, INTENT_NODE, 2);
	assert_string_equal(entry->intent.id, "c");
	entry = override_after(world->table, INTENT_NODE, entry->number);
	assert_string_equal(entry->intent.id, "r");
	assert_null(override_after(world->table, INTENT_REGION, entry->number));
}

static void is_bounded(void **state)
{
	struct world *world = *state;
	struct intent intent = wish(INTENT_NODE, "", INTENT_UP, 0);
	struct buf id;

	for (unsigned i = 0; i < OVERRIDE_MAX; i++) {
		assert_true(override_has_room(world->table, INTENT_NODE,
					      SV("new"), 0));
		buf_init_fixed(&id, intent.id, sizeof(intent.id));
		buf_printf(&id, "n%u", i);
		(void)buf_cstr(&id);
		override_restore(world->table, &intent);
	}
	assert_false(
		override_has_room(world->table, INTENT_NODE, SV("new"), 0));
	assert_false(
		override_has_room(world->table, INTENT_REGION, SV("n1"), 0));
	assert_true(override_has_room(world->table, INTENT_NODE, SV("n1"), 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_for_each_target),
		TEST(restoring_is_quiet),
		TEST(ends_in_time),
		TEST(the_nodes_own_wins),
		TEST(is_visited_whole),
		TEST(is_bounded),
		TEST(is_read_from_where_it_was_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
