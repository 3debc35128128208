/*
 * test_snapshot_delta.c - past snapshots come back out of their deltas: the
 * same answers and the same explanations, whatever happened in between.
 */
#include "balancer/snapshot_restore.h"

#include "balancer/explain.h"
#include "tests/unit/balancer/random_world.h"

#define KEPT	64
#define DRAWS	10000
#define OUT_MAX (1 << 20)

/* Something happens to a random world. */
static void load_some(struct world *w, struct rng *rng)
{
	struct fleet_node *const *nodes;
	unsigned count;

	nodes = fleet_nodes(w->fleet, &count);
	for (unsigned i = 0; i < count; i++) {
		struct feed_load load = {.age_ms = world_below(rng, 900)};

		if (world_below(rng, 5) > 0)
			continue;
		world_text(load.id, sizeof(load.id), nodes[i]->card->record.id);
		load.conns = world_below(rng, 2000);
		fleet_load(w->fleet, &load, w->now_ms);
	}
}

static void demand_some(struct world *w, struct rng *rng)
{
	for (unsigned c = 0; c < w->cell_count; c++)
		if (world_below(rng, 4) == 0)
			world_demand(w, "im", (uint16_t)c,
				     rng_unit(rng) * 1000);
}

static void put_service(struct world *w, struct rng *rng)
{
	char id[16], service[16];
	struct buf b;

	buf_init_fixed(&b, id, sizeof(id));
	buf_printf(&b, "s%03u", world_below(rng, 8));
	buf_cstr(&b);
	buf_init_fixed(&b, service, sizeof(service));
	buf_printf(&b, "%c", "ahz"[world_below(rng, 3)]);
	buf_cstr(&b);
	world_put(w, &(struct world_node){.id = id, .service = service});
}

static void del_some(struct world *w, struct rng *rng)
{
	unsigned count;
	struct fleet_node *const *nodes = fleet_nodes(w->fleet, &count);
	char id[NODE_ID_BYTES];

	if (count < 2)
		return;
	world_text(id, sizeof(id),
		   nodes[world_below(rng, count)]->card->record.id);
	fleet_del(w->fleet, id);
}

/* Names that world_random_node() gives. */
static void intend_some(struct world *w, struct rng *rng)
{
	enum intent_scope scope = (enum intent_scope)world_below(rng, 2);
	char id[16];
	struct buf b;

	buf_init_fixed(&b, id, sizeof(id));
	if (scope == INTENT_NODE)
		buf_printf(&b, "n%03u", world_below(rng, 60));
	else
		buf_printf(&b, "r%02u", world_below(rng, 7));
	buf_cstr(&b);
	if (world_below(rng, 3) == 0)
		world_release(w, scope, id);
	else
		world_intend(w, scope, id,
			     (enum intent_state)world_below(rng, 3),
			     (int)world_below(rng, 300) - 100,
			     world_below(rng, 2) ? NAN : 250);
}

static void happen(struct world *w, struct rng *rng)
{
	w->now_ms += 1 + world_below(rng, 2000);
	load_some(w, rng);
	switch (world_below(rng, 12)) {
	case 0:
		world_random_node(w, rng, world_below(rng, 60),
				  world_below(rng, 14), world_roll(rng));
		return;
	case 1:
		del_some(w, rng);
		return;
	case 2:
		put_service(w, rng);
		return;
	case 3:
		if (w->cell_count < WORLD_CELLS_MAX)
			world_cell(w, rng_unit(rng) * 180 - 90,
				   rng_unit(rng) * 360 - 180);
		else
			w->cell_count = 1 + world_below(rng, 30);
		return;
	case 4:
	case 5:
		demand_some(w, rng);
		return;
	case 6:
		intend_some(w, rng);
		return;
	default:
		return;
	}
}

static void same_lists(const struct snapshot_service *a,
		       const struct snapshot_service *b, uint64_t key)
{
	uint16_t cell = (uint16_t)(key >> 8 & 63);
	unsigned want = 1 + (key >> 16 & 15);
	enum snapshot_family family =
		(enum snapshot_family)((key >> 20) % SNAPSHOT_FAMILIES);
	struct draw_list x = world_draw(a, cell, key, want, family);
	struct draw_list y = world_draw(b, cell, key, want, family);

	assert_int_equal(x.count, y.count);
	assert_int_equal(x.rank, y.rank);
	assert_int_equal(x.panic, y.panic);
	assert_int_equal(x.anywhere, y.anywhere);
	assert_true(x.u == y.u);
	for (unsigned i = 0; i < x.count; i++) {
		assert_int_equal(x.entries[i].node, y.entries[i].node);
		assert_int_equal(x.entries[i].km, y.entries[i].km);
		assert_true(x.entries[i].score == y.entries[i].score);
	}
}

static void put_explanation(struct world *w, const struct snapshot *snap,
			    unsigned service, uint64_t key, struct buf *out)
{
	const struct draw_query query = {
		.service = &snap->services[service],
		.key = key,
		.cell = (uint16_t)(key >> 8 & 63),
		.want = DRAW_DEFAULT,
	};
	static const struct explain_client client;

	buf_reset(out);
	explain_put(out, snap, &query, &client, &w->policy, WORLD_NOW_MS * 2);
	assert_false(out->failed);
}

static void same_explanation(struct world *w, const struct snapshot *a,
			     const struct snapshot *b, unsigned service,
			     uint64_t key)
{
	struct buf x, y;

	buf_init(&x, OUT_MAX);
	buf_init(&y, OUT_MAX);
	put_explanation(w, a, service, key, &x);
	put_explanation(w, b, service, key, &y);
	assert_string_equal(buf_cstr(&x), buf_cstr(&y));
	buf_fini(&x);
	buf_fini(&y);
}

