/*
 * test_kappa.c - the window by table; a closed loop on a virtual clock: real
 * snapshots steer connections, nodes report late and staggered, and the demand
 * is estimated wrong.
 */
#include "balancer/kappa.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

#define NEAR(a, b, part) (fabs((a) / (b)-1) <= (part))

/* -- the window ---------------------------------------------------------- */

static double renew(struct kappa *k, int64_t now_ms)
{
	return kappa_renew(k, 5000, 1, now_ms);
}

static void test_the_ratio(void **state)
{
	static const struct row {
		const char *rule;
		double accepts, predicted, want;
	} rows[] = {
		{"nothing happened", 0, 0, 1},
		{"a little says little", 0, 100, 20000.0 / 20100},
		{"as predicted", 5e6, 5e6, 1},
		{"a quarter came", 1e6, 4e6, 1020000.0 / 4020000},
		{"four times as many came", 4e6, 1e6, 4020000.0 / 1020000},
		{"never below 0.2", 0, 1e9, 0.2},
		{"never above 5", 1e9, 0, 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kappa k = {.since_ms = 0};

		print_message("%s\n", rows[i].rule);
		assert_true(renew(&k, 1000) == 1);
		kappa_add(&k, rows[i].accepts, rows[i].predicted, 2000);
		assert_true(NEAR(renew(&k, 2000), rows[i].want, 1e-12));
	}
}

static void test_the_window_moves_with_reports(void **state)
{
	struct kappa k = {.since_ms = 0};

	(void)state;
	renew(&k, 100000);
	kappa_add(&k, 1e6, 4e6, 100000);
	assert_true(renew(&k, 100000) < 0.26);
	/* no report: the registry is away, nothing is forgotten */
	assert_true(renew(&k, 100000000) < 0.26);
	kappa_add(&k, 0, 0, 127000);
	assert_true(renew(&k, 127000) < 0.26);
	kappa_add(&k, 0, 0, 131000);
	assert_true(renew(&k, 131000) == 1);
	/* a report from before the window does not count */
	kappa_add(&k, 1e6, 4e6, 100000);
	assert_true(renew(&k, 131000) == 1);
}

static void test_the_window_follows_the_renew_interval(void **state)
{
	struct kappa k = {.since_ms = 0};

	(void)state;
	kappa_renew(&k, 30000, 1, 100000);
	kappa_add(&k, 1e6, 4e6, 100000);
	kappa_add(&k, 0, 0, 210000); /* 4 T = 120 s */
	assert_true(kappa_renew(&k, 30000, 1, 210000) < 0.26);
	/* a shorter one: what is known stays, and goes after the new window */
	assert_true(kappa_renew(&k, 1000, 1, 210000) < 0.26);
	kappa_add(&k, 0, 0, 241000);
	assert_true(kappa_renew(&k, 1000, 1, 241000) == 1);
}

static void test_a_pair_from_before_the_first_demand_is_not_known(void **state)
{
	struct kappa k = {.since_ms = 0};

	(void)state;
	assert_false(kappa_knows(&k, 5000));
	kappa_renew(&k, 5000, 0, 5000);
	assert_false(kappa_knows(&k, 5000));
	kappa_renew(&k, 5000, 1, 6000);
	assert_false(kappa_knows(&k, 5999));
	assert_true(kappa_knows(&k, 6000));
}

static void test_services_have_their_own(void **state)
{
	struct kappa_table *table = mem_alloc(sizeof(*table));
	char name[] = "s00";
	struct kappa *first = kappa_of(table, SV("s00")), *other;

	(void)state;
	for (unsigned i = 1; i < KAPPA_SERVICES; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		assert_ptr_not_equal(kappa_of(table, sv_str(name)), first);
	}
	assert_ptr_equal(kappa_of(table, SV("s00")), first);
	other = kappa_of(table, SV("one more"));
	assert_ptr_equal(kappa_of(table, SV("and another")), other);
	renew(other, 1000);
	assert_false(kappa_knows(other, 2000)); /* it stays at 1 */
	mem_free(table);
}

static void test_saved_sums_give_the_same_kappa(void **state)
{
	struct kappa k = {.since_ms = 0}, restored = {.since_ms = 0};
	struct kappa_sums sums;

	(void)state;
	renew(&k, 1000);
	kappa_add(&k, 1e5, 3e5, 5000);
	kappa_add(&k, 1e5, 3e5, 15000);
	sums = kappa_total(&k);
	kappa_restore(&restored, &sums, 777000);
	assert_true(renew(&restored, 777000) == renew(&k, 15000));
	kappa_add(&restored, 0, 0, 777000 + 31000);
	assert_true(renew(&restored, 777000 + 31000) == 1);
}

/* -- the closed loop ----------------------------------------------------- */

#define LOOP_NODES 12 /* on three sites */
#define RATE_PER_S 20000.0
#define REPORT_LAG 700 /* ms, from a node's reading to ours */

struct loop {
	struct world w;
	uint16_t cell[2];
	int64_t renew_ms;
	double factor; /* estimated / true demand */
	double conns[LOOP_NODES], accepts[LOOP_NODES], connecting;
	struct feed_load reading[LOOP_NODES]; /* on its way */
	double kappa;
	struct snapshot *snap;
};

static void node_id(char *id, unsigned i)
{
	id[0] = 'n';
	id[1] = (char)('a' + i);
	id[2] = '\0';
}

static void loop_estimate(struct loop *l, double factor)
{
	l->factor = factor;
	world_demand(&l->w, "im", l->cell[0], RATE_PER_S * 0.7 * factor);
	world_demand(&l->w, "im", l->cell[1], RATE_PER_S * 0.3 * factor);
}

static void loop_init(struct loop *l, int64_t renew_ms, double factor)
{
	static const char *const regions[] = {"a", "b", "c"};
	char id[3];

	memset(l, 0, sizeof(*l));
	world_init(&l->w);
	l->w.policy.renew_ms = l->renew_ms = renew_ms;
	l->w.policy.session_tau_s = 600;
	l->cell[0] = world_cell(&l->w, 0, 0);
	l->cell[1] = world_cell(&l->w, 0, 20);
	l->connecting = 1;
	for (unsigned i = 0; i < LOOP_NODES; i++) {
		node_id(id, i);
		world_put(&l->w, &(struct world_node){
					 .id = id,
					 .region = regions[i / 4],
					 .lon = i / 4 * 10,
					 .capacity = 2000000,
					 .load_age_ms = -1,
				 });
		l->reading[i].age_ms = -1;
		l->accepts[i] = 1000;
	}
	loop_estimate(l, factor);
}

static void loop_fini(struct loop *l)
{
	snapshot_free(l->snap);
	world_fini(&l->w);
}

/* @dt_s of clients by the snapshot in force. */
static void loop_clients(struct loop *l, double dt_s)
{
	static const double part[2] = {0.7, 0.3};
	const struct snapshot_service *service = &l->snap->services[0];
	double site_rate[3] = {0}, before, share;

	for (unsigned c = 0; c < 2; c++) {
		const struct snapshot_cell *cell = &service->cells[l->cell[c]];

		before = 0;
		for (unsigned j = 0; j < cell->candidate_count; j++) {
			share = cell->cumulative[j] / 4294967295.0;
			site_rate[cell->site[j]] +=
				RATE_PER_S * part[c] * (share - before);
			before = share;
		}
	}
	for (unsigned i = 0; i < LOOP_NODES; i++) {
		double come = site_rate[i / 4] * service->nodes[i].weight *
			      l->connecting * dt_s;

		l->conns[i] += come - l->conns[i] * dt_s / 600;
		l->accepts[i] += come;
	}
}

/* Nodes read their counters at times spread over the interval; the reading
 * arrives REPORT_LAG later and says so. */
static void loop_reports(struct loop *l)
{
	for (unsigned i = 0; i < LOOP_NODES; i++) {
		int64_t phase_ms = l->renew_ms * i / LOOP_NODES / 100 * 100;
		int64_t at_ms = (l->w.now_ms - phase_ms) % l->renew_ms;

		if (at_ms == 0) {
			node_id(l->reading[i].id, i);
			l->reading[i].conns = (uint32_t)l->conns[i];
			l->reading[i].accepts_total = (uint64_t)l->accepts[i];
			l->reading[i].age_ms = REPORT_LAG;
		} else if (at_ms == REPORT_LAG && l->reading[i].age_ms >= 0) {
			fleet_load(l->w.fleet, &l->reading[i], l->w.now_ms);
		}
	}
}

static void loop_build(struct loop *l)
{
	snapshot_free(l->snap);
	l->snap = world_build(&l->w);
	l->kappa = l->snap->services[0].kappa;
}

static void loop_second(struct loop *l)
{
	if (!l->snap)
		loop_build(l);
	for (unsigned i = 0; i < 10; i++) {
		l->w.now_ms += 100;
		loop_clients(l, 0.1);
		loop_reports(l);
	}
	loop_build(l);
}

/* What a full window gives: the prior pulls a little towards 1. */
static double wanted(const struct loop *l)
{
	double adds = RATE_PER_S * fmax(30, (double)l->renew_ms / 250);

	return (adds * l->connecting + KAPPA_PRIOR) /
	       (adds * l->factor + KAPPA_PRIOR);
}

/* Run for @seconds; from @settled_s on kappa is within 4 % of what it should
 * be. On the way there it never turns back by more than 2 % and never goes
 * past by more than 4 %. */
static void loop_expect(struct loop *l, unsigned seconds, unsigned settled_s)
{
	double want = wanted(l), best = INFINITY;
	double from = l->kappa > 0 ? l->kappa : 1;

	for (unsigned t = 1; t <= seconds; t++) {
		double off;

		loop_second(l);
		off = fabs(log(l->kappa / want));
		assert_true(l->kappa >= fmin(from, want) * 0.96);
		assert_true(l->kappa <= fmax(from, want) * 1.04);
		assert_true(off <= best + 0.02);
		best = fmin(best, off);
		if (t >= settled_s)
			assert_true(NEAR(l->kappa, want, 0.04));
	}
	print_message("T %d s, estimate x%.2f: kappa %.3f, want %.3f\n",
		      (int)(l->renew_ms / 1000), l->factor, l->kappa, want);
}

static void test_wrong_estimates_converge(void **state)
{
	static const int64_t renews_ms[] = {1000, 5000, 10000, 30000};
	static const double factors[] = {0.25, 0.5, 1, 2, 4};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(renews_ms); i++)
		for (size_t j = 0; j < ARRAY_LEN(factors); j++) {
			unsigned window_s =
				(unsigned)fmax(30, renews_ms[i] / 250.0);
			struct loop l;

			loop_init(&l, renews_ms[i], factors[j]);
			loop_expect(&l, 4 * window_s, window_s);
			loop_fini(&l);
		}
}

