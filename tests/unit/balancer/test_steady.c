/*
 * test_steady.c - what is published moves only when it has to: by table, and
 * in a fleet whose arrivals and reports are noisy.
 */
#include "balancer/steady.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

static void test_quanta(void **state)
{
	static const struct row {
		const char *rule;
		uint32_t published;
		double ratio;
		uint32_t want;
	} rows[] = {
		{"a fair share is 4096 quanta", 0, 1, 4096},
		{"new: at once, on the grid", 0, 1.009, 4096},
		{"the next point of the grid", 0, 1.011, 4178},
		{"within 2 % above it stays", 4096, 1.0199, 4096},
		{"within 2 % below it stays", 4096, 1 / 1.0199, 4096},
		{"beyond 2 % it moves", 4096, 1.0201, 4178},
		{"and down", 4096, 1 / 1.0201, 4016},
		{"far: at once", 4096, 0.05, 206},
		{"full: at once to 0", 4096, 0, 0},
		{"0 stays 0", 0, 0, 0},
		{"one quantum is no move", 20, 21.0 / 4096, 20},
		{"two are", 20, 22.0 / 4096, 22},
		{"the least is not 0", 0, 1e-9, 1},
		{"nothing overflows", 0, 1e12, UINT32_MAX / 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t got = steady_quanta(rows[i].published, rows[i].ratio);

		if (got != rows[i].want)
			fail_msg("%s: %u", rows[i].rule, got);
	}
}

/* Two replicas that came from elsewhere and see the same are neighbours. */
static void test_replicas_are_one_step_apart(void **state)
{
	struct rng rng;
	unsigned far = 0;

	(void)state;
	rng_seed(&rng, 1);
	for (unsigned i = 0; i < 100000; i++) {
		double ratio = exp(4 * rng_unit(&rng) - 3);
		double past_a = exp(4 * rng_unit(&rng) - 3);
		double past_b = ratio * (0.97 + 0.06 * rng_unit(&rng));
		uint32_t a = steady_quanta(steady_quanta(0, past_a), ratio);
		uint32_t b = steady_quanta(steady_quanta(0, past_b), ratio);
		double apart = a > b ? (double)a / b : (double)b / a;

		assert_true(apart <= 1.02 * 1.02 + 1.0 / (a < b ? a : b));
		far += apart > 1.02 + 1.0 / (a < b ? a : b);
	}
	/* Two steps only where rounding the grid lets both hold. */
	print_message("%u of 100000 are two steps apart\n", far);
	assert_true(far < 1000);
}

#define NODES 5

static void solve(struct waterfill_node *nodes, double rate_per_s)
{
	struct waterfill_site site = {
		.nodes = nodes,
		.node_count = NODES,
		.rate_per_s = rate_per_s,
		.horizon_s = 10,
		.beta = 2,
		.floor_share = 0.05,
	};

	waterfill_solve(&site);
	steady_nodes(&site);
}

static void set_node(struct waterfill_node *node, double limit, double est)
{
	node->limit = node->hard = limit;
	node->est = est;
	node->ramp = 1;
}

static double sum_p(const struct waterfill_node *nodes)
{
	double sum = 0;

	for (unsigned i = 0; i < NODES; i++)
		sum += nodes[i].p;
	return sum;
}

static void test_noise_is_not_seen_and_sums_stay_1(void **state)
{
	struct waterfill_node nodes[NODES];
	double first[NODES];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2);
	memset(nodes, 0, sizeof(nodes));
	for (unsigned round = 0; round < 1000; round++) {
		for (unsigned i = 0; i < NODES; i++)
			set_node(&nodes[i], 1000 * (i + 1),
				 400 * (i + 1) + 0.4 * rng_unit(&rng));
		solve(nodes, 100);
		assert_true(fabs(sum_p(nodes) - 1) < 1e-12);
		for (unsigned i = 0; i < NODES; i++) {
			if (round == 0)
				first[i] = nodes[i].p;
			assert_true(nodes[i].p == first[i]);
		}
	}
}

/* Caps are not what noise may break: what is published is a little too much
 * for one, and the others take the rest. */