static void same_snapshot(struct world *w, const struct snapshot *a,
			  const struct snapshot *b, struct rng *rng)
{
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->service_count, b->service_count);
	for (unsigned i = 0; i < a->service_count; i++) {
		assert_string_equal(a->services[i].name, b->services[i].name);
		assert_int_equal(a->services[i].usable_count,
				 b->services[i].usable_count);
		for (unsigned n = 0; n < DRAWS / a->service_count; n++)
			same_lists(&a->services[i], &b->services[i],
				   rng_u64(rng));
		for (unsigned n = 0; n < 20; n++)
			same_explanation(w, a, b, i, rng_u64(rng));
	}
}

/* The last KEPT snapshots of one world, newest first, and their deltas. */
struct past {
	struct snapshot *snaps[KEPT];
	struct snapshot_delta *deltas[KEPT]; /* i: from snap i to i + 1 */
};

static void live(struct past *past, struct world *w, struct rng *rng)
{
	struct buf scratch;

	buf_init(&scratch, 64 << 20);
	for (unsigned i = KEPT; i-- > 0;) {
		happen(w, rng);
		past->snaps[i] = world_build(w);
		if (i + 1 < KEPT)
			past->deltas[i] = snapshot_delta_new(
				past->snaps[i + 1], past->snaps[i], &scratch);
	}
	buf_fini(&scratch);
}

static void forget(struct past *past)
{
	for (unsigned i = 0; i < KEPT; i++) {
		snapshot_free(past->snaps[i]);
		snapshot_delta_unref(&past->deltas[i]);
	}
}

static void test_all_come_back(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct past past = {0};
		struct world w;
		struct rng rng;

		rng_seed(&rng, seed);
		world_random(&w, seed);
		live(&past, &w, &rng);
		for (unsigned i = 0; i < KEPT; i++) {
			struct snapshot *back =
				snapshot_restore(past.snaps[0], past.deltas, i);

			same_snapshot(&w, past.snaps[i], back, &rng);
			snapshot_free(back);
		}
		forget(&past);
		world_fini(&w);
	}
}

/* What comes back needs neither the newest snapshot nor a delta any more, nor
 * a delta the snapshots that it was made from. */
static void test_it_outlives_all(void **state)
{
	struct past past = {0};
	struct snapshot *back, *newest;
	struct snapshot_delta *held[KEPT];
	struct world w;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 9);
	world_random(&w, 9);
	live(&past, &w, &rng);
	for (unsigned i = 0; i + 1 < KEPT; i++)
		held[i] = snapshot_delta_ref(past.deltas[i]);
	newest = past.snaps[0];
	past.snaps[0] = NULL;
	forget(&past);
	world_fini(&w);
	back = snapshot_restore(newest, held, KEPT - 1);
	assert_int_equal(back->number, newest->number - (KEPT - 1));
	snapshot_free(newest);
	for (unsigned i = 0; i + 1 < KEPT; i++)
		snapshot_delta_unref(&held[i]);
	for (unsigned n = 0; n < 100; n++)
		same_lists(&back->services[0], &back->services[0],
			   rng_u64(&rng));
	snapshot_free(back);
}

/* Random worlds one behind the other have nearly nothing in common. */
static void test_strangers(void **state)
{
	struct buf scratch;

	(void)state;
	buf_init(&scratch, 64 << 20);
	for (uint64_t seed = 1; seed < 200; seed++) {
		struct snapshot_delta *delta;
		struct snapshot *a, *b, *back;
		struct world w, v;
		struct rng rng;

		rng_seed(&rng, seed);
		world_random(&w, seed);
		world_random(&v, seed + 1);
		a = world_build(&w);
		b = world_build(&v);
		delta = snapshot_delta_new(a, b, &scratch);
		back = snapshot_restore(b, &delta, 1);
		same_snapshot(&w, a, back, &rng);
		snapshot_delta_unref(&delta);
		snapshot_free(back);
		snapshot_free(a);
		snapshot_free(b);
		world_fini(&w);
		world_fini(&v);
	}
	buf_fini(&scratch);
}

/* A site that draws from a tree; @count nodes more in the newer one. */
static void check_large(unsigned count)
{
	struct snapshot *older = NULL, *newer, *back;
	struct snapshot_delta *delta;
	struct buf scratch;
	struct world w;
	struct rng rng;
	char id[16];

	world_init(&w);
	rng_seed(&rng, 5);
	world_demand(&w, "im", world_cell(&w, 0, 0), 1000);
	for (unsigned i = 0; i < 1500 + count; i++) {
		struct buf b;

		if (i == 1500)
			older = world_build(&w);
		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%05u", i * 7 % 5000);
		buf_cstr(&b);
		world_put(&w, &(struct world_node){.id = id, .conns = i % 900});
	}
	load_some(&w, &rng);
	newer = world_build(&w);
	buf_init(&scratch, 64 << 20);
	delta = snapshot_delta_new(older, newer, &scratch);
	back = snapshot_restore(newer, &delta, 1);
	same_snapshot(&w, older, back, &rng);
	assert_true(back->services[0].sites[0].tree_depth > 0);
	snapshot_delta_unref(&delta);
	snapshot_free(back);
	snapshot_free(newer);
	snapshot_free(older);
	buf_fini(&scratch);
	world_fini(&w);
}

static void test_a_large_site(void **state)
{
	(void)state;
	check_large(1);
	check_large(100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_come_back),
		cmocka_unit_test(test_it_outlives_all),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_a_large_site),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
