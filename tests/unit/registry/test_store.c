/* The front of the store over a backend that fails and heals on command. */
#include "registry/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/net/loop.h"
#include "registry/store_backend.h"

#define PROBE_MS 5

/* Answers at once, from a later turn, or not before it is told to. */
struct fake {
	struct store base; /* must come first */
	struct loop *loop;
	struct store_op *held;
	bool holds;
	int rc;		   /* of every write */
	unsigned heals_at; /* this probe succeeds; 0 = none */
	unsigned stops_at; /* end the loop at this probe */
	unsigned probes;
	unsigned submitted; /* other operations */
};

static struct fake *fake_of(struct store *store)
{
	return CONTAINER_OF(store, struct fake, base);
}

static void release(void *arg)
{
	struct fake *fake = arg;
	struct store_op *op = fake->held;

	fake->held = NULL;
	op->rc = fake->rc;
	store_complete(&fake->base, op);
}

static void submit(struct store *store, struct store_op *op)
{
	struct fake *fake = fake_of(store);

	assert_null(fake->held);
	fake->held = op;
	if (op->kind == STORE_OP_PROBE)
		fake->probes++;
	else
		fake->submitted++;
	if (fake->probes && fake->probes == fake->heals_at)
		fake->rc = 0;
	if (!fake->holds)
		loop_later(fake->loop, release, fake);
	if (fake->probes && fake->probes == fake->stops_at)
		loop_stop(fake->loop);
}

static void load(struct store *store, const struct store_sink *sink)
{
	(void)store;
	sink->done(sink->arg, 0);
}

static void free_fake(struct store *store)
{
	struct fake *fake = fake_of(store);

	if (fake->held)
		release(fake);
}

static const struct store_backend backend = {submit, load, free_fake};

static int set_up(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_int_equal(loop_new(&fake->loop), 0);
	store_init(&fake->base, fake->loop, &backend, 4);
	fake->base.probe_ms = PROBE_MS;
	*state = fake;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *fake = *state;
	struct store *store = &fake->base;

	store_free(&store);
	loop_free(&fake->loop);
	free(fake);
	return 0;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn_for(struct fake *fake, int64_t ms)
{
	struct loop_timer *timer = loop_timer_new(fake->loop, stop, fake->loop);

	loop_timer_once(timer, ms);
	assert_int_equal(loop_run(fake->loop), 0);
	loop_timer_free(&timer);
}

static void write_one(struct fake *fake)
{
	store_delete_region(&fake->base, "eu");
}

static void no_probe_while_it_is_up(void **state)
{
	struct fake *fake = *state;

	write_one(fake);
	turn_for(fake, 10 * PROBE_MS);
	assert_true(store_counters(&fake->base)->up);
	assert_int_equal(fake->probes, 0);
}

static void it_heals_without_another_write(void **state)
{
	struct fake *fake = *state;
	const struct store_counters *c = store_counters(&fake->base);

	fake->rc = ERR_UNAVAILABLE;
	fake->heals_at = fake->stops_at = 3;
	write_one(fake);
	assert_int_equal(loop_run(fake->loop), 0);
	turn_for(fake, 10 * PROBE_MS);
	assert_true(c->up);
	assert_int_equal(fake->submitted, 1);
	/* Probes end with the success and are no changes. */
	assert_int_equal(fake->probes, 3);
	assert_int_equal(c->probes, 3);
	assert_int_equal(c->failed, 1);
	assert_int_equal(c->ok, 0);
	assert_int_equal(c->queued, 0);
}

static void one_probe_at_a_time(void **state)
{
	struct fake *fake = *state;
	unsigned before;

	fake->rc = ERR_UNAVAILABLE;
	write_one(fake);
	turn_for(fake, 1);
	fake->holds = true;
	before = fake->probes; /* a slow machine may have probed already */
	turn_for(fake, 10 * PROBE_MS);
	assert_int_equal(fake->probes, before + 1);
	assert_false(store_counters(&fake->base)->up);
	assert_int_equal(store_counters(&fake->base)->queued, 0);
}

static void a_write_that_succeeds_ends_the_probing(void **state)
{
	struct fake *fake = *state;

	fake->rc = ERR_UNAVAILABLE;
	fake->base.probe_ms = 20;
	write_one(fake);
	turn_for(fake, 1);
	fake->rc = 0;
	write_one(fake);
	turn_for(fake, 60);
	assert_true(store_counters(&fake->base)->up);
	assert_int_equal(fake->probes, 0);
	/* The next failure starts it again. */
	fake->rc = ERR_UNAVAILABLE;
	fake->stops_at = 1;
	write_one(fake);
	assert_int_equal(loop_run(fake->loop), 0);
	assert_int_equal(fake->probes, 1);
}

static void closing_cancels_it(void **state)
{
	struct fake *fake = *state;
	struct store *store = &fake->base;

	fake->rc = ERR_UNAVAILABLE;
	write_one(fake);
	turn_for(fake, 1);
	fake->holds = true;
	/* A slow machine may have probed already. */
	fake->stops_at = fake->probes + 1;
	assert_int_equal(loop_run(fake->loop), 0);
	/* The probe under way fails while the store closes: no other comes. */
	store_free(&store);
	assert_null(fake->held);
	assert_null(fake->base.probe_timer);
	turn_for(fake, 10 * PROBE_MS);
	assert_int_equal(fake->probes, fake->stops_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(no_probe_while_it_is_up),
		T(it_heals_without_another_write),
		T(one_probe_at_a_time),
		T(a_write_that_succeeds_ends_the_probing),
		T(closing_cancels_it),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