static void test_nobody_above_its_cap(void **state)
{
	struct waterfill_node nodes[NODES];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	memset(nodes, 0, sizeof(nodes));
	for (unsigned round = 0; round < 10000; round++) {
		for (unsigned i = 0; i < NODES; i++)
			set_node(&nodes[i], 1000,
				 1000 * pow(rng_unit(&rng), 0.25));
		solve(nodes, 400 * rng_unit(&rng));
		if (sum_p(nodes) == 0)
			continue;
		assert_true(fabs(sum_p(nodes) - 1) < 1e-9);
		for (unsigned i = 0; i < NODES; i++)
			assert_true(nodes[i].p <= nodes[i].cap * (1 + 1e-9));
	}
}

static void test_full_is_0_at_once_and_back_at_once(void **state)
{
	struct waterfill_node nodes[NODES];

	(void)state;
	memset(nodes, 0, sizeof(nodes));
	for (unsigned i = 0; i < NODES; i++)
		set_node(&nodes[i], 1000, 500);
	solve(nodes, 10);
	assert_true(nodes[4].p > 0.1);
	nodes[4].est = 1000;
	solve(nodes, 10);
	assert_true(nodes[4].p == 0 && nodes[4].published == 0);
	nodes[4].est = 500;
	solve(nodes, 10);
	assert_true(nodes[4].p > 0.1);
	nodes[4].limit = 0; /* suspect */
	solve(nodes, 10);
	assert_true(nodes[4].p == 0 && nodes[4].published == 0);
}

/* A large site: a node's share of the site is far below 1/4096 of it. */
static void test_large_sites_keep_their_proportions(void **state)
{
	enum { COUNT = 100000 };
	struct waterfill_node *nodes = mem_array(COUNT, sizeof(*nodes));
	struct waterfill_site site = {.nodes = nodes,
				      .node_count = COUNT,
				      .rate_per_s = 50000,
				      .horizon_s = 10,
				      .beta = 2,
				      .floor_share = 0.05};
	double sum = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		set_node(&nodes[i], i % 2 ? 1000 : 2000, i % 2 ? 500 : 1000);
	waterfill_solve(&site);
	steady_nodes(&site);
	for (unsigned i = 0; i < COUNT; i++)
		sum += nodes[i].p;
	assert_true(fabs(sum - 1) < 1e-9);
	assert_true(fabs(nodes[0].p / nodes[1].p - 2) < 1e-9);
	mem_free(nodes);
}

/* -- cells --------------------------------------------------------------- */

static const uint64_t site_ids[] = {11, 22, 33};

static void check_cell(struct steady *steady, double a, double b, double c,
		       unsigned want_a, unsigned want_b)
{
	const struct candidates_row row = {.site = {2, 0, 1}, .count = 3};
	const double share[CANDIDATES_MAX] = {a, b, c};
	const uint16_t *sum = steady_cell(steady, 0, &row, share);

	assert_int_equal(sum[0], want_a);
	assert_int_equal(sum[1], want_a + want_b);
	assert_int_equal(sum[2], STEADY_QUANTA);
}

static void test_cells(void **state)
{
	struct steady *steady = steady_new();

	(void)state;
	steady_service(steady, 0, site_ids, 3, 1);
	check_cell(steady, 0.5, 0.25, 0.25, 2048, 1024);
	/* within 2 % of each: as it was */
	check_cell(steady, 0.504, 0.246, 0.25, 2048, 1024);
	/* one is beyond: all as they are */
	check_cell(steady, 0.5, 0.244, 0.256, 2048, 999);
	/* to 0 at once, and from 0 at once */
	check_cell(steady, 0.5, 0.5, 0, 2048, 2048);
	check_cell(steady, 0.5, 0.498, 0.002, 2048, 2040);
	/* the same sites: remembered; others: forgotten */
	steady_service(steady, 0, site_ids, 3, 1);
	check_cell(steady, 0.504, 0.494, 0.002, 2048, 2040);
	steady_service(steady, 0, site_ids, 2, 1);
	check_cell(steady, 0.504, 0.494, 0.002, 2064, 2024);
	/* no share at all: the first */
	check_cell(steady, 0, 0, 0, 4096, 0);
	steady_free(&steady);
}

