/* Changes of intents under way: who has room, and which number comes first. */
#include "registry/intent_keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "registry/registry.h"
#include "registry/store_backend.h"

/* Over a store that keeps what it gets until it is told to answer. */
struct world {
	struct store store;
	struct store_op_list held;
	struct loop *loop;
	struct registry r;
	unsigned answers;
};

static struct world *world_of(struct store *store)
{
	return CONTAINER_OF(store, struct world, store);
}

static void submit(struct store *store, struct store_op *op)
{
	STAILQ_INSERT_TAIL(&world_of(store)->held, op, link);
}

static void complete_one(struct world *w)
{
	struct store_op *op = STAILQ_FIRST(&w->held);

	assert_non_null(op);
	STAILQ_REMOVE_HEAD(&w->held, link);
	op->rc = 0;
	store_complete(&w->store, op);
}

static void free_fake(struct store *store)
{
	while (!STAILQ_EMPTY(&world_of(store)->held))
		complete_one(world_of(store));
}

static void ignore(struct override *entry, enum override_event event, void *arg)
{
	(void)entry;
	(void)event;
	(void)arg;
}

static int set_up(void **state)
{
	static const struct store_backend backend = {.submit = submit,
						     .free = free_fake};
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(loop_new(&w->loop), 0);
	store_init(&w->store, w->loop, &backend, 8);
	STAILQ_INIT(&w->held);
	w->r.store = &w->store;
	w->r.overrides = override_table_new(ignore, NULL);
	w->r.intents = intent_keeper_new();
	w->r.audit = audit_new();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	store_free(&w->r.store);
	intent_keeper_free(&w->r.intents);
	override_table_free(&w->r.overrides);
	audit_free(&w->r.audit);
	loop_free(&w->loop);
	free(w);
	return 0;
}

static void on_outcome(const struct intent_outcome *outcome)
{
	struct world *w = outcome->arg;

	assert_int_equal(outcome->rc, 0);
	w->answers++;
}

static const struct audit_actor ann = {"ann", "admin", "::1"};

static struct intent intent_for(const char *id)
{
	struct intent intent = {.scope = INTENT_NODE, .state = INTENT_DRAIN};

	strcpy(intent.id, id);
	return intent;
}

static int put(struct world *w, const char *id)
{
	const struct intent_keeper_listener listener = {on_outcome, w};
	struct intent intent = intent_for(id);

	return intent_keeper_put(&w->r, &intent, &ann, &listener);
}

static int release(struct world *w, const char *id)
{
	const struct intent_keeper_listener listener = {on_outcome, w};
	struct intent intent = intent_for(id);

	return intent_keeper_release(&w->r, &intent, &ann, &listener);
}

static void restore(struct world *w, unsigned count)
{
	struct intent intent = intent_for("");
	struct buf id;

	for (unsigned i = 0; i < count; i++) {
		buf_init_fixed(&id, intent.id, sizeof(intent.id));
		buf_printf(&id, "n%u", i);
		(void)buf_cstr(&id);
		override_restore(w->r.overrides, &intent);
	}
}

static void what_is_under_way_takes_room(void **state)
{
	struct world *w = *state;

	restore(w, OVERRIDE_MAX - 1);
	assert_int_equal(put(w, "a"), 0);
	assert_int_equal(put(w, "b"), ERR_RANGE);
	/* What has one, or will have, may get another. */
	assert_int_equal(put(w, "n7"), 0);
	assert_int_equal(put(w, "a"), 0);
	/* The one that goes leaves room for itself only, until it is gone. */
	assert_int_equal(release(w, "n7"), 0);
	assert_int_equal(put(w, "b"), ERR_RANGE);
	assert_int_equal(put(w, "n7"), 0);
	while (!STAILQ_EMPTY(&w->held)) {
		complete_one(w);
		assert_int_equal(put(w, "b"), ERR_RANGE);
	}
	assert_int_equal(w->answers, 5);
	assert_int_equal(override_count(w->r.overrides), OVERRIDE_MAX);
}

static void the_first_number_under_way_is_known(void **state)
{
	struct world *w = *state;

	assert_true(intent_keeper_first_seq(&w->r) == UINT64_MAX);
	assert_int_equal(put(w, "a"), 0);
	assert_int_equal(put(w, "b"), 0);
	assert_int_equal(intent_keeper_first_seq(&w->r), 1);
	complete_one(w);
	assert_int_equal(intent_keeper_first_seq(&w->r), 2);
	complete_one(w);
	assert_true(intent_keeper_first_seq(&w->r) == UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_under_way_takes_room),
		TEST(the_first_number_under_way_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
