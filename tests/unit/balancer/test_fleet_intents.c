/* test_fleet_intents.c - one intent a target, forgotten with its round. */
#include "balancer/fleet_intents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/buf.h"

static struct intent make(enum intent_scope scope, const char *id,
			  uint32_t weight)
{
	struct intent intent = {
		.scope = scope, .has_weight = true, .weight = weight};

	assert_int_equal(sv_copy(sv_str(id), intent.id, sizeof(intent.id)), 0);
	return intent;
}

static enum fleet_intents_change put(struct fleet_intents *all,
				     enum intent_scope scope, const char *id,
				     uint32_t weight, uint32_t round)
{
	const struct intent intent = make(scope, id, weight);

	return fleet_intents_put(all, &intent, round);
}

static void one_for_each_target(void **state)
{
	struct fleet_intents all = {{NULL}};
	struct intent gone;

	(void)state;
	assert_int_equal(put(&all, INTENT_NODE, "a", 1, 0),
			 FLEET_INTENTS_CHANGED);
	assert_int_equal(put(&all, INTENT_REGION, "a", 2, 0),
			 FLEET_INTENTS_CHANGED);
	assert_int_equal(put(&all, INTENT_NODE, "a", 1, 0), FLEET_INTENTS_SAME);
	assert_int_equal(put(&all, INTENT_NODE, "a", 3, 0),
			 FLEET_INTENTS_CHANGED);
	assert_int_equal(fleet_intents_find(&all, INTENT_NODE, "a")->weight, 3);
	assert_int_equal(fleet_intents_find(&all, INTENT_REGION, "a")->weight,
			 2);
	assert_null(fleet_intents_find(&all, INTENT_NODE, "b"));
	gone = make(INTENT_NODE, "a", 0);
	gone.gone = true;
	assert_int_equal(fleet_intents_put(&all, &gone, 0),
			 FLEET_INTENTS_CHANGED);
	assert_int_equal(fleet_intents_put(&all, &gone, 0), FLEET_INTENTS_SAME);
	assert_null(fleet_intents_find(&all, INTENT_NODE, "a"));
	assert_int_equal(fleet_intents_count(&all, INTENT_REGION), 1);
	fleet_intents_fini(&all);
	assert_int_equal(fleet_intents_count(&all, INTENT_REGION), 0);
}

/* Seen again is seen, whether or not it changed. */
static void what_a_round_does_not_see_goes(void **state)
{
	struct fleet_intents all = {{NULL}};

	(void)state;
	put(&all, INTENT_NODE, "a", 1, 1);
	put(&all, INTENT_NODE, "b", 1, 1);
	put(&all, INTENT_REGION, "c", 1, 1);
	put(&all, INTENT_NODE, "a", 1, 2);
	put(&all, INTENT_REGION, "d", 1, 2);
	assert_int_equal(fleet_intents_forget(&all, 2), 2);
	assert_int_equal(fleet_intents_forget(&all, 2), 0);
	assert_non_null(fleet_intents_find(&all, INTENT_NODE, "a"));
	assert_non_null(fleet_intents_find(&all, INTENT_REGION, "d"));
	assert_null(fleet_intents_find(&all, INTENT_NODE, "b"));
	assert_null(fleet_intents_find(&all, INTENT_REGION, "c"));
	fleet_intents_fini(&all);
}

static void a_copy_is_apart(void **state)
{
	struct fleet_intents all = {{NULL}}, copy;
	const struct intent *intent = NULL;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char id[16];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%u", i);
		put(&all, INTENT_NODE, buf_cstr(&b), i, 0);
	}
	fleet_intents_copy(&all, &copy);
	fleet_intents_fini(&all);
	while ((intent = fleet_intents_next(&copy, INTENT_NODE, intent)))
		assert_int_equal(intent->weight, count++);
	assert_int_equal(count, 1000);
	assert_null(fleet_intents_next(&copy, INTENT_REGION, NULL));
	fleet_intents_fini(&copy);
}

static void there_is_a_limit(void **state)
{
	struct fleet_intents all = {{NULL}};

	(void)state;
	for (unsigned i = 0; i < FLEET_INTENTS_MAX; i++) {
		char id[16];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%u", i);
		put(&all, INTENT_NODE, buf_cstr(&b), 1, 0);
	}
	assert_int_equal(put(&all, INTENT_NODE, "more", 1, 0),
			 FLEET_INTENTS_FULL);
	assert_int_equal(put(&all, INTENT_NODE, "n7", 2, 0),
			 FLEET_INTENTS_CHANGED);
	fleet_intents_fini(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_for_each_target),
		cmocka_unit_test(what_a_round_does_not_see_goes),
		cmocka_unit_test(a_copy_is_apart),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
