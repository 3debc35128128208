/*
 * test_view_shelf.c - the last views can be taken, and no others.
 */
#include "balancer/view_shelf.h"

#include "tests/unit/balancer/random_world.h"

struct setting {
	struct world world;
	struct view_map *map;
	struct policy *policy;
};

static void set_up_from(struct setting *s, uint32_t first_number)
{
	static struct balancer_settings settings;
	const struct cellmap_config config = {0};
	struct cellmap *map;
	char why[128];
	struct buf b;

	world_random(&s->world, 3);
	buf_init_fixed(&b, why, sizeof(why));
	assert_int_equal(cellmap_build(&config, &map, &b), 0);
	s->map = view_map_new(map, 0);
	s->map->serial = 1;
	s->policy = policy_new(&settings);
	snapshot_builder_free(&s->world.builder);
	s->world.builder = snapshot_builder_new(first_number);
}

static void set_up(struct setting *s)
{
	set_up_from(s, 1);
}

static void tear_down(struct setting *s)
{
	world_fini(&s->world);
	view_map_unref(&s->map);
	policy_unref(&s->policy);
}

static void put(struct setting *s, struct view_shelf *shelf)
{
	struct view_parts parts = {.map = s->map, .policy = s->policy};
	struct view *view;

	s->world.now_ms += 1000;
	parts.snapshot = world_build(&s->world);
	view = view_new(&parts);
	view_shelf_put(shelf, view);
	view_unref(&view);
}

static bool has(struct view_shelf *shelf, uint32_t number)
{
	struct view *view = view_shelf_take(shelf, number);
	bool found = view != NULL;

	if (found)
		assert_int_equal(view->number, number);
	view_unref(&view);
	return found;
}

static void test_the_last_ones(void **state)
{
	static const unsigned capacities[] = {1, 2, 3, 64};

	(void)state;
	for (unsigned c = 0; c < ARRAY_LEN(capacities); c++) {
		unsigned kept = capacities[c];
		struct view_shelf *shelf = view_shelf_new(kept);
		struct setting s;

		set_up(&s);
		assert_null(view_shelf_take_newest(shelf));
		assert_false(has(shelf, 1));
		for (uint32_t n = 1; n <= 70; n++) {
			put(&s, shelf);
			assert_true(has(shelf, n));
			assert_true(has(shelf, n > kept ? n - kept + 1 : 1));
			assert_false(has(shelf, n > kept ? n - kept : 0));
			assert_false(has(shelf, n + 1));
		}
		assert_int_equal(view_shelf_stats(shelf).past_count, kept - 1);
		view_shelf_free(&shelf);
		tear_down(&s);
	}
}

/* Numbers begin anywhere: 0 follows the largest, and is one like others. */
static void test_numbers_wrap(void **state)
{
	enum { KEPT = 4 };
	const uint32_t first = UINT32_MAX - 5;
	struct view_shelf *shelf = view_shelf_new(KEPT);
	struct setting s;

	(void)state;
	set_up_from(&s, first);
	for (uint32_t count = 1; count <= 16; count++) {
		uint32_t newest = first + count - 1;

		put(&s, shelf);
		for (uint32_t back = 0; back <= KEPT; back++) {
			bool kept = back < KEPT && back < count;

			assert_int_equal(has(shelf, newest - back), kept);
			assert_int_equal(
				view_shelf_is_past(shelf, newest - back),
				kept && back > 0);
		}
		assert_false(has(shelf, newest + 1));
	}
	view_shelf_free(&shelf);
	tear_down(&s);
}

/* The policy is that of its time; the map is the newest, and it shows. */
static void test_policy_and_map(void **state)
{
	struct view_shelf *shelf = view_shelf_new(4);
	struct policy *old;
	struct setting s;
	struct view *view;
	struct cellmap *map;
	const struct cellmap_config config = {0};
	static struct balancer_settings settings;
	char why[128];
	struct buf b;

	(void)state;
	set_up(&s);
	put(&s, shelf);
	old = s.policy;
	s.policy = policy_new(&settings);
	view_map_unref(&s.map);
	buf_init_fixed(&b, why, sizeof(why));
	assert_int_equal(cellmap_build(&config, &map, &b), 0);
	s.map = view_map_new(map, 0);
	s.map->serial = 2;
	put(&s, shelf);
	view = view_shelf_take(shelf, 1);
	assert_ptr_equal(view->policy, old);
	assert_ptr_equal(view->map, s.map);
	assert_int_equal(view->map_serial, 1);
	view_shelf_free(&shelf);
	assert_int_equal(view->services[0].ranking->node_count,
			 view->snapshot->services[0].node_count);
	view_unref(&view);
	policy_unref(&old);
	tear_down(&s);
}

/* Before the first state there is no snapshot to keep. */
static void test_without_a_snapshot(void **state)
{
	struct view_shelf *shelf = view_shelf_new(4);
	struct setting s;
	struct view *view;

	(void)state;
	set_up(&s);
	view = view_new(&(struct view_parts){.map = s.map, .policy = s.policy});
	view_shelf_put(shelf, view);
	assert_false(has(shelf, 0));
	view_unref(&view);
	put(&s, shelf);
	assert_true(has(shelf, 1));
	assert_int_equal(view_shelf_stats(shelf).past_count, 0);
	view_shelf_free(&shelf);
	tear_down(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_ones),
		cmocka_unit_test(test_numbers_wrap),
		cmocka_unit_test(test_policy_and_map),
		cmocka_unit_test(test_without_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