static void test_places(void **state)
{
	struct steady *steady = steady_new();
	struct steady_place first[] = {{0.50, 0.5, 0, 0}, {0.51, 0.5, 1, 0}};
	struct steady_place near[] = {{0.515, 0.501, 0, 0},
				      {0.50, 0.499, 1, 0}};
	struct steady_place far[] = {{0.54, 0.5, 0, 0}, {0.50, 0.5, 1, 0}};
	struct steady_place sick[] = {{0.54, 0.5, 0, 1}, {0.50, 0.5, 1, 0}};

	(void)state;
	steady_service(steady, 0, site_ids, 2, 1);
	steady_places(steady, first, 2);
	assert_int_equal(first[0].site, 1);
	steady_places(steady, near, 2);
	assert_int_equal(near[0].site, 1);
	assert_true(near[0].share == 0.5);
	steady_places(steady, far, 2);
	assert_int_equal(far[0].site, 0);
	steady_places(steady, sick, 2);
	assert_int_equal(sick[0].site, 1);
	steady_free(&steady);
}

/* -- a fleet with noise -------------------------------------------------- */

#define FLEET_NODES 12 /* on three sites; the first two are one tie */
#define DEVICES	    2000
#define RENEW_S	    5
#define SESSION_S   60

struct noisy {
	struct world w;
	uint16_t cells[2];
	double rate_per_s, conns[FLEET_NODES], accepts[FLEET_NODES];
	struct rng rng;
	struct snapshot *snap;
	uint32_t lists[DEVICES][DRAW_DEFAULT];
};

static void name_of(char *id, unsigned i)
{
	id[0] = 'n';
	id[1] = (char)('a' + i);
	id[2] = '\0';
}

/* About normal, as Poisson is for large means. */
static double noise(struct rng *rng)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += rng_unit(rng);
	return sum - 6;
}

static void noisy_init(struct noisy *f, double rate_per_s)
{
	char id[3];

	memset(f, 0, sizeof(*f));
	world_init(&f->w);
	rng_seed(&f->rng, 7);
	f->rate_per_s = rate_per_s;
	f->cells[0] = world_cell(&f->w, 0, 0);
	f->cells[1] = world_cell(&f->w, 0, 20);
	for (unsigned i = 0; i < FLEET_NODES; i++) {
		name_of(id, i);
		f->conns[i] = rate_per_s * SESSION_S / FLEET_NODES;
		f->accepts[i] = f->conns[i];
		world_put(&f->w,
			  &(struct world_node){
				  .id = id,
				  .region = i < 8 ? "a" : "b",
				  .zone = i < 4 ? "x" : "y",
				  .lon = i < 8 ? 0 : 20,
				  .capacity = (uint32_t)(15 * rate_per_s),
			  });
	}
}

static void noisy_demand(struct noisy *f)
{
	for (unsigned c = 0; c < 2; c++)
		world_demand(&f->w, "im", f->cells[c],
			     f->rate_per_s / 2 +
				     sqrt(f->rate_per_s / 2) * noise(&f->rng));
}

static void noisy_clients(struct noisy *f)
{
	const struct snapshot_service *service = &f->snap->services[0];

	for (unsigned i = 0; i < service->node_count; i++) {
		const struct snapshot_node *node = &service->nodes[i];
		double mean = node->weight *
			      service->sites[node->site].admitted_per_s /
			      service->demand_per_s * f->rate_per_s;

		mean += sqrt(mean) * noise(&f->rng);
		f->accepts[i] += mean;
		f->conns[i] += mean - f->conns[i] / SESSION_S;
	}
}

static void noisy_second(struct noisy *f, unsigned t)
{
	struct feed_load load = {.age_ms = 0};

	f->w.now_ms += 1000;
	noisy_clients(f);
	for (unsigned i = 0; i < FLEET_NODES; i++) {
		if (t % RENEW_S != i % RENEW_S)
			continue;
		name_of(load.id, i);
		load.conns = (uint32_t)f->conns[i];
		load.accepts_total = (uint64_t)f->accepts[i];
		fleet_load(f->w.fleet, &load, f->w.now_ms);
	}
	noisy_demand(f);
	snapshot_free(f->snap);
	f->snap = world_build(&f->w);
}

