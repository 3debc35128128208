/*
 * test_draw_share.c - a shared draw is what the key gives anyway, is given a
 * few times only, soon only, and does not move the frequencies.
 */
#include "balancer/draw_share.h"

#include <math.h>

#include "tests/unit/balancer/random_world.h"

#define QUERIES 4000

static struct draw_query query_of(const struct snapshot_service *service,
				  uint16_t cell, uint64_t key)
{
	return (struct draw_query){
		.service = service,
		.key = key,
		.cell = cell,
		.want = DRAW_DEFAULT,
		.family = SNAPSHOT_V46,
	};
}

static void assert_same_list(const struct draw_query *query,
			     const struct draw_list *got)
{
	struct draw_list want;

	draw_nodes(query, &want);
	assert_int_equal(got->count, want.count);
	assert_int_equal(got->rank, want.rank);
	assert_true(got->u == want.u);
	assert_int_equal(got->panic, want.panic);
	assert_int_equal(got->anywhere, want.anywhere);
	for (unsigned i = 0; i < want.count; i++) {
		assert_int_equal(got->entries[i].node, want.entries[i].node);
		assert_int_equal(got->entries[i].km, want.entries[i].km);
	}
}

/* Explain draws with the key that the answer names: it must get that list,
 * whatever the world is like. */
static void check_world(const struct snapshot *snap, struct rng *rng)
{
	static struct draw_share share;

	memset(&share, 0, sizeof(share));
	for (uint32_t s = 0; s < snap->service_count; s++)
		for (unsigned i = 0; i < 200; i++) {
			const struct snapshot_service *service =
				&snap->services[s];
			struct draw_query query =
				query_of(service,
					 (uint16_t)rng_below(
						 rng, service->cell_count + 1),
					 rng_u64(rng));
			struct draw_list list;

			query.want = i % 7 ? DRAW_DEFAULT : (uint8_t)(i % 17);
			query.family = i % 5 ? SNAPSHOT_V46 : SNAPSHOT_V6;
			draw_share_nodes(&share, &query, snap->number, i / 20,
					 &list);
			assert_same_list(&query, &list);
		}
}

static void test_random_worlds(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct world w;
		struct snapshot *snap;

		world_random(&w, seed);
		snap = world_build(&w);
		check_world(snap, &rng);
		snapshot_free(snap);
		world_fini(&w);
	}
}

/* Two sites of eight nodes with room, a cell near each. */
struct plain {
	struct world world;
	struct snapshot *snap;
	const struct snapshot_service *service;
	uint16_t east, west;
	struct draw_share share;
	struct rng rng;
};

static void plain_init(struct plain *p)
{
	memset(p, 0, sizeof(*p));
	world_init(&p->world);
	for (unsigned i = 0; i < 16; i++) {
		char id[8];
		struct world_node node = {.id = id,
					  .region = i < 8 ? "east" : "west",
					  .lon = i < 8 ? 0 : 20,
					  .capacity = 1000 + i % 4 * 1000};
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%02u", i);
		buf_cstr(&b);
		world_put(&p->world, &node);
	}
	p->east = world_cell(&p->world, 0, 0);
	p->west = world_cell(&p->world, 0, 20);
	p->snap = world_build(&p->world);
	p->service = &p->snap->services[0];
	rng_seed(&p->rng, 9);
}

static void plain_fini(struct plain *p)
{
	snapshot_free(p->snap);
	world_fini(&p->world);
}

/* Returns the key that a client of @cell got. */
static uint64_t ask(struct plain *p, uint16_t cell, uint32_t number,
		    int64_t now_ms, struct draw_list *list)
{
	struct draw_query query = query_of(p->service, cell, rng_u64(&p->rng));

	draw_share_nodes(&p->share, &query, number, now_ms, list);
	assert_same_list(&query, list);
	return query.key;
}

static void test_four_clients(void **state)
{
	struct draw_list list;
	struct plain p;
	uint64_t key;

	(void)state;
	plain_init(&p);
	key = ask(&p, p.east, 1, 100, &list);
	for (unsigned i = 1; i < DRAW_SHARE_CLIENTS; i++)
		assert_true(ask(&p, p.east, 1, 100, &list) == key);
	assert_true(ask(&p, p.east, 1, 100, &list) != key);
	plain_fini(&p);
}

static const struct row {
	const char *rule;
	int64_t later_ms;
	uint32_t number;
	bool other_cell, shared;
} rows[] = {
	{"at once", 0, 1, false, true},
	{"at the end of the window", DRAW_SHARE_WINDOW_MS, 1, false, true},
	{"after the window", DRAW_SHARE_WINDOW_MS + 1, 1, false, false},
	{"of another snapshot", 0, 2, false, false},
	{"from a cell with another site", 0, 1, true, false},
};

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct draw_list list;
		struct plain p;
		uint64_t key;
		bool shared;

		plain_init(&p);
		key = ask(&p, p.east, 1, 100, &list);
		shared = ask(&p, rows[i].other_cell ? p.west : p.east,
			     rows[i].number, 100 + rows[i].later_ms,
			     &list) == key;
		if (shared != rows[i].shared)
			fail_msg("%s", rows[i].rule);
		plain_fini(&p);
	}
}

/* Shares of the first place: each within five standard deviations of its
 * weight, four clients counting as one. */
static void test_frequencies(void **state)
{
	unsigned counts[16] = {0};
	struct plain p;

	(void)state;
	plain_init(&p);
	for (unsigned i = 0; i < QUERIES; i++) {
		struct draw_list list;

		ask(&p, p.east, 1, i / 64, &list);
		counts[list.entries[0].node]++;
	}
	for (uint32_t i = 0; i < p.service->node_count; i++) {
		const struct snapshot_node *node = &p.service->nodes[i];
		double want, slack;

		if (p.service->sites[node->site].region[0] != 'e') {
			assert_int_equal(counts[i], 0);
			continue;
		}
		want = node->weight * QUERIES;
		slack = 5 * sqrt(want * DRAW_SHARE_CLIENTS);
		assert_true(counts[i] > want - slack &&
			    counts[i] < want + slack);
	}
	plain_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_worlds),
		cmocka_unit_test(test_four_clients),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_frequencies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