/* The estimate becomes wrong the other way round: one window and one renewal
 * later kappa is there, and it does not swing. */
static void test_a_sudden_change_of_the_estimate(void **state)
{
	struct loop l;

	(void)state;
	loop_init(&l, 5000, 4);
	loop_expect(&l, 60, 40);
	loop_estimate(&l, 0.25);
	loop_expect(&l, 120, 40);
	loop_fini(&l);
}

static void test_queries_that_never_connect(void **state)
{
	struct loop l;

	(void)state;
	loop_init(&l, 5000, 1);
	l.connecting = 0.5;
	loop_expect(&l, 120, 40);
	loop_fini(&l);
}

/* Demand * kappa is what the waterfall goes by: wrong estimates end in the
 * same picture. */
static void test_the_waterfall_sees_the_true_demand(void **state)
{
	struct loop l;

	(void)state;
	loop_init(&l, 5000, 4);
	loop_expect(&l, 60, 40);
	assert_true(NEAR(l.snap->services[0].demand_per_s, RATE_PER_S, 0.04));
	loop_fini(&l);
}

/* A saved state after which nothing was predicted: its nodes' first pairs
 * reach back to before this process and must not count. */
static void test_a_restart_does_not_count_what_it_did_not_see(void **state)
{
	struct loop l;

	(void)state;
	loop_init(&l, 5000, 1);
	for (unsigned i = 0; i < LOOP_NODES; i++) {
		struct feed_load load = {
			.conns = 10, .accepts_total = 1000, .age_ms = 600000};

		node_id(load.id, i);
		fleet_load(l.w.fleet, &load, l.w.now_ms);
		l.accepts[i] = 1e7;
	}
	loop_expect(&l, 60, 1);
	loop_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_ratio),
		cmocka_unit_test(test_the_window_moves_with_reports),
		cmocka_unit_test(test_the_window_follows_the_renew_interval),
		cmocka_unit_test(
			test_a_pair_from_before_the_first_demand_is_not_known),
		cmocka_unit_test(test_services_have_their_own),
		cmocka_unit_test(test_saved_sums_give_the_same_kappa),
		cmocka_unit_test(test_wrong_estimates_converge),
		cmocka_unit_test(test_a_sudden_change_of_the_estimate),
		cmocka_unit_test(test_queries_that_never_connect),
		cmocka_unit_test(test_the_waterfall_sees_the_true_demand),
		cmocka_unit_test(
			test_a_restart_does_not_count_what_it_did_not_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