/* How many devices have another list than at the last call. */
static unsigned noisy_changes(struct noisy *f)
{
	unsigned changes = 0;

	for (unsigned i = 0; i < DEVICES; i++) {
		struct draw_list list =
			world_draw(&f->snap->services[0], f->cells[i % 2],
				   hash_mix(i), DRAW_DEFAULT, SNAPSHOT_V46);
		bool same = true;

		for (unsigned j = 0; j < DRAW_DEFAULT; j++) {
			same = same && f->lists[i][j] == list.entries[j].node;
			f->lists[i][j] = list.entries[j].node;
		}
		changes += !same;
	}
	return changes;
}

/* The part of all devices whose list changes in a second. */
static double noisy_run(double rate_per_s)
{
	struct noisy *f = mem_alloc(sizeof(*f));
	unsigned changes = 0;

	noisy_init(f, rate_per_s);
	noisy_demand(f);
	f->snap = world_build(&f->w);
	for (unsigned t = 0; t < 60; t++)
		noisy_second(f, t);
	noisy_changes(f);
	for (unsigned t = 0; t < 120; t++) {
		noisy_second(f, t);
		changes += noisy_changes(f);
	}
	snapshot_free(f->snap);
	world_fini(&f->w);
	mem_free(f);
	return changes / (120.0 * DEVICES);
}

static void test_lists_stay_in_a_steady_fleet(void **state)
{
	static const double rates_per_s[] = {1000, 10000, 100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rates_per_s); i++) {
		double part = noisy_run(rates_per_s[i]);

		print_message("%.0f/s: %.5f of the lists change a second\n",
			      rates_per_s[i], part);
		/* Where Poisson's noise is below 2 % nothing moves. */
		assert_true(rates_per_s[i] < 1e5 || part == 0);
	}
}

/* Three regions of eight nodes; the nearest neighbour of the first has room for
 * two fifths of its clients. */
static void tight_load(struct world *w, unsigned conns_a, unsigned conns_b)
{
	struct feed_load load = {.age_ms = 0};

	w->now_ms += 1000;
	for (unsigned i = 0; i < 24; i++) {
		name_of(load.id, i);
		load.conns = i < 8 ? conns_a : i < 16 ? conns_b : 100;
		fleet_load(w->fleet, &load, w->now_ms);
	}
}

static unsigned last_entries(const struct snapshot *snap, uint16_t cell,
			     uint32_t *nodes)
{
	unsigned changes = 0;

	for (unsigned i = 0; i < DEVICES; i++) {
		struct draw_list list =
			world_draw(&snap->services[0], cell, hash_mix(i),
				   DRAW_DEFAULT, SNAPSHOT_V46);
		uint32_t last = list.entries[DRAW_DEFAULT - 1].node;

		changes += nodes[i] != last;
		nodes[i] = last;
	}
	return changes;
}

static void test_refuges_stay_where_room_is_short(void **state)
{
	static const char *const regions[] = {"a", "b", "c"};
	static uint32_t nodes[DEVICES];
	struct snapshot *snap;
	struct world w;
	uint16_t cell;
	char id[3];

	(void)state;
	world_init(&w);
	cell = world_cell(&w, 0, 0);
	for (unsigned i = 0; i < 24; i++) {
		name_of(id, i);
		world_put(&w, &(struct world_node){.id = id,
						   .region = regions[i / 8],
						   .lon = 20 * (int)(i / 8),
						   .capacity = 1000});
	}
	for (unsigned round = 0; round < 5; round++) {
		tight_load(&w, 500 + round, 700 + 3 * round);
		snap = world_build(&w);
		assert_true(last_entries(snap, cell, nodes) == 0 || round == 0);
		snapshot_free(snap);
	}
	tight_load(&w, 500, 760); /* by 6 % of what it can hold */
	snap = world_build(&w);
	assert_true(last_entries(snap, cell, nodes) > 0);
	snapshot_free(snap);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quanta),
		cmocka_unit_test(test_replicas_are_one_step_apart),
		cmocka_unit_test(test_noise_is_not_seen_and_sums_stay_1),
		cmocka_unit_test(test_nobody_above_its_cap),
		cmocka_unit_test(test_full_is_0_at_once_and_back_at_once),
		cmocka_unit_test(test_large_sites_keep_their_proportions),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_lists_stay_in_a_steady_fleet),
		cmocka_unit_test(test_refuges_stay_where_room_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
